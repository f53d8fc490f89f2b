import ArgumentParser
import Commands

PatternAlarm.main()

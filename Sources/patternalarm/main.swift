import Commands

PatternAlarm.runAndExit()

import Commands

await PatternAlarm.runAndExit()

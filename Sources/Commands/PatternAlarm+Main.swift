import ArgumentParser
import Foundation

extension PatternAlarm {
    /// Runs the command line and ends the process with the exit code that is documented for what happened.
    public static func runAndExit() -> Never {
        // A reader that has gone away is an error of the write, not the death of the program.
        signal(SIGPIPE, SIG_IGN)
        // Swift reads the arguments from a file of the system, and takes a failure for none: that is no call without a verb.
        guard !CommandLine.arguments.isEmpty else {
            Output.talk("cannot read /proc/self/cmdline for the arguments: too many files are open, or it is not there")
            Foundation.exit(ExitStatus.storage.rawValue)
        }
        do {
            var command = try parseAsRoot()
            try command.run()
            Foundation.exit(ExitStatus.fine.rawValue)
        } catch {
            let code = exitCode(for: error)
            // The library has its own code for a wrong call; ours is 2, as of most tools.
            guard code == .validationFailure else { exit(withError: error) }
            Output.talk(fullMessage(for: error))
            Foundation.exit(ExitStatus.usage.rawValue)
        }
    }
}

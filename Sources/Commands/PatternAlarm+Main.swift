import ArgumentParser
import Base
import Console
import Dispatch
import Foundation

extension PatternAlarm {
    /// Runs the command line and ends the process with the exit code that is documented for what happened.
    ///
    /// Called on the main thread, which is the only one until a command makes others.
    public static func runAndExit() -> Never {
        // A reader that has gone away is an error of the write, not the death of the program.
        signal(SIGPIPE, SIG_IGN)
        // Swift reads the arguments from a file of the system, and takes a failure for none: that is no call without a verb.
        guard !CommandLine.arguments.isEmpty else {
            Output.talk("cannot read /proc/self/cmdline for the arguments: too many files are open, or it is not there")
            Foundation.exit(ExitStatus.storage.rawValue)
        }
        requireText()
        requireDescriptors()
        var command: any ParsableCommand
        do {
            command = try parseAsRoot()
            if var prepared = command as? any PreparedCommand & ParsableCommand {
                try prepared.prepare()
                command = prepared
            }
            guard command is any AsyncParsableCommand else {
                try command.run()
                Foundation.exit(ExitStatus.fine.rawValue)
            }
        } catch {
            end(error)
        }
        let handed = Handed(command: command)
        Task {
            do {
                if var command = handed.command as? any AsyncParsableCommand { try await command.run() }
                Foundation.exit(ExitStatus.fine.rawValue)
            } catch {
                end(error)
            }
        }
        dispatchMain()
    }

    /// Swift puts other letters in the place of bytes that are no UTF-8: another file would be opened, or made, than was named.
    private static func requireText() {
        for index in 0..<Int(CommandLine.argc) {
            guard let argument = CommandLine.unsafeArgv[index], String(validatingCString: argument) == nil else {
                continue
            }
            Output.talk(
                "\(shellWord(Array(UnsafeRawBufferPointer(start: argument, count: strlen(argument))))) is not UTF-8 text: rename "
                    + "what has this name, or give it another one: ln -s"
            )
            Foundation.exit(ExitStatus.usage.rawValue)
        }
    }

    /// A command on its way to the task that runs it: the main thread does not touch it again.
    private struct Handed: @unchecked Sendable {
        let command: any ParsableCommand
    }

    private static func end(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        let message = fullMessage(for: error)
        // Help is what was asked for; anything else may quote what somebody has typed.
        if !message.isEmpty { code.isSuccess ? Output.data(message + "\n") : Output.talk(message) }
        // The library has its own code for a wrong call; ours is 2, as of most tools.
        Foundation.exit(code == .validationFailure ? ExitStatus.usage.rawValue : code.rawValue)
    }

    /// The files that may be open at once, at least: fewer would fail somewhere in the middle, in a library perhaps.
    private static let descriptorsMin: rlim_t = 16
    /// As many as are asked for, if the system allows it.
    private static let descriptorsWanted: rlim_t = 256

    private static func requireDescriptors() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        if limit.rlim_cur < descriptorsWanted, limit.rlim_max > limit.rlim_cur {
            limit.rlim_cur = min(limit.rlim_max, descriptorsWanted)
            // A refusal leaves the limit as it is, which is looked at next.
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        guard limit.rlim_cur < descriptorsMin else { return }
        Output.talk(
            "only \(limit.rlim_cur) files may be open, \(descriptorsMin) are needed: raise the limit (ulimit -n)"
        )
        Foundation.exit(ExitStatus.storage.rawValue)
    }
}

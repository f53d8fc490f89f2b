import ArgumentParser

/// Why a command ends, in words a person can act on, with the exit code that says which kind it is.
enum CommandError: Error {
    /// Bad pipeline, rules or model.
    case plan(String)
    /// The input cannot be read, or holds too many bad events.
    case input(String)
    case storage(String)
    /// The data directory is in use.
    case inUse(String)
    case damaged(String)
    case usage(String)
    /// Stopped by Ctrl-C after a clean end.
    case interrupted(String)
    /// The asked-for finding.
    case finding(String)

    var status: ExitStatus {
        switch self {
        case .plan: .badPlan
        case .input: .badInput
        case .storage: .storage
        case .inUse: .inUse
        case .damaged: .damaged
        case .usage: .usage
        case .interrupted: .interrupted
        case .finding: .finding
        }
    }

    var words: String {
        switch self {
        case .plan(let words), .input(let words), .storage(let words), .inUse(let words), .damaged(let words),
            .usage(let words), .interrupted(let words), .finding(let words):
            words
        }
    }

    /// Runs a command's body: says what went wrong on standard error and ends with the exit code.
    static func reporting(_ body: () throws(CommandError) -> Void) throws {
        do throws(CommandError) {
            try body()
        } catch {
            Output.talk(error.words)
            throw ExitCode(error.status.rawValue)
        }
    }
}

import ArgumentParser

/// Why a command ends, in words a person can act on, with the exit code that says which kind it is.
public enum CommandError: Error {
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

    public var status: ExitStatus {
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

    public var words: String {
        switch self {
        case .plan(let words), .input(let words), .storage(let words), .inUse(let words), .damaged(let words),
            .usage(let words), .interrupted(let words), .finding(let words):
            words
        }
    }

    /// Runs a part of a command: says what went wrong on standard error and ends with the exit code.
    public static func ending<Result>(_ body: () throws(CommandError) -> Result) throws -> Result {
        do throws(CommandError) {
            return try body()
        } catch {
            Output.talk(error.words)
            throw ExitCode(error.status.rawValue)
        }
    }

    /// Runs a command's body.
    public static func reporting(_ body: () throws(CommandError) -> Void) throws { try ending(body) }
}

/// What went wrong in a room below, which a command can end with.
public protocol CommandFailure: Error {
    /// The same in words for a person, with the exit code of its kind.
    var commandError: CommandError { get }
}

extension CommandError {
    /// Runs calls of the rooms below, whose errors become the command's.
    public static func running<Result, Failure: CommandFailure>(
        _ body: () throws(Failure) -> Result
    ) throws(CommandError) -> Result {
        do throws(Failure) { return try body() } catch { throw error.commandError }
    }

    /// What a command ends with because of an error below.
    public init(_ error: some CommandFailure) { self = error.commandError }
}

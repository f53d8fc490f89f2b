public import AlertStore
import ArgumentParser
public import Engine
public import EventLog
public import FileStore
public import Runtime

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

extension CommandError {
    /// Runs calls of a data directory, whose errors become the command's.
    public static func running<Result>(_ body: () throws(RuntimeError) -> Result) throws(CommandError) -> Result {
        do throws(RuntimeError) { return try body() } catch { throw CommandError(error) }
    }

    /// Runs calls of the alerts file, whose errors become the command's.
    public static func storing<Result>(_ body: () throws(AlertStoreError) -> Result) throws(CommandError) -> Result {
        do throws(AlertStoreError) { return try body() } catch { throw CommandError(error) }
    }

    /// What went wrong in a data directory, with the exit code of its kind.
    public init(_ error: RuntimeError) {
        switch error {
        case .inUse(let words): self = .inUse(words)
        case .storage(let words): self = .storage(words)
        case .noRoom(let error): self = .storage(error.description)
        case .damaged(let words): self = .damaged(words)
        case .plan(let words): self = .plan(words)
        case .recording(let error): self = CommandError(error)
        }
    }

    /// What the disk said.
    public init(_ error: FileError) { self.init(RuntimeError(error)) }

    /// What went wrong in a partition.
    public init(_ error: RunnerError) { self.init(RuntimeError(error)) }

    /// What went wrong in the log.
    public init(_ error: LogError) { self.init(RuntimeError(error)) }

    /// What went wrong in the alerts file.
    public init(_ error: AlertStoreError) { self.init(RuntimeError(error)) }
}

import Activations
import AlertStore
import EventLog
import FileStore
import Partition
public import Runtime

/// What is wrong with a data directory that is looked after, and why nothing can be done for it.
public enum UpkeepError: Error, Sendable, CustomStringConvertible {
    case runtime(RuntimeError)
    /// The alerts were made with another pipeline or model.
    case otherPipeline(String)
    /// The alerts are not what the log gives.
    case differs(String)

    public var description: String {
        switch self {
        case .runtime(let error): error.description
        case .otherPipeline(let words), .differs(let words): words
        }
    }

    static func storage(_ words: String) -> UpkeepError { .runtime(.storage(words)) }

    static func damaged(_ words: String) -> UpkeepError { .runtime(.damaged(words)) }

    /// Runs calls of the alerts file.
    static func storing<Result>(_ body: () throws(AlertStoreError) -> Result) throws(UpkeepError) -> Result {
        do throws(AlertStoreError) { return try body() } catch { throw UpkeepError(error) }
    }

    init(_ error: FileError) { self = .runtime(RuntimeError(error)) }

    init(_ error: RunnerError) { self = .runtime(RuntimeError(error)) }

    init(_ error: LogError) { self = .runtime(RuntimeError(error)) }

    init(_ error: AlertStoreError) { self = .runtime(RuntimeError(error)) }

    init(_ error: ActivationError) {
        switch error {
        case .file(let error): self.init(error)
        case .log(let error): self.init(error)
        default: self = error.isDamage ? .damaged(error.description) : .storage(error.description)
        }
    }
}

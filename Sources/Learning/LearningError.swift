public import AlertStore
import Recordings
import Tables

/// Why nothing was learned, judged or loaded, in words that a person can act on.
public enum LearningError: Error, Sendable, CustomStringConvertible {
    /// The pipeline or the model cannot be used.
    case plan(String)
    /// The events or rows are none to learn from or to judge by.
    case input(String)
    case storage(String)
    /// What is asked for is not in the pipeline, or does not go together.
    case request(String)
    case alerts(AlertStoreError)

    public var description: String {
        switch self {
        case .plan(let words), .input(let words), .storage(let words), .request(let words): words
        case .alerts(let error): error.description
        }
    }

    init(_ error: TableError) {
        switch error {
        case .unreadable(let words): self = .input(words)
        case .unwritable(let words): self = .storage(words)
        }
    }

    init(_ error: RecordingError) { self = .input(error.description) }

    /// Runs calls that read recordings, whose errors become the learning's.
    static func reading<Result>(_ body: () throws(RecordingError) -> Result) throws(LearningError) -> Result {
        do throws(RecordingError) { return try body() } catch { throw LearningError(error) }
    }

    /// Runs calls of a table, whose errors become the learning's.
    static func tabling<Result>(_ body: () throws(TableError) -> Result) throws(LearningError) -> Result {
        do throws(TableError) { return try body() } catch { throw LearningError(error) }
    }

    /// Runs calls of the alerts file.
    static func storing<Result>(_ body: () throws(AlertStoreError) -> Result) throws(LearningError) -> Result {
        do throws(AlertStoreError) { return try body() } catch { throw .alerts(error) }
    }
}

public import Activations
public import AlertStore
import Engine
public import EventLog
public import FileStore
import Partition
public import Recordings
import StateStore

/// Why a data directory cannot be opened or goes no further; the words say what a person can do.
public enum RuntimeError: Error, Sendable, CustomStringConvertible {
    /// Another process is writing to the directory.
    case inUse(String)
    /// Files cannot be read or written, or do not fit the pipeline.
    case storage(String)
    /// There is no room for more, on the disk or in the table of open files; nothing is lost, and the same call may
    /// succeed later.
    case noRoom(RunnerError)
    /// Acknowledged data is damaged.
    case damaged(String)
    /// The pipeline and the model do not fit each other.
    case plan(String)
    /// What is named is not what is in force, and there is people's work that a rebuild would undo.
    case changed(String)
    /// Whether an activation counts is not known: no event may be judged until the directory is opened again.
    case inDoubt(String)
    /// A recording cannot be read; what was read before has been taken.
    case recording(RecordingError)

    public var description: String {
        switch self {
        case .inUse(let words), .storage(let words), .damaged(let words), .plan(let words), .changed(let words),
            .inDoubt(let words):
            words
        case .noRoom(let error): error.description
        case .recording(let error): error.description
        }
    }

    /// Runs calls that read recordings.
    static func reading<Result>(_ body: () throws(RecordingError) -> Result) throws(RuntimeError) -> Result {
        do throws(RecordingError) { return try body() } catch { throw .recording(error) }
    }
}

extension RuntimeError {
    /// What stops a partition.
    public init(_ error: RunnerError) {
        switch error {
        case .log(.noRoom): self = .noRoom(error)
        case .log(let error): self.init(error)
        case .state(.damaged(let file, let words)), .unread(.damaged(let file, let words)):
            self = .damaged(StateError.damaged(file: file, words: words).description)
        case .state(.file(let error)), .unread(.file(let error)): self.init(error)
        case .state(let error), .unread(let error): self = .storage(error.description)
        case .stateGone, .ahead: self = .damaged(error.description)
        case .engine(let error): self = .plan(error.description)
        case .gone: self = .storage(error.description)
        case .sink(let error as AlertStoreError), .sinkBusy(let error as AlertStoreError): self.init(error)
        case .sink(let error), .sinkBusy(let error): self = .storage("\(error)")
        }
    }

    /// What the log says.
    public init(_ error: LogError) {
        switch error {
        case .damaged, .damagedOffsets, .damagedManifest: self = .damaged(error.description)
        case .file(let error): self.init(error)
        default: self = .storage(error.description)
        }
    }

    /// What the activations say.
    public init(_ error: ActivationError) {
        switch error {
        case _ where error.isDamage: self = .damaged(error.description)
        case .file(let error): self.init(error)
        case .log(let error): self.init(error)
        case .refused: self = .plan(error.description)
        case .inDoubt: self = .inDoubt(error.description)
        default: self = .storage(error.description)
        }
    }

    /// Runs calls of the activations.
    static func activating<Result>(_ body: () throws(ActivationError) -> Result) throws(RuntimeError) -> Result {
        do throws(ActivationError) { return try body() } catch { throw RuntimeError(error) }
    }

    /// What the disk says. Something else in a file's place is damage: what was there is not.
    public init(_ error: FileError) {
        self = error.isMisfit ? .damaged(error.description) : .storage(error.description)
    }

    /// What the alerts file says.
    public init(_ error: AlertStoreError) {
        switch error {
        case .damaged: self = .damaged(error.description)
        default: self = .storage(error.description)
        }
    }

    /// Why the directory cannot be taken.
    public init(_ error: DirectoryLock.Failure) {
        switch error {
        case .heldBy: self = .inUse(error.description)
        case .file(let error): self.init(error)
        }
    }
}

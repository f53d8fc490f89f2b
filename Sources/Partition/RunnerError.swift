public import Engine
public import EventLog
public import StateStore

/// What stops a partition. All that was acknowledged before is kept; opening the data directory again recovers it.
public enum RunnerError: Error, CustomStringConvertible {
    case log(LogError)
    /// A checkpoint cannot be read, or cannot be written where state must be given up to it.
    case state(StateError)
    /// State that was given up to disk cannot be read: events were processed without it.
    case unread(StateError)
    case engine(EngineError)
    /// The log no longer has the events before an offset, no checkpoint has their state, and alerts were made with it.
    case stateGone(partition: Int, start: Int64)
    /// An activation holds from an offset that the log does not reach.
    case ahead(partition: Int, activation: Int, offset: Int64, end: Int64)
    /// Events that were to be read are no longer in the log.
    case gone(directory: String, offset: Int64, next: Int64)
    /// The sink refused a transaction; the error is its own.
    case sink(any Error)
    /// The sink cannot write now: somebody else is at it, or it has no room. Nothing is lost and the partition may go
    /// on: the transaction is tried again by ``PartitionRunner/commit()``.
    case sinkBusy(any Error)

    public var description: String {
        switch self {
        case .log(let error): error.description
        case .state(let error), .unread(let error): error.description
        case .engine(let error): error.description
        case .stateGone(let partition, let start):
            "partition \(partition): the log begins at offset \(start), and there is no checkpoint that holds what the events before it "
                + "have left behind (windows, sequences, open alerts): alerts would be made that never were. Put the folder "
                + "`state` back from a backup (`patternalarm restore`), or accept it with --from-checkpoint none: then windows "
                + "begin without those events"
        case .ahead(let partition, let activation, let offset, let end):
            "partition \(partition): activation \(activation) holds from offset \(offset) on, and the log ends at \(end): its last "
                + "events are gone. Put the folder `log` back from a backup (`patternalarm restore`)"
        case .gone(let directory, let offset, let next):
            "the events from offset \(offset) to \(next - 1) of \(directory) are no longer there: they were removed meanwhile "
                + "(log retain); run the same command again"
        case .sink(let error), .sinkBusy(let error): "\(error)"
        }
    }
}

extension RunnerError {
    /// Whether nothing is lost, the partition may go on, and the same call may succeed later by itself.
    public var passes: Bool {
        switch self {
        case .sinkBusy: true
        case .log(let error): error.passes
        case .state(let error): error.passes
        default: false
        }
    }

    init(_ error: SinkError) {
        switch error {
        case .busy(let error): self = .sinkBusy(error)
        case .failed(let error): self = .sink(error)
        }
    }
}

/// Runs calls of the log, whose errors become the runner's.
func logging<Result>(_ body: () throws(LogError) -> Result) throws(RunnerError) -> Result {
    do throws(LogError) { return try body() } catch { throw .log(error) }
}

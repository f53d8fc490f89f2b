import Synchronization

/// How a running data directory is, as of a moment.
public struct LiveStatus: Sendable {
    public struct Partition: Sendable {
        public var endOffset: Int64 = 0
        public var committedOffset: Int64 = 0
        /// Keys of windows in memory, and how many were given up to disk so far.
        public var keys = 0
        public var spilled = 0
        /// Since the last checkpoint was on disk, nanoseconds; nil before the first.
        public var checkpointAge: Int64?
        /// Why the last checkpoint could not be written.
        public var checkpointFailure: String?

        /// Events that are in the log, and whose alerts are not in the alerts file yet.
        public var lag: Int64 { endOffset - committedOffset }
    }

    public var partitions: [Partition]
    /// Bytes and submissions that wait to be decoded, and how many bytes may.
    public var queue: (bytes: Int, count: Int, limit: Int)
    /// What stopped everything.
    public var failure: String?
    /// How long the alerts file cannot be written, and why; nil while it can.
    public var alertsWait: (seconds: Double, why: String)?
    /// How long the log has had no room for more, and why; nil while it has.
    public var logWait: (seconds: Double, why: String)?
    /// Why the pipeline file that is watched is not in force; nil if it is, or if none is watched.
    public var watchFailure: String?
}

/// What the parts tell of themselves.
final class LiveHealth: Sendable {
    private struct State {
        var partitions: [LiveStatus.Partition]
        var failure: String?
        var watchFailure: String?
    }

    private let state: Mutex<State>

    init(partitions: Int) {
        state = Mutex(State(partitions: Array(repeating: LiveStatus.Partition(), count: partitions)))
    }

    var failure: String? { state.withLock { $0.failure } }
    var partitions: [LiveStatus.Partition] { state.withLock { $0.partitions } }

    /// What is wrong with the pipeline file that is watched.
    var watchFailure: String? {
        get { state.withLock { $0.watchFailure } }
        set { state.withLock { $0.watchFailure = newValue } }
    }

    /// The first failure counts.
    func fail(_ error: RuntimeError) { state.withLock { $0.failure = $0.failure ?? error.description } }

    func update(_ partition: Int, _ body: (inout LiveStatus.Partition) -> Void) {
        state.withLock { body(&$0.partitions[partition]) }
    }
}

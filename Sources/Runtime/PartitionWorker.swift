public import Engine
public import Plan

/// When a partition commits and makes checkpoints: by events and by the clock, which the runner does not know.
public struct CommitPolicy: Sendable {
    /// A checkpoint after so many events…
    public var checkpointEvents = 200_000
    /// … or after this time, whichever comes first.
    public var checkpointPause = Duration.seconds(10)
    /// The longest that a finished event waits for its transaction, if that costs little.
    public var commitPause = Duration.seconds(1)
    public var commitEvents = 1 << 20
    /// How long the log may go without a sync between two commits; zero = none, nil = until the commit.
    public var syncPause: Duration?

    public init() {}
}

/// Drives one partition's runner. Used by one thread at a time.
public final class PartitionWorker: @unchecked Sendable {
    // Handed from the opening thread to the partition's own thread and back; never used by two at once.
    public let runner: PartitionRunner
    private let policy: CommitPolicy
    private var lastCommit = ContinuousClock.now
    private var lastCheckpoint = ContinuousClock.now
    private var lastSync = ContinuousClock.now
    /// How long to collect before the next transaction: at least ten times what the last one took, so that writing never
    /// takes more than a tenth of the time.
    private var pause: Duration

    init(_ runner: PartitionRunner, policy: CommitPolicy) {
        self.runner = runner
        self.policy = policy
        pause = policy.commitPause
    }

    public var partition: Int { runner.partition }

    /// Takes this partition's share of a piece of a recording, and does what is due.
    ///
    /// - Parameters:
    ///   - batch: decoded events, of all partitions.
    ///   - rows: positions in the batch of this partition's events, ascending.
    ///   - line: the recording's line of each row of the batch.
    ///   - mark: the recording, and how far it has been read behind the batch.
    /// - Returns: how many events that were.
    /// - Throws: ``RuntimeError``
    public func take(
        _ batch: ColumnBatch,
        rows: [Int32],
        line: (Int32) -> Int,
        mark: SourceMark
    ) throws(RuntimeError) -> Int {
        var taken = 0
        try reporting { () throws(RunnerError) in
            taken = try runner.take(batch, rows: rows, line: line, mark: mark)
        }
        try tick()
        return taken
    }

    /// Syncs, commits, or makes a checkpoint, if it is time.
    public func tick() throws(RuntimeError) {
        if let pause = policy.syncPause, lastSync.duration(to: .now) >= pause {
            try sync()
            lastSync = .now
        }
        if runner.eventsSinceCheckpoint >= policy.checkpointEvents
            || runner.eventsSinceCheckpoint > 0 && lastCheckpoint.duration(to: .now) > policy.checkpointPause
        {
            try reporting { () throws(RunnerError) in
                if try runner.beginCheckpoint() { lastCheckpoint = .now }
            }
        }
        guard runner.uncommittedCount > 0 else { return }
        if runner.uncommittedCount >= policy.commitEvents || lastCommit.duration(to: .now) > pause { try commit() }
    }

    private func commit() throws(RuntimeError) {
        let start = ContinuousClock.now
        try reporting { () throws(RunnerError) in try runner.commit() }
        lastCommit = .now
        pause = max(policy.commitPause, start.duration(to: lastCommit) * 10)
    }

    public func sync() throws(RuntimeError) { try reporting { () throws(RunnerError) in try runner.syncLog() } }

    /// Commits everything and makes a last checkpoint, so that the next run starts where this one ended.
    func close() throws(RuntimeError) {
        try reporting { () throws(RunnerError) in
            runner.finishCheckpoint()
            runner.checkpointProgress.waitUntilDone()
            try runner.beginCheckpoint()
            runner.finishCheckpoint()
            try runner.close()
        }
    }

    private func reporting(_ body: () throws(RunnerError) -> Void) throws(RuntimeError) {
        do throws(RunnerError) { try body() } catch { throw RuntimeError(error) }
    }
}

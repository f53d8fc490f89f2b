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
    private let wait: AlertsWait
    /// When a busy alerts file is tried again; nil while it is not busy.
    private var nextTry: ContinuousClock.Instant?
    /// How long to collect before the next transaction: at least ten times what the last one took, so that writing never
    /// takes more than a tenth of the time.
    private var pause: Duration

    init(_ runner: PartitionRunner, policy: CommitPolicy, wait: AlertsWait) {
        self.runner = runner
        self.policy = policy
        self.wait = wait
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
        try makeRoom()
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
        if runner.uncommittedCount >= policy.commitEvents || runner.isFull || lastCommit.duration(to: .now) > pause {
            try commit()
        }
    }

    /// Writes what has been found, unless another program is at the alerts file: then it is tried again in a while.
    ///
    /// - Returns: Whether it is written.
    /// - Throws: ``RuntimeError``
    @discardableResult
    public func commit() throws(RuntimeError) -> Bool {
        // The runner may have met it, too.
        if runner.isSinkBusy, nextTry == nil { waitAgain() }
        if let nextTry, nextTry > .now { return false }
        return try tryToCommit()
    }

    /// Waits until the partition may take more events; see ``Engine/PartitionRunner/mustCommit``.
    public func makeRoom() throws(RuntimeError) {
        while runner.mustCommit { try tryToCommit() }
    }

    /// A busy file is waited for here, by SQLite, for some time.
    @discardableResult
    private func tryToCommit() throws(RuntimeError) -> Bool {
        let start = ContinuousClock.now
        do throws(RunnerError) {
            try runner.commit()
        } catch {
            guard case .sinkBusy = error, wait.goesOn else { throw RuntimeError(error) }
            waitAgain()
            return false
        }
        if nextTry != nil { wait.ends(partition: partition) }
        nextTry = nil
        lastCommit = .now
        pause = max(policy.commitPause, start.duration(to: lastCommit) * 10)
        return true
    }

    private func waitAgain() {
        wait.begins(partition: partition)
        nextTry = .now + AlertsWait.pause
    }

    public func sync() throws(RuntimeError) { try reporting { () throws(RunnerError) in try runner.syncLog() } }

    /// Commits everything and makes a last checkpoint, so that the next run starts where this one ended.
    func close() throws(RuntimeError) {
        try reporting { () throws(RunnerError) in
            runner.finishCheckpoint()
            runner.checkpointProgress.waitUntilDone()
        }
        while try !tryToCommit() {}
        try reporting { () throws(RunnerError) in
            try runner.beginCheckpoint()
            runner.finishCheckpoint()
            try runner.close()
        }
    }

    private func reporting(_ body: () throws(RunnerError) -> Void) throws(RuntimeError) {
        do throws(RunnerError) { try body() } catch { throw RuntimeError(error) }
    }
}

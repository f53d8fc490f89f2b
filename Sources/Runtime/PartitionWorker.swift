import Foundation
public import Partition
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
    /// Whether no checkpoint is begun, because other definitions are about to come into force.
    var holdsCheckpoints = false
    private let policy: CommitPolicy
    private var lastCommit = ContinuousClock.now
    private var lastCheckpoint = ContinuousClock.now
    private var lastSync = ContinuousClock.now
    private let wait: OutsideWait
    /// When an alerts file that cannot be written now is tried again; nil while it can.
    private var nextTry: ContinuousClock.Instant?
    /// How long to collect before the next transaction: at least ten times what the last one took, so that writing
    /// never takes more than a tenth of the time.
    private var pause: Duration

    init(_ runner: PartitionRunner, policy: CommitPolicy, wait: OutsideWait) {
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
        if !holdsCheckpoints,
            runner.eventsSinceCheckpoint >= policy.checkpointEvents
                || runner.eventsSinceCheckpoint > 0 && lastCheckpoint.duration(to: .now) > policy.checkpointPause
        {
            try reporting { () throws(RunnerError) in
                if try runner.beginCheckpoint() { lastCheckpoint = .now }
            }
        }
        guard runner.hasUncommitted else { return }
        if runner.uncommittedCount >= policy.commitEvents || runner.isFull || isCommitDue(after: pause) {
            try commit()
        }
    }

    /// Whether something waits for a commit, and the last one, whoever asked for it, is longer ago than this.
    func isCommitDue(after pause: Duration) -> Bool {
        runner.hasUncommitted && lastCommit.duration(to: .now) > pause
    }

    /// Writes what has been found, unless the alerts file cannot be written now: then it is tried again in a while.
    ///
    /// - Returns: Whether it is written.
    /// - Throws: ``RuntimeError``
    @discardableResult
    public func commit() throws(RuntimeError) -> Bool {
        // The runner may have met it, too.
        if let error = runner.postponed, nextTry == nil {
            guard wait.goesOn(after: error) else { throw RuntimeError(error) }
            waitAgain(after: error)
        }
        if let nextTry, nextTry > .now { return false }
        return try tryToCommit()
    }

    /// Waits until the partition may take more events; see ``Partition/PartitionRunner/mustCommit`` and
    /// ``Partition/PartitionRunner/mustSpill``.
    public func makeRoom() throws(RuntimeError) {
        if runner.mustCommit { try commitAtLast() }
        guard let failure = runner.spillFailure else { return }
        guard wait.goesOn(after: .state(failure)) else { throw RuntimeError(.state(failure)) }
        while runner.mustSpill {
            Self.sleep()
            try reporting { () throws(RunnerError) in try runner.spillAgain() }
            guard wait.goesOn(after: .state(failure)) else { throw RuntimeError(.state(failure)) }
        }
    }

    private static func sleep() { Thread.sleep(forTimeInterval: OutsideWait.pause / .seconds(1)) }

    /// A file that another program holds is waited for here, by SQLite, for some time; one without room fails at once.
    @discardableResult
    private func tryToCommit() throws(RuntimeError) -> Bool {
        let start = ContinuousClock.now
        do throws(RunnerError) {
            try runner.commit()
        } catch {
            guard wait.goesOn(after: error) else { throw RuntimeError(error) }
            waitAgain(after: error)
            return false
        }
        if nextTry != nil { wait.ends(partition: partition) }
        nextTry = nil
        lastCommit = .now
        pause = max(policy.commitPause, start.duration(to: lastCommit) * 10)
        return true
    }

    private func waitAgain(after error: RunnerError) {
        wait.begins(partition: partition, after: error)
        nextTry = .now + OutsideWait.pause
    }

    /// Tries until it is written, or not waited for any longer.
    private func commitAtLast() throws(RuntimeError) {
        while try !tryToCommit() {
            if runner.postponed?.isWantOfRoom == true { Self.sleep() }
        }
    }

    /// Makes the events that were taken survive a power cut.
    public func sync() throws(RuntimeError) { try reporting { () throws(RunnerError) in try runner.syncLog() } }

    /// Commits everything and makes a last checkpoint, so that the next run starts where this one ended.
    func close() throws(RuntimeError) {
        try reporting { () throws(RunnerError) in
            runner.finishCheckpoint()
            runner.checkpointProgress.waitUntilDone()
        }
        try commitAtLast()
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

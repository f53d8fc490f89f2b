import AlertStore
import Engine
import EventLog
import Plan
import StateStore

/// When a partition commits and makes checkpoints: by events and by the clock, which the runner does not know.
struct CommitPolicy {
    /// A checkpoint after so many events…
    var checkpointEvents = 200_000
    /// … or after this time, whichever comes first.
    var checkpointPause = Duration.seconds(10)
    /// The longest that a finished event waits for its transaction, if that costs little.
    var commitPause = Duration.seconds(1)
    var commitEvents = 1 << 20
    /// How long the log may go without a sync between two commits; zero = none, nil = until the commit.
    var syncPause: Duration?
}

/// Drives one partition's runner. Used by one thread at a time.
final class PartitionWorker: @unchecked Sendable {
    // Handed from the opening thread to the partition's own thread and back; never used by two at once.
    let runner: PartitionRunner
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

    var partition: Int { runner.partition }

    /// Takes this partition's share of a chunk of the recording with that number.
    /// Returns how many events that were.
    func take(_ chunk: Chunk, input: Int, path: String) throws(CommandError) -> Int {
        let mark = SourceMark(input: input, position: chunk.end, path: path)
        var taken = 0
        try reporting { () throws(RunnerError) in
            taken = try runner.take(
                chunk.batch,
                rows: chunk.partitions[partition],
                line: { chunk.lines[Int($0)] },
                mark: mark
            )
        }
        try tick()
        return taken
    }

    /// Syncs, commits, or makes a checkpoint, if it is time.
    func tick() throws(CommandError) {
        if let pause = policy.syncPause, lastSync.duration(to: .now) >= pause {
            try sync()
            lastSync = .now
        }
        if runner.eventsSinceCheckpoint >= policy.checkpointEvents
            || runner.eventsSinceCheckpoint > 0 && lastCheckpoint.duration(to: .now) > policy.checkpointPause
        {
            try reporting { () throws(RunnerError) in
                if try runner.checkpoint() { lastCheckpoint = .now }
            }
        }
        guard runner.uncommittedCount > 0 else { return }
        if runner.uncommittedCount >= policy.commitEvents || lastCommit.duration(to: .now) > pause { try commit() }
    }

    private func commit() throws(CommandError) {
        let start = ContinuousClock.now
        try reporting { () throws(RunnerError) in try runner.commit() }
        lastCommit = .now
        pause = max(policy.commitPause, start.duration(to: lastCommit) * 10)
    }

    func sync() throws(CommandError) { try reporting { () throws(RunnerError) in try runner.syncLog() } }

    /// Commits everything and makes a last checkpoint, so that the next run starts where this one ended.
    func close() throws(CommandError) {
        try reporting { () throws(RunnerError) in
            runner.checkpointProgress.waitUntilDone()
            try runner.checkpoint()
            try runner.close()
        }
    }

    private func reporting(_ body: () throws(RunnerError) -> Void) throws(CommandError) {
        do throws(RunnerError) { try body() } catch { throw CommandError(error) }
    }
}

extension CommandError {
    init(_ error: RunnerError) {
        switch error {
        case .log(let error): self.init(error)
        case .state(.damaged(let file, let words)):
            self = .damaged(StateError.damaged(file: file, words: words).description)
        case .state(let error): self = .storage(error.description)
        case .engine(let error): self = .plan(error.description)
        case .sink(let error as AlertStoreError): self.init(error)
        case .sink(let error): self = .storage("\(error)")
        }
    }

    init(_ error: LogError) {
        switch error {
        case .damaged: self = .damaged(error.description)
        default: self = .storage(error.description)
        }
    }

    init(_ error: AlertStoreError) {
        switch error {
        case .damaged: self = .damaged(error.description)
        default: self = .storage(error.description)
        }
    }
}

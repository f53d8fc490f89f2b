import AlertStore
import Base
import Dispatch
import Engine
import EventLog
import Partition
import Synchronization

/// One partition at work: appends what comes, runs the engine, syncs, answers, and commits. Used by one thread.
///
/// While it syncs, more comes in; the next round takes all of it: the running sync is the batching window, and nothing
/// ever waits for a timer.
final class LivePartition: @unchecked Sendable {
    // Handed to its thread once; what others read is in `state`.
    let worker: PartitionWorker
    private let database: AlertDatabase
    private let queue: BoundedQueue<PartitionOrder>
    private let free: BoundedQueue<LiveChunk>
    private let underWay: LiveChunkCount
    private let instruments = LiveInstruments()
    private let feed: AlertFeed
    private let health: LiveHealth
    private let logWait: OutsideWait
    /// When the log's room is tried again; nil while it has some.
    private var nextTry: Int64?
    private let commitPause: Duration
    private let partition: Int

    /// Chunks that are taken between two syncs at most.
    private static let roundLimit = 16

    init(
        _ worker: PartitionWorker,
        database: AlertDatabase,
        queue: BoundedQueue<PartitionOrder>,
        free: BoundedQueue<LiveChunk>,
        underWay: LiveChunkCount,
        feed: AlertFeed,
        health: LiveHealth,
        logWait: OutsideWait,
        settings: LiveSettings
    ) {
        self.worker = worker
        self.database = database
        self.queue = queue
        self.free = free
        self.underWay = underWay
        self.feed = feed
        self.health = health
        self.logWait = logWait
        commitPause = .milliseconds(settings.commitMilliseconds)
        partition = worker.partition
        note()
    }

    /// Runs until the queue is closed.
    func run() {
        while true {
            // A checkpoint is copied on while nothing comes.
            let isCopying = worker.runner.isCopying
            switch queue.receive(within: isCopying ? .nanoseconds(0) : .milliseconds(100)) {
            case .closed:
                return
            case .timedOut where isCopying:
                worker.runner.continueCheckpoint()
            case .timedOut:
                attempt { () throws(RuntimeError) in try tick() }
                note()
            case .element(.visit(let body)):
                body(self)
                note()
            case .element(.chunk(let chunk)):
                take(chunk)
                note()
            }
        }
    }

    /// Takes a chunk, and those that wait behind it, together.
    private func take(_ chunk: LiveChunk) {
        attempt { () throws(RuntimeError) in try worker.makeRoom() }
        var round: [LiveChunk] = []
        attempt(for: chunk) { () throws(RunnerError) in try take(chunk, &round) }
        while round.count < Self.roundLimit, let next = queue.receiveIfAny() {
            guard case .chunk(let next) = next else {
                // It is behind what has been taken, and in front of what comes.
                finish(round)
                if case .visit(let body) = next { body(self) }
                return
            }
            attempt(for: next) { () throws(RunnerError) in try take(next, &round) }
        }
        finish(round)
    }

    /// What has stopped the engine, if anything has.
    var failure: String? { health.failure }

    /// Nothing more is done.
    func fail(_ error: RuntimeError) { health.fail(error) }

    /// Goes over to definitions that are in force, and tells the alerts file.
    func activate(_ engine: NextEngine) {
        attempt { () throws(RuntimeError) in
            try worker.activate(engine)
            try commit()
        }
    }

    private func take(_ chunk: LiveChunk, _ round: inout [LiveChunk]) throws(RunnerError) {
        let runner = worker.runner
        let rows = chunk.partitions[partition]
        if chunk.producers[partition] != nil, chunk.owners.contains(where: \.isRefused) {
            return release(chunk, .keyReused)
        }
        let start = MonotonicClock.now()
        let written: (base: LogOffset, isNew: Bool)
        do throws(RunnerError) {
            written = try runner.append(
                chunk.batch,
                rows: rows,
                from: chunk.producers[partition],
                judgedBy: chunk.clockLimit
            )
        } catch {
            // The key was used for other events; the log goes on.
            guard case .log(.outOfSequence) = error else { throw error }
            for owner in chunk.owners { owner.refuse() }
            return release(chunk, .keyReused)
        }
        if nextTry != nil { endWait() }
        let appended = MonotonicClock.now()
        instruments.appended(nanoseconds: appended - start)
        if written.isNew {
            feed.noteArrival(partition: partition, end: runner.endOffset, received: chunk.received)
            for owner in chunk.owners { owner.noteNew() }
            let refused = try runner.process(chunk.batch, rows: rows, from: written.base, isJudged: true)
            for refusal in refused { chunk.note(refusal.kind, row: rows[refusal.index]) }
            instruments.scored(nanoseconds: MonotonicClock.now() - appended, events: rows.count)
        } else {
            guard try runner.holds(chunk.batch, rows: rows, from: written.base) else {
                for owner in chunk.owners { owner.refuse() }
                return release(chunk, .keyReused)
            }
            guard try repeatAnswer(chunk, rows, from: written.base.rawValue) else { return release(chunk, .busy) }
        }
        round.append(chunk)
    }

    /// Says once more what became of events that the log has from an earlier delivery; false if that cannot be looked
    /// up now.
    private func repeatAnswer(_ chunk: LiveChunk, _ rows: [Int32], from base: Int64) throws(RunnerError) -> Bool {
        do throws(RunnerError) {
            try worker.runner.commit()
        } catch {
            guard error.passes else { throw error }
            return false
        }
        let outcomes: [EventOutcome]
        do throws(AlertStoreError) {
            outcomes = try database.outcomes(partition: partition, offsets: base..<base + Int64(rows.count))
        } catch {
            guard error.passes else { throw .sink(error) }
            return false
        }
        for outcome in outcomes {
            let kind: Refusal.Kind =
                switch outcome.kind {
                case .rejected(let field, let reason): .rejected(field: field, reason: reason)
                case .late: .late
                case .duplicate: .duplicate
                }
            chunk.note(kind, row: rows[Int(outcome.offset - base)])
        }
        return true
    }

    /// Makes a round durable, answers whoever sent it, and commits what it led to.
    private func finish(_ round: [LiveChunk]) {
        guard !round.isEmpty else { return }
        var failure: SubmissionError?
        attempt { () throws(RuntimeError) in
            let start = MonotonicClock.now()
            try worker.sync()
            instruments.synced(nanoseconds: MonotonicClock.now() - start)
        }
        if let words = health.failure {
            failure = .failed(words)
        } else if nextTry != nil {
            failure = .noRoom(logWait.current?.why ?? "")
        }
        for chunk in round { release(chunk, failure) }
        attempt { () throws(RuntimeError) in
            if worker.runner.hasUncommittedAlerts { try commit() }
            try tick()
        }
    }

    private func tick() throws(RuntimeError) {
        if let nextTry, nextTry <= MonotonicClock.now() {
            do throws(RunnerError) { try worker.runner.tryRoom() } catch { throw RuntimeError(error) }
            endWait()
        }
        if worker.isCommitDue(after: commitPause) { try commit() }
        try worker.tick()
    }

    private func commit() throws(RuntimeError) {
        let start = MonotonicClock.now()
        guard try worker.commit() else { return }
        instruments.committed(nanoseconds: MonotonicClock.now() - start)
    }

    private func release(_ chunk: LiveChunk, _ failure: SubmissionError? = nil) {
        if let failure { chunk.fail(failure) }
        guard chunk.remaining.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        chunk.finish()
        free.send(chunk)
        underWay.remove()
    }

    /// After a failure that does not pass nothing more is done: what is on disk is only known when the directory is
    /// opened anew.
    private func attempt(_ body: () throws(RuntimeError) -> Void) {
        guard health.failure == nil else { return }
        do throws(RuntimeError) {
            try body()
        } catch {
            if case .noRoom(let error) = error { return beginWait(after: error) }
            health.fail(error)
        }
    }

    private func attempt(for chunk: LiveChunk, _ body: () throws(RunnerError) -> Void) {
        if let words = health.failure { return release(chunk, .failed(words)) }
        do throws(RunnerError) {
            try body()
        } catch {
            if case .log = error, error.passes {
                beginWait(after: error)
                return release(chunk, .noRoom(logWait.current?.why ?? ""))
            }
            let failure = RuntimeError(error)
            health.fail(failure)
            release(chunk, .failed(failure.description))
        }
    }

    private func beginWait(after error: RunnerError) {
        logWait.begins(partition: partition, after: error)
        nextTry = MonotonicClock.now() + Int64(OutsideWait.pause / .nanoseconds(1))
    }

    private func endWait() {
        logWait.ends(partition: partition)
        nextTry = nil
    }

    /// Tells the others how far this partition is.
    private func note() {
        let runner = worker.runner
        health.update(partition) { state in
            state.endOffset = runner.endOffset
            state.committedOffset = runner.endOffset - Int64(runner.uncommittedCount)
            state.keys = runner.keyCounts.held
            state.spilled = runner.keyCounts.spilled
        }
    }
}

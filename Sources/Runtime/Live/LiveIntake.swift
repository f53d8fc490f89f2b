import Decode
import Dispatch
import Engine
import EventLog
import Plan
import Synchronization
import Windows

/// What waits to be decoded: bounded, and a full one refuses instead of making the caller wait (C9).
final class SubmissionQueue: Sendable {
    private struct State {
        var waiting: [Pending] = []
        var bytes = 0
        var isClosed = false
        var visits: [@Sendable (LiveIntake) -> Void] = []
    }

    private let state = Mutex(State())
    private let filled = DispatchSemaphore(value: 0)
    private let byteLimit: Int
    private let countLimit: Int

    init(byteLimit: Int, countLimit: Int) {
        self.byteLimit = byteLimit
        self.countLimit = countLimit
    }

    /// Bytes and submissions that wait.
    var load: (bytes: Int, count: Int) { state.withLock { ($0.bytes, $0.waiting.count) } }

    func add(_ pending: Pending) throws(SubmissionError) {
        let outcome = state.withLock { state -> Result<Bool, SubmissionError> in
            guard !state.isClosed else { return .failure(.stopping) }
            let isEmpty = state.waiting.isEmpty
            // One that is larger than the limit goes alone.
            guard isEmpty || state.bytes + pending.events.byteCount <= byteLimit && state.waiting.count < countLimit
            else { return .failure(.full) }
            state.waiting.append(pending)
            state.bytes += pending.events.byteCount
            return .success(isEmpty)
        }
        if try outcome.get() { filled.signal() }
    }

    /// Takes all submissions that wait, after waiting for one or for ``wake()`` if `waits`; nil once the queue is
    /// closed and empty.
    func take(waits: Bool) -> [Pending]? {
        if waits { filled.wait() }
        return state.withLock { state in
            defer {
                state.waiting = []
                state.bytes = 0
            }
            return state.waiting.isEmpty && state.isClosed ? nil : state.waiting
        }
    }

    /// Has something done on the intake's thread between two chunks.
    func visit(_ body: @escaping @Sendable (LiveIntake) -> Void) {
        state.withLock { $0.visits.append(body) }
        filled.signal()
    }

    func takeVisits() -> [@Sendable (LiveIntake) -> Void] {
        state.withLock { state in
            defer { state.visits = [] }
            return state.visits
        }
    }

    /// Ends a wait without a submission.
    func wake() { filled.signal() }

    func close() {
        state.withLock { $0.isClosed = true }
        filled.signal()
    }
}

/// How many chunks are with the partitions; whoever finishes one tells the intake.
final class LiveChunkCount: Sendable {
    private let count = Atomic(0)
    private let queue: SubmissionQueue

    init(_ queue: SubmissionQueue) {
        self.queue = queue
    }

    var value: Int { count.load(ordering: .acquiring) }

    func add() { count.add(1, ordering: .acquiringAndReleasing) }

    func remove() {
        count.subtract(1, ordering: .acquiringAndReleasing)
        queue.wake()
    }
}

/// Decodes what comes, puts it into chunks, and hands each partition its share. Used by one thread.
final class LiveIntake: @unchecked Sendable {
    // Handed to its thread once and never used by another.
    private let queue: SubmissionQueue
    private let free: BoundedQueue<LiveChunk>
    private let partitions: [BoundedQueue<PartitionOrder>]
    private let chunkCount: Int
    private var plan: PipelinePlan
    private var decoder: EventDecoder
    private var partitioner: Partitioner
    private var clock: EventClock
    /// Chunks that have been handed over and are not finished.
    private let underWay: LiveChunkCount

    /// One that is being worked on, and one behind it.
    private static let underWayLimit = 2

    init(
        _ queue: SubmissionQueue,
        plan: PipelinePlan,
        newestTime: Int64?,
        underWay: LiveChunkCount,
        free: BoundedQueue<LiveChunk>,
        chunkCount: Int,
        partitions: [BoundedQueue<PartitionOrder>]
    ) {
        self.plan = plan
        self.chunkCount = chunkCount
        self.queue = queue
        self.free = free
        self.partitions = partitions
        decoder = EventDecoder(plan: plan)
        self.underWay = underWay
        let state = ClockState(entities: plan.entities.count).moved(to: newestTime)
        clock = EventClock(plan: plan, state: state, capacity: LiveChunk.capacity)
        partitioner = Partitioner(plan: plan, capacity: LiveChunk.capacity)
    }

    /// Runs until the queue is closed, then closes the partitions' queues.
    ///
    /// What comes is handed over at once if the partitions are idle, and collected while they are busy: the busier they
    /// are, the more events a chunk has, and the less an event costs.
    func run() {
        var chunk: LiveChunk?
        while let waiting = queue.take(waits: true) {
            for pending in waiting {
                if let producer = pending.producerID {
                    // What may come twice must come in the same batches: it shares none with others.
                    if let open = chunk { send(open) }
                    chunk = nil
                    sendAlone(pending, producer)
                } else {
                    chunk = fill(chunk, with: pending)
                }
            }
            let visits = queue.takeVisits()
            if let open = chunk, underWay.value < Self.underWayLimit || !visits.isEmpty {
                send(open)
                chunk = nil
            }
            for visit in visits { visit(self) }
        }
        if let chunk { send(chunk) }
        for partition in partitions { partition.send(nil) }
    }

    /// Events are read as another plan says from now on; nothing of what was handed over is under way.
    func follow(_ next: PipelinePlan, newestTime: Int64?) {
        if next.schema != plan.schema || next.maximumAhead != plan.maximumAhead {
            // A chunk's columns are those of a schema.
            for _ in 0..<chunkCount {
                _ = free.receive()
                free.send(LiveChunk(plan: next))
            }
        }
        if !next.judgesTime(as: plan) {
            let state = ClockState(entities: next.entities.count).moved(to: newestTime)
            clock = EventClock(plan: next, state: state, capacity: LiveChunk.capacity)
        }
        plan = next
        decoder = EventDecoder(plan: next)
        partitioner = Partitioner(plan: next, capacity: LiveChunk.capacity)
    }

    private func fill(_ chunk: LiveChunk?, with pending: Pending) -> LiveChunk? {
        var chunk = chunk
        var position = 0
        while position < pending.events.count {
            let open = chunk ?? take()
            chunk = open
            position = open.add(pending, from: position)
            if open.isFull {
                send(open)
                chunk = nil
            }
        }
        pending.finishChunk()
        return chunk
    }

    /// Each chunk has a producer of its own: of one producer the log remembers only the last few batches, and a body
    /// may have any number.
    private func sendAlone(_ pending: Pending, _ key: Int64) {
        var position = 0
        var number: Int64 = 0
        while position < pending.events.count {
            let chunk = take()
            position = chunk.add(pending, from: position)
            prepare(chunk)
            for partition in partitions.indices where !chunk.partitions[partition].isEmpty {
                chunk.producers[partition] = ProducerSequence(id: (key &+ number) & .max, epoch: 0, first: 0)
            }
            number += 1
            distribute(chunk)
        }
        pending.finishChunk()
    }

    private func take() -> LiveChunk {
        guard let chunk = free.receive() else { preconditionFailure("The queue of free chunks is never closed.") }
        chunk.removeAll()
        return chunk
    }

    private func send(_ chunk: LiveChunk) {
        prepare(chunk)
        distribute(chunk)
    }

    private func prepare(_ chunk: LiveChunk) {
        chunk.decode(decoder)
        // An event keeps its partition if it is refused: another pipeline may take it.
        partitioner.assign(chunk.batch, to: &chunk.partitions)
        clock.take(chunk.batch, number: 0, now: WallClock.now())
        chunk.batch.refuse(clock.takeRefused())
    }

    private func distribute(_ chunk: LiveChunk) {
        underWay.add()
        let shares = chunk.partitions.indices.filter { !chunk.partitions[$0].isEmpty }
        chunk.remaining.store(shares.count, ordering: .releasing)
        for partition in shares { partitions[partition].send(.chunk(chunk)) }
    }
}

extension PipelinePlan {
    /// Whether the event clock hears the same sources, and believes them alike.
    fileprivate func judgesTime(as other: PipelinePlan) -> Bool {
        schema == other.schema && entities == other.entities && disorder == other.disorder
            && maximumAhead == other.maximumAhead
    }
}

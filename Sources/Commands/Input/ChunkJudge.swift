import Engine
import Plan

/// Chunks that the event clock judges, in the recording's order: each comes out when nothing in it is held back any more.
struct ChunkJudge {
    private var clock: EventClock
    private let limit: Int64?
    private let before: ClockState
    /// Judged and not given out, oldest first.
    private var waiting: [(number: Int, chunk: Chunk)] = []
    private var nextNumber = 0

    init(plan: PipelinePlan, from start: RecordingClock, chunkEvents: Int) {
        limit = plan.maximumAhead
        before = start.before
        clock = EventClock(plan: plan, state: start.state, capacity: chunkEvents)
    }

    /// Whether events are held back.
    var isHolding: Bool { !waiting.isEmpty }

    /// What the clock knows if nothing more comes.
    var end: ClockState { clock.state.decided }

    /// Takes the next chunk, decoded.
    mutating func add(_ chunk: Chunk) {
        chunk.clockBefore = clock.state
        clock.take(chunk.batch, number: nextNumber)
        chunk.clock = limit.map { ClockMark(limit: $0, state: clock.state, before: before) }
        waiting.append((nextNumber, chunk))
        nextNumber += 1
        refuse()
    }

    /// Decides what is held back as it stands.
    mutating func decide() {
        clock.end()
        refuse()
    }

    private func judged(_ number: Int) -> Bool { number < clock.firstUndecided ?? .max }

    /// The next chunk in which everything is decided.
    mutating func next() -> Chunk? {
        guard let first = waiting.first, judged(first.number) else { return nil }
        return waiting.removeFirst().chunk
    }

    private mutating func refuse() {
        for event in clock.takeRefused() {
            waiting.first { $0.number == event.batch }?.chunk.batch.refuse([event])
        }
    }
}

/// What the event clock knows in front of a recording, and where reading it begins.
struct RecordingClock {
    var before: ClockState
    var state: ClockState

    /// For a recording that is read from its beginning.
    init(_ state: ClockState) {
        before = state
        self.state = state
    }

    /// Nothing has been seen before.
    init(plan: PipelinePlan) { self.init(ClockState(entities: plan.entities.count)) }
}

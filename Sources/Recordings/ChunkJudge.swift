public import Engine
public import Plan

/// Chunks that the event clock judges, in the recording's order: each comes out when nothing in it is held back any
/// more.
public struct ChunkJudge {
    private var clock: EventClock
    private let plan: PipelinePlan
    private let chunkEvents: Int
    private let limit: Int64?
    private let before: ClockState
    /// Judged and not given out, oldest first.
    private var waiting: [(number: Int, chunk: Chunk)] = []
    private var nextNumber = 0
    /// The times of the recording's first chunk.
    private var firstTimes: [Int64] = []

    /// Goes on from what the clock knows; chunks have so many events at most.
    public init(plan: PipelinePlan, from start: RecordingClock, chunkEvents: Int) {
        self.plan = plan
        self.chunkEvents = chunkEvents
        limit = plan.maximumAhead
        before = start.before
        clock = EventClock(plan: plan, state: start.state, capacity: chunkEvents)
    }

    /// Whether events are held back.
    public var isHolding: Bool { !waiting.isEmpty }

    /// What the clock knows behind the last chunk.
    public var end: ClockState { clock.state }

    /// Takes the next chunk, decoded.
    public mutating func add(_ chunk: Chunk) {
        if firstTimes.isEmpty { firstTimes = chunk.times }
        chunk.clockBefore = clock.state
        clock.take(chunk.batch, number: nextNumber)
        chunk.clock = limit.map { ClockMark(limit: $0, state: clock.state, before: before) }
        waiting.append((nextNumber, chunk))
        nextNumber += 1
        refuse()
    }

    /// Decides what is held back as it stands.
    public mutating func decide() {
        clock.end()
        refuse()
        // What the events led to is behind the last of them.
        waiting.last?.chunk.clock?.state = clock.state
    }

    /// Goes on with what another recording has told.
    public mutating func goOn(from state: ClockState) {
        decide()
        clock = EventClock(plan: plan, state: state, capacity: chunkEvents)
    }

    /// Decides what is held back where a recording ends: by what comes behind it, if anything does. A recording most of
    /// whose events are from before this one is out of order, and says nothing of its times.
    public mutating func decide(by sequel: Sequel?) {
        guard isHolding, let sequel, let first = sequel.next(Chunk(plan: plan, capacity: chunkEvents)) else {
            return decide()
        }
        if firstTimes.count > 1, let own = Self.median(firstTimes), let next = Self.median(first.times),
            next < own, own &- next > plan.disorder
        {
            return decide()
        }
        var ahead = clock
        var number = nextNumber
        var next: Chunk? = first
        while let chunk = next, let undecided = ahead.firstUndecided, undecided < nextNumber {
            ahead.take(chunk.batch, number: number)
            number += 1
            next = sequel.next(chunk)
        }
        ahead.end()
        clock.decide(as: ahead, before: nextNumber)
        refuse()
    }

    private static func median(_ times: [Int64]) -> Int64? {
        times.isEmpty ? nil : times.sorted()[times.count / 2]
    }

    private func judged(_ number: Int) -> Bool { number < clock.firstUndecided ?? .max }

    /// The next chunk in which everything is decided.
    public mutating func next() -> Chunk? {
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
public struct RecordingClock {
    public var before: ClockState
    public var state: ClockState
    /// What others have told since, if there were any: it counts from the recording's first byte that nobody has read.
    public var later: Later?

    public struct Later {
        public var byte: Int
        public var state: ClockState

        /// What others have told, as a state, and the recording's first byte that nobody has read.
        public init(byte: Int, state: ClockState) {
            (self.byte, self.state) = (byte, state)
        }
    }

    /// For a recording that is read from its beginning.
    public init(_ state: ClockState) {
        before = state
        self.state = state
    }

    /// Nothing has been seen before.
    public init(plan: PipelinePlan) { self.init(ClockState(entities: plan.entities.count)) }
}

import Base

/// Makes events of made-up people, one JSON line at a time, in the order of their arrival.
///
/// The virtual clock only moves forward: sequences begin evenly spread over time, their events follow 1 to 30 s after
/// one another, and each arrives a little after it happened. Memory follows the number of sequences that are under way.
public struct TrafficGenerator {
    /// What the caller may want to know of the line just made.
    public struct Event: Sendable {
        public var id: String
        public var arrival: EventTime
        public var time: EventTime
        public var pattern: Pattern
        public var sequencePosition: Int
        /// Events of its sequence.
        public var sequenceLength: Int
        /// Who did it.
        public var actor: String
    }

    private struct Scheduled {
        var arrival: Int64
        var serial: Int
        var time: Int64
        var position: Int
        var length: Int
        var sequence: Sequence
    }

    private let settings: TrafficSettings
    private var random: Seeded
    private var heap: [Scheduled] = []
    private var serial = 0
    private var made = 0
    private var nextStart: Int64
    private var domainTurn = 0
    private let testID: String

    /// Events that the settings alone decide, their seed included.
    public init(_ settings: TrafficSettings) {
        self.settings = settings
        random = Seeded(seed: settings.seed)
        nextStart = settings.start.microseconds
        testID = "sim-\(settings.seed)"
    }

    /// Appends the next line, with its line feed, to the buffer; nil at the end.
    public mutating func next(into out: inout [UInt8]) -> Event? {
        if let limit = settings.events, made >= limit { return nil }
        // An event can be handed out once no sequence that has not begun yet can arrive before it.
        while heap.first.map({ $0.arrival >= nextStart }) ?? true {
            guard canBegin else { break }
            begin()
        }
        guard let scheduled = pop() else { return nil }
        made += 1
        // Every event draws from a generator of its own, so that its content does not depend on when it is written.
        var writer = EventWriter(seed: settings.seed &* 0x2545_F491_4F6C_DD1D &+ UInt64(scheduled.serial))
        let id = writer.write(
            scheduled.sequence,
            position: scheduled.position,
            testID: testID,
            time: scheduled.time,
            hasLabels: settings.hasLabels
        )
        out.append(contentsOf: writer.out)
        return Event(
            id: id,
            arrival: EventTime(microseconds: scheduled.arrival),
            time: EventTime(microseconds: scheduled.time),
            pattern: scheduled.sequence.pattern,
            sequencePosition: scheduled.position,
            sequenceLength: scheduled.length,
            actor: scheduled.sequence.actor
        )
    }

    /// Sequences begin until the duration is over, or as long as events are wanted.
    private var canBegin: Bool {
        if let duration = settings.duration { return nextStart < settings.start.microseconds + duration }
        return settings.events != nil
    }

    private mutating func begin() {
        let domain = settings.domains[domainTurn % settings.domains.count]
        domainTurn += 1
        let pattern = draw(domain)
        let length = min(random.below(9) + 2, pattern.lengths.lowerBound + random.below(pattern.lengths.count))
        let start = settings.start.microseconds / 1_000_000 % 1_000_000
        let actor = settings.hasActorsOfItsOwn ? "A\(domainTurn)T\(start)" : nil
        let sequence = Sequence(pattern: pattern, domain: domain, actor: actor, random: &random)
        var time = nextStart
        for position in 0..<length {
            if position > 0 { time += Int64(1_000_000 + random.unit() * 29_000_000) / 1000 * 1000 }
            let isSlow = random.below(20) == 0 && settings.disorder > 0
            let delay = Int64(
                random.unit() * (isSlow ? Double(settings.disorder) : min(50_000, Double(settings.disorder)))
            )
            push(
                Scheduled(
                    arrival: time + delay,
                    serial: serial,
                    time: time,
                    position: position,
                    length: length,
                    sequence: sequence
                )
            )
            serial += 1
        }
        nextStart += Int64(60_000_000 / settings.eventsPerMinute * Double(length))
    }

    private mutating func draw(_ domain: Domain) -> Pattern {
        let rates = settings.rates[domain] ?? []
        var rest = random.unit() * rates.reduce(0) { $0 + $1.rate }
        for entry in rates {
            rest -= entry.rate
            if rest < 0 { return entry.pattern }
        }
        return rates.last?.pattern ?? .casualPlayer
    }

    // A binary heap by (arrival, serial): the order of arrival is total, so that no two runs differ.

    private mutating func push(_ element: Scheduled) {
        heap.append(element)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.precedes(heap[child], heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func pop() -> Scheduled? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && Self.precedes(heap[child], heap[least]) { least = child }
            guard least != parent else { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private static func precedes(_ left: Scheduled, _ right: Scheduled) -> Bool {
        left.arrival != right.arrival ? left.arrival < right.arrival : left.serial < right.serial
    }
}

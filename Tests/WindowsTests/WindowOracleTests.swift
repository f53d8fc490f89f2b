import Base
import Plan
import TestKit
import Testing
import Windows

/// Goal: every window function says, for every event, what its definition says of the events that had arrived by then.
///
/// Method: random events of few keys with ties, disorder and nulls go through the machine, cut into batches of random
/// sizes; a plain function filters all earlier events by the definition (C8) and folds them in (time, offset) order. The
/// two must be equal to the last bit: sums are rounded once, here by another method. Only deviations, whose definition
/// rounds more often, may differ in their last digits.
@Suite("Windows against their definition")
struct WindowOracleTests {
    static let windows: [Window] = [
        Window(entity: 0, kind: .sliding(size: 40)),
        Window(entity: 0, kind: .sliding(size: 25), delay: 10),
        // Long enough for what is known of the last window to be used.
        Window(entity: 0, kind: .sliding(size: 400)),
        Window(entity: 0, kind: .sliding(size: 300), delay: 50),
        Window(entity: 0, kind: .tumbling(size: 500)),
        Window(entity: 0, kind: .session(gap: 12)),
        Window(entity: 0, kind: .tumbling(size: 30)),
        Window(entity: 1, kind: .session(gap: 7)),
    ]

    /// Odd seeds have values that no sum in fixed point can hold.
    @Test(arguments: Seeds.upTo(40))
    func equalsTheDefinition(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let plan = Self.plan()
        let events = Self.events(&random, count: 500, withExtremes: seed % 2 == 1)
        let machine = WindowMachine(plan: plan, capacity: 64)
        var position = 0
        var clock = Int64.min
        var clocks: [Int64] = []
        for event in events {
            clock = max(clock, event.time - 15)
            clocks.append(clock)
        }
        while position < events.count {
            let size = min(1 + random.below(64), events.count - position)
            let batch = Self.batch(events[position..<position + size], schema: plan.schema)
            let rows = (0..<size).map { Int32($0) }
            let offsets = (position..<position + size).map { Int64($0) }
            machine.process(batch, rows: rows, offsets: offsets, clocks: Array(clocks[position...]), count: size)
            for index in 0..<size {
                for (number, aggregate) in plan.aggregates.enumerated() {
                    let expected = Self.expected(aggregate, events: events, at: position + index)
                    let actual = machine.feature(number)[index]
                    let mayDiffer = aggregate.function == .std || aggregate.function == .zscore
                    let isClose = mayDiffer && abs(actual - expected) <= 1e-9 * max(1, expected.magnitude)
                    #expect(
                        actual.bitPattern == expected.bitPattern || (actual.isNaN && expected.isNaN) || isClose,
                        "\(aggregate.function) over \(aggregate.window) at event \(position + index): \(actual), not \(expected)"
                    )
                }
            }
            position += size
        }
    }

    @Test func keysThatTheClockHasPassedAreGivenBack() {
        let plan = Self.plan()
        let machine = WindowMachine(plan: plan, capacity: 8)
        for round in 0..<2_000 {
            let event = Event(time: Int64(round) * 1_000, key: "k\(round)", other: "o", value: 1, text: nil)
            let batch = Self.batch([event][...], schema: plan.schema)
            let clocks: [Int64] = [event.time - 15]
            machine.process(batch, rows: [0], offsets: [Int64(round)], clocks: clocks, count: 1)
        }
        #expect(machine.keyCount(0) < 1_100)
    }

    struct Event {
        var time: Int64
        var key: String?
        var other: String
        var value: Double?
        var text: String?
    }

    static func plan() -> PipelinePlan {
        let schema = Schema(fields: [
            Field(name: "t", type: .time, role: .time),
            Field(name: "key", type: .text),
            Field(name: "other", type: .text),
            Field(name: "value", type: .number),
            Field(name: "text", type: .text),
        ])
        var plan = PipelinePlan(name: "oracle", schema: schema)
        plan.entities = [
            Entity(name: "key", key: [.field(1, .text)]),
            Entity(name: "both", key: [.field(1, .text), .field(2, .text)]),
        ]
        let value = Expression.field(3, .number)
        let condition = Expression.binary(.greater, value, .number(3))
        for window in windows {
            for function in Aggregate.Function.allCases {
                switch function {
                case .count:
                    plan.aggregates.append(Aggregate(window: window, function: .count))
                    plan.aggregates.append(Aggregate(window: window, function: .count, argument: condition))
                case .share: plan.aggregates.append(Aggregate(window: window, function: .share, argument: condition))
                case .sincePrevious: plan.aggregates.append(Aggregate(window: window, function: function))
                case .distinct:
                    for argument in [value, .field(4, .text)] {
                        for isOut in [false, true] {
                            plan.aggregates.append(
                                Aggregate(
                                    window: window,
                                    function: function,
                                    argument: argument,
                                    excludesCurrent: isOut
                                )
                            )
                        }
                    }
                default:
                    plan.aggregates.append(Aggregate(window: window, function: function, argument: value))
                    plan.aggregates.append(
                        Aggregate(window: window, function: function, argument: value, excludesCurrent: true)
                    )
                }
            }
        }
        plan.features = plan.aggregates.indices.map { Feature(name: "f\($0)", expression: .aggregate($0)) }
        return plan
    }

    static func events(_ random: inout Seeded, count: Int, withExtremes: Bool) -> [Event] {
        var now: Int64 = 0
        return (0..<count).map { _ in
            now += Int64(random.below(4))
            return Event(
                time: max(0, now - Int64(random.below(5) == 0 ? random.below(15) : 0)),
                key: random.below(20) == 0 ? nil : "key number \(random.below(4))",
                other: "o\(random.below(2))",
                value: random.below(8) == 0
                    ? nil
                    : withExtremes && random.below(40) == 0
                        ? [1e-30, -3e20][random.below(2)] : Double(random.below(70)) / 10,
                text: random.below(8) == 0 ? nil : "a text of some length \(random.below(3))"
            )
        }
    }

    static func batch(_ events: ArraySlice<Event>, schema: Schema) -> ColumnBatch {
        let batch = ColumnBatch(schema: schema, capacity: 64)
        for (row, event) in events.enumerated() {
            batch.times[row] = event.time
            batch.status[row] = 0
            batch.ids[row] = .absent
            batch.columns[0].numbers?[row] = Double(event.time) / 1_000_000
            batch.columns[1].texts?[row] = event.key.map { Text($0) } ?? .absent
            batch.columns[2].texts?[row] = Text(event.other)
            batch.columns[3].numbers?[row] = event.value ?? .nan
            batch.columns[4].texts?[row] = event.text.map { Text($0) } ?? .absent
        }
        batch.count = events.count
        return batch
    }

    /// The definition, word for word.
    static func expected(_ aggregate: Aggregate, events: [Event], at index: Int) -> Double {
        let current = events[index]
        guard let key = current.key else { return .nan }
        let window = aggregate.window
        func belongs(_ event: Event) -> Bool {
            event.key == key && (window.entity == 0 || event.other == current.other)
        }
        var seen = (0...index).filter { belongs(events[$0]) && events[$0].time <= current.time }
        seen.sort { events[$0].time != events[$1].time ? events[$0].time < events[$1].time : $0 < $1 }
        switch window.kind {
        case .sliding(let size):
            let end = current.time - window.delay
            seen = seen.filter { events[$0].time > end - size && events[$0].time <= end }
        case .tumbling(let size):
            seen = seen.filter { events[$0].time >= current.time / size * size }
        case .session(let gap):
            var first = seen.count - 1
            while first > 0, events[seen[first]].time - events[seen[first - 1]].time <= gap { first -= 1 }
            seen = Array(seen[first...])
        }
        if aggregate.excludesCurrent || aggregate.function == .zscore { seen.removeAll { $0 == index } }
        let values = seen.compactMap { events[$0].value }
        let trues = Double(seen.filter { (events[$0].value ?? 0) > 3 }.count)
        let isPlain = values.allSatisfy { $0.magnitude < 0x1p40 && ($0 * 0x1p60).rounded() == $0 * 0x1p60 }
        let sum = isPlain ? exactSum(values) : values.reduce(0, +)
        let mean = values.isEmpty ? Double.nan : sum / Double(values.count)
        var squares = 0.0
        for value in values { squares += (value - mean) * (value - mean) }
        // Equal values have no spread, however the mean is rounded.
        let spread = Set(values).count == 1 ? 0 : (squares / Double(values.count - 1)).squareRoot()
        let deviation = values.count < 2 ? Double.nan : spread
        switch aggregate.function {
        case .count: return aggregate.argument == nil ? Double(seen.count) : trues
        case .sum: return sum
        case .mean, .avg: return mean
        case .min: return values.min() ?? .nan
        case .max: return values.max() ?? .nan
        case .std: return deviation
        case .distinct:
            return aggregate.argument?.type == .text
                ? Double(Set(seen.compactMap { events[$0].text }).count) : Double(Set(values).count)
        case .share: return seen.isEmpty ? .nan : trues / Double(seen.count)
        case .first: return values.first ?? .nan
        case .last: return values.last ?? .nan
        case .sincePrevious:
            guard seen.count >= 2 else { return .nan }
            return Double(events[seen[seen.count - 1]].time - events[seen[seen.count - 2]].time) / 1_000_000
        case .zscore:
            guard let value = current.value, deviation > 0 else { return .nan }
            return (value - mean) / deviation
        }
    }

    /// The sum rounded once, by partial sums that do not overlap (Shewchuk, "Adaptive precision floating-point arithmetic",
    /// Discrete & Computational Geometry 18, 1997).
    static func exactSum(_ values: [Double]) -> Double {
        var partials: [Double] = []
        for value in values {
            var rest = value
            var kept: [Double] = []
            for partial in partials {
                let (large, small) = rest.magnitude < partial.magnitude ? (partial, rest) : (rest, partial)
                let sum = large + small
                let lost = small - (sum - large)
                if lost != 0 { kept.append(lost) }
                rest = sum
            }
            partials = kept + [rest]
        }
        var total = 0.0
        var lost = 0.0
        while let partial = partials.popLast() {
            let sum = total + partial
            lost = partial - (sum - total)
            total = sum
            if lost != 0 { break }
        }
        // Half way between two doubles, what comes below decides.
        if let next = partials.last, (lost < 0) == (next < 0) {
            let twice = lost * 2
            let sum = total + twice
            if twice == sum - total { total = sum }
        }
        return total
    }
}

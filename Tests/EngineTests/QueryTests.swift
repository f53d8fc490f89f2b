import Base
import Decode
import Engine
import Plan
import TestKit
import Testing
import Windows

/// Goal: a query's rows are those that its definition gives, in the order of the clock, however the events are cut.
///
/// Method: random events of few keys, out of order up to the allowed disorder, with nulls, ties, long keys and gaps. A
/// plain program groups them by window, or tries every combination of events for a sequence.
@Suite struct QueryTests {
    private struct Event {
        var time: Int64
        var who: String
        var amount: Double?
        var device: String?

        var json: String {
            let amount = self.amount.map { ",\"amount\":\($0)" } ?? ""
            let device = self.device.map { ",\"device\":\"\($0)\"" } ?? ""
            return
                "{\"at\":\(1_700_000_000 + time),\"who\":\"\(who)\",\"place\":\"\(time % 2 == 0 ? "even" : "odd")\"\(amount)\(device)}"
        }
    }

    /// A row as text: start, end, key, columns.
    private final class Rows: QuerySink {
        var lines: [String] = []

        func take(_ rows: QueryRows) {
            for row in 0..<rows.count {
                var words = [
                    "\(rows.starts[row] / 1_000_000 - 1_700_000_000)", "\(rows.ends[row] / 1_000_000 - 1_700_000_000)",
                ]
                for part in rows.keys.indices {
                    rows.key(part, row) { words.append(String(decoding: $0, as: UTF8.self)) }
                }
                words += rows.columns.map { "\($0[row])" }
                lines.append(words.joined(separator: " "))
            }
        }
    }

    private static func plan(_ kind: Query.Kind) -> PipelinePlan {
        var plan = PipelinePlan(
            name: "queries",
            schema: Schema(fields: [
                Field(name: "at", type: .time, role: .time, isRequired: true),
                Field(name: "who", type: .text),
                Field(name: "place", type: .text),
                Field(name: "amount", type: .number),
                Field(name: "device", type: .text),
            ])
        )
        plan.entities = [Entity(name: "both", key: [.field(1, .text), .field(2, .text)])]
        plan.disorder = 20_000_000
        plan.queries = [Query(name: "q", entity: 0, kind: kind)]
        return plan
    }

    private static func events(_ random: inout Seeded) -> [Event] {
        var newest: Int64 = 0
        return (0..<600).map { _ in
            newest += Int64(random.below(5))
            if random.below(100) == 0 { newest += 1000 }
            let names = ["a", "b", "a name that is longer than fifteen bytes", "another name, \\\"quoted\\\"", "c"]
            return Event(
                time: max(0, newest - Int64(random.below(21))),
                who: names[random.below(names.count)],
                amount: random.below(6) == 0 ? nil : Double(random.below(2000)) / 8,
                device: random.below(6) == 0 ? nil : "device \(random.below(30))"
            )
        }
    }

    /// The rows of all events, cut into batches of random sizes.
    private static func rows(_ events: [Event], _ plan: PipelinePlan, _ random: inout Seeded) -> [String] {
        let engine = QueryEngine(plan.queries[0], plan: plan, partition: 0, capacity: 128)
        let decoder = EventDecoder(plan: plan)
        let batch = ColumnBatch(schema: plan.schema, capacity: 128)
        let sink = Rows()
        var position = 0
        while position < events.count {
            let size = min(1 + random.below(128), events.count - position)
            batch.removeAll()
            for event in events[position..<position + size] {
                Array(event.json.utf8).withUnsafeBufferPointer { decoder.decode($0, into: batch) }
            }
            (0..<size).map { Int32($0) }.withUnsafeBufferPointer { engine.process(batch, rows: $0, into: sink) }
            position += size
        }
        engine.finish(into: sink)
        #expect(engine.ledger.ok == events.count)
        return sink.lines
    }

    private static func key(_ event: Event) -> String {
        event.who.replacing("\\\"", with: "\"") + " " + (event.time % 2 == 0 ? "even" : "odd")
    }

    @Test(arguments: Seeds.upTo(20), [(60, 60), (60, 20), (30, 10)])
    func windowsAreWhatGroupingGives(seed: UInt64, window: (size: Int64, every: Int64)) {
        var random = Seeded(seed: seed)
        let events = Self.events(&random)
        let functions: [(Aggregate.Function, Expression?)] = [
            (.count, nil), (.count, .binary(.greater, .field(3, .number), .number(100))), (.sum, .field(3, .number)),
            (.mean, .field(3, .number)), (.min, .field(3, .number)), (.max, .field(3, .number)),
            (.first, .field(3, .number)), (.last, .field(3, .number)), (.distinct, .field(3, .number)),
            (.distinct, .field(4, .text)), (.share, .call(.isNull, [.field(4, .text)])), (.std, .field(3, .number)),
        ]
        let columns = functions.enumerated().map { Query.Column(name: "c\($0)", function: $1.0, argument: $1.1) }
        let (size, every) = (window.size, window.every)
        let plan = Self.plan(.windows(size: size * 1_000_000, every: every * 1_000_000, columns: columns))
        let rows = Self.rows(events, plan, &random)
        // 1,700,000,000 is 20 seconds behind a multiple of 60 and of 30.
        let shift: Int64 = 1_700_000_000 % 60
        var expected: Set<String> = []
        var end = every - shift % every
        let last = events.map(\.time).max() ?? 0
        while end - size <= last {
            let members = events.filter { $0.time >= end - size && $0.time < end }
            for key in Set(members.map(Self.key)) {
                let mine = members.filter { Self.key($0) == key }
                expected.insert("\(end - size) \(end) \(key) " + Self.values(mine))
            }
            end += every
        }
        // All but the standard deviation, which is compared by size below: amounts are multiples of 1/8, so sums are exact.
        let withoutSpread = rows.map { $0.split(separator: " ").dropLast().joined(separator: " ") }
        #expect(Set(withoutSpread) == expected)
        #expect(rows.count == expected.count)
        let ends = rows.compactMap { Int($0.split(separator: " ")[1]) }
        #expect(ends == ends.sorted())
        for row in rows {
            let words = row.split(separator: " ")
            guard let start = Int64(words[0]), let stop = Int64(words[1]), let spread = Double(words[words.count - 1])
            else { continue }
            let mine = events.filter {
                $0.time >= start && $0.time < stop && row.hasPrefix("\(start) \(stop) \(Self.key($0)) ")
            }.compactMap(\.amount)
            guard mine.count > 1 else {
                #expect(spread.isNaN)
                continue
            }
            let mean = mine.reduce(0, +) / Double(mine.count)
            let squares = mine.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            #expect(abs(spread - (squares / Double(mine.count - 1)).squareRoot()) < 1e-9 * (1 + spread))
        }
        #expect(Self.rows(events, plan, &random) == rows)
    }

    private static func values(_ events: [Event]) -> String {
        let sorted = events.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(
            \.element
        )
        let amounts = sorted.compactMap(\.amount)
        let sum = amounts.reduce(0, +)
        let values: [Double] = [
            Double(events.count), Double(amounts.count { $0 > 100 }), sum,
            amounts.isEmpty ? .nan : sum / Double(amounts.count), amounts.min() ?? .nan, amounts.max() ?? .nan,
            amounts.first ?? .nan, amounts.last ?? .nan, Double(Set(amounts).count),
            Double(Set(events.compactMap(\.device)).count),
            Double(events.count { $0.device == nil }) / Double(events.count),
        ]
        return values.map { "\($0)" }.joined(separator: " ")
    }

    @Test(arguments: Seeds.upTo(20))
    func sequencesMissNoMatch(seed: UInt64) {
        var random = Seeded(seed: seed)
        let events = Self.events(&random)
        let large = Expression.binary(.greater, .field(3, .number), .number(150))
        let small = Expression.binary(.less, .field(3, .number), .number(100))
        let steps: [Expression] = [[large, large, large], [small, large, small], [large, small], [small]][
            random.below(4)
        ]
        let within = Int64(10 + random.below(60))
        let plan = Self.plan(.sequence(steps: steps, within: within * 1_000_000))
        let rows = Self.rows(events, plan, &random)
        #expect(Set(rows) == Set(Self.matches(events, steps.map { $0 == large }, within: within)))
        #expect(rows.count == Set(rows).count || steps.count == 1)
        #expect(Self.rows(events, plan, &random) == rows)
    }

    /// Tries every choice of events: as soon as the newest event can end a match, the one that begins latest is taken.
    private static func matches(_ events: [Event], _ isLarge: [Bool], within: Int64) -> [String] {
        let sorted = events.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(
            \.element
        )
        var rows: [String] = []
        for key in Set(sorted.map(Self.key)) {
            var open: [Event] = []
            for event in sorted where Self.key(event) == key {
                open.append(event)
                func fits(_ event: Event, _ step: Int) -> Bool {
                    guard let amount = event.amount else { return false }
                    return isLarge[step] ? amount > 150 : amount < 100
                }
                /// The latest beginning of the steps before `step`, in front of position `end`.
                func beginning(_ step: Int, before end: Int) -> Int64? {
                    var best: Int64?
                    for position in 0..<end where fits(open[position], step) {
                        let start = step == 0 ? open[position].time : beginning(step - 1, before: position)
                        guard let start, open[position].time - start < within else { continue }
                        best = max(best ?? start, start)
                    }
                    return best
                }
                let last = isLarge.count - 1
                guard fits(event, last) else { continue }
                let start = last == 0 ? event.time : beginning(last - 1, before: open.count - 1)
                guard let start, event.time - start < within else { continue }
                rows.append("\(start) \(event.time) \(key)")
                open.removeAll()
            }
        }
        return rows
    }

    /// C9: what a key had in windows that have passed costs nothing any more.
    @Test func sequenceKeysAreGivenBack() {
        let large = Expression.binary(.greater, .field(3, .number), .number(1))
        let plan = Self.plan(.sequence(steps: [large, large], within: 5_000_000))
        let events = (0..<50_000).map { Event(time: Int64($0) * 10, who: "k\($0)", amount: 2, device: nil) }
        var random = Seeded(seed: 1)
        #expect(Self.rows(events, plan, &random).isEmpty)
    }
}

import Base
import Engine
import Plan
import TestKit
import Testing

/// Streams of sources of which some have a wrong clock, and what an event clock makes of them.
struct ClockStream {
    struct Event {
        var source: Int
        var place: Int
        /// Seconds.
        var time: Int
        var isGood: Bool
    }

    static let limit = 3600
    static let start = 1_772_438_400
    var events: [Event] = []

    static func plan(entities: Int = 1) -> PipelinePlan {
        var plan = testPlan()
        plan.maximumAhead = Int64(limit) * 1_000_000
        plan.duplicatesWithin = 0
        if entities > 1 { plan.entities.append(Entity(name: "place", key: [.field(5, .text)])) }
        return plan
    }

    /// Good sources in turns that are drawn, with gaps of hours to months; `wrong` sources, each by years of its own, or all by the
    /// same if they `agree`; they begin the stream, send many in a row, and end it.
    init(seed: UInt64, wrong: Int, agree: Bool) {
        var random = Seeded(seed: seed)
        let good = 5 + random.below(20)
        var now = Self.start
        func bad(_ source: Int) -> Event {
            let years = agree ? 1 : 1 + source
            return Event(source: 1000 + source, place: 0, time: now + years * 400 * 86_400, isGood: false)
        }
        func ordinary() -> Event {
            now += random.below(60)
            // In the order of the sources or up to 10 seconds out of it, which the plan allows.
            return Event(source: random.below(good), place: 0, time: now - random.below(10), isGood: true)
        }
        if wrong > 0, random.below(2) == 0 {
            for _ in 0..<random.below(30) { events.append(bad(random.below(wrong))) }
        }
        for _ in 0..<6 {
            for _ in 0..<20 + random.below(150) {
                events.append(ordinary())
                guard wrong > 0, random.below(6) == 0 else { continue }
                let source = random.below(wrong)
                for _ in 0..<1 + random.below(12) { events.append(bad(source)) }
            }
            now += Self.limit + random.below(90 * 86_400)
        }
        if wrong > 0 { events.append(bad(0)) }
    }

    init(_ events: [Event]) {
        self.events = events
    }

    var lines: [String] {
        events.enumerated().map { number, event in
            #"{"id":"e\#(number)","at":\#(event.time),"actor":"s\#(event.source)","amount":1,"#
                + #""address":{"zip":"p\#(event.place)"}}"#
        }
    }

    /// Which events the clock refuses, in chunks of a size; after every chunk it is made anew from what the log keeps, if that
    /// is asked for.
    func refused(chunk: Int, plan: PipelinePlan = plan(), restarts: Bool = false) throws -> [Int] {
        let limit = try #require(plan.maximumAhead)
        let nothing = ClockState(entities: plan.entities.count)
        var clock = EventClock(plan: plan, state: nothing, capacity: chunk)
        var found: [Int] = []
        let lines = lines
        func note(_ numbers: [EventClock.Refused]) { found += numbers.map { $0.batch * chunk + $0.row } }
        for start in stride(from: 0, to: lines.count, by: chunk) {
            let batch = decode(Array(lines[start..<min(start + chunk, lines.count)]), plan: plan)
            clock.take(batch, number: start / chunk)
            note(clock.takeRefused())
            guard restarts else { continue }
            let position = RecordingPosition(line: start, byte: start, checksum: 1)
            let mark = SourceMark(
                input: 1,
                position: position,
                path: "x",
                clock: ClockMark(limit: limit, state: clock.state, before: nothing)
            )
            let read = try #require(SourceMark.read(mark.headers(lines: [])))
            #expect(read.mark == mark)
            // What was held back then is read again by whoever goes on in front of it: here it is only seen to be lost.
            let state = try #require(read.mark.clock?.state)
            guard clock.firstUndecided == nil else { continue }
            clock = EventClock(plan: plan, state: state, capacity: chunk)
        }
        clock.end()
        note(clock.takeRefused())
        return found.sorted()
    }
}

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

    /// What is wrong with a clock.
    enum Fault {
        case ahead(Int)
        case behind(Int)
        case stopped(Int)
        case random

        /// By years: each number another one.
        static func years(_ number: Int) -> Fault { .ahead((1 + number) * 400 * 86_400) }

        /// Of any kind: by hours or months, as much as one of the gaps, or not at all the same from one event to the next.
        static func drawn(_ random: inout Seeded, gaps: [Int]) -> Fault {
            switch random.below(6) {
            case 0: .ahead(2 * limit + random.below(20 * 3600))
            case 1: .ahead(2 * limit + random.below(100 * 86_400))
            case 2: .ahead(2 * limit + gaps[random.below(gaps.count)])
            case 3: .behind(1 + random.below(90 * 86_400))
            case 4: .stopped(start + random.below(300 * 86_400))
            default: .random
            }
        }

        func time(at now: Int, _ random: inout Seeded) -> Int {
            switch self {
            case .ahead(let seconds): now + seconds
            case .behind(let seconds): now - seconds
            case .stopped(let time): time
            case .random: now + 2 * limit + random.below(400 * 86_400)
            }
        }
    }

    /// Good sources in turns that are drawn, at least three of them between one gap of hours to months and the next; `wrong`
    /// sources, of which `agreeing` at a time have the same fault, a clock that is ahead by years unless it is `drawn`; they begin
    /// the stream, send many in a row, and end it.
    init(seed: UInt64, wrong: Int, agreeing: Int = 1, drawn: Bool = false) {
        var random = Seeded(seed: seed)
        let good = 3 + random.below(20)
        var now = Self.start
        let gaps = (0..<6).map { _ in
            Self.limit + 1 + random.below(random.below(2) == 0 ? 12 * 3600 : 90 * 86_400)
        }
        let faults = (0..<(wrong + agreeing - 1) / agreeing).map {
            drawn ? Fault.drawn(&random, gaps: gaps) : .years($0)
        }
        func bad(_ source: Int) -> Event {
            let time = faults[source / agreeing].time(at: now, &random)
            return Event(source: 1000 + source, place: 0, time: time, isGood: false)
        }
        func ordinary() -> Event {
            now += random.below(60)
            // In the order of the sources or up to 10 seconds out of it, which the plan allows.
            return Event(source: random.below(good), place: 0, time: now - random.below(10), isGood: true)
        }
        if wrong > 0, random.below(2) == 0 {
            for _ in 0..<random.below(30) { events.append(bad(random.below(wrong))) }
        }
        for gap in gaps {
            var left = random.below(3) == 0 ? 1 + random.below(8) : 20 + random.below(150)
            var spoken: Set<Int> = []
            while left > 0 || spoken.count < 3 {
                left -= 1
                events.append(ordinary())
                spoken.insert(events[events.count - 1].source)
                guard wrong > 0, random.below(6) == 0 else { continue }
                let source = random.below(wrong)
                for _ in 0..<1 + random.below(12) { events.append(bad(source)) }
            }
            now += gap
        }
        if wrong > 0 { events.append(bad(0)) }
        if drawn { leaveOutWhatNobodyCanTell(agreeing) }
    }

    /// Nobody can tell a wrong time that is no further than the limit from what is right then or soon, and wrong times that near
    /// each other agree.
    private mutating func leaveOutWhatNobodyCanTell(_ agreeing: Int) {
        let all = events
        var newest = Int.min
        events.removeAll()
        for (number, event) in all.enumerated() {
            func isNear(_ time: Int) -> Bool { abs(event.time - time) <= Self.limit }
            if event.isGood {
                newest = max(newest, event.time)
            } else {
                // What is behind others is late and moves no clock.
                if event.time > newest, newest != .min, isNear(newest) { continue }
                let follows = all[number...].lazy.filter { $0.isGood && (event.time > newest || $0.time < event.time) }
                if follows.contains(where: { isNear($0.time) }) { continue }
                let others = events.lazy.filter {
                    !$0.isGood && ($0.source - 1000) / agreeing != (event.source - 1000) / agreeing
                }
                if others.contains(where: { isNear($0.time) }) { continue }
            }
            events.append(event)
        }
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

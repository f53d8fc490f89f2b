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
            case 3: .behind(2 * limit + random.below(90 * 86_400))
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

    /// Sources of which `wrong` are fast by minutes or an hour, `agreeing` at a time by as much; gaps of up to the limit. Events of
    /// right sources are `spacing` seconds apart at most: where that is more than the disorder, nearly each of them is a leap.
    /// A wrong one may begin the stream and ends it.
    init(seed: UInt64, good: Int, fast wrong: Int, agreeing: Int = 1, spacing: Int) {
        var random = Seeded(seed: seed)
        var now = Self.start
        let faults = (0..<(wrong + agreeing - 1) / agreeing).map { _ in
            90 + 6 * spacing + random.below(Self.limit - 400 - 6 * spacing)
        }
        func bad(_ source: Int) {
            let time = now + faults[source / agreeing]
            // Those that come near each other agree.
            let agrees = events.suffix(200).contains {
                !$0.isGood && ($0.source - 1000) / agreeing != source / agreeing && abs($0.time - time) <= 30
            }
            if !agrees { events.append(Event(source: 1000 + source, place: 500 + source, time: time, isGood: false)) }
        }
        if wrong > 0, random.below(2) == 0 { for _ in 0..<1 + random.below(8) { bad(random.below(min(wrong, 2))) } }
        for _ in 0..<5 {
            for left in (0..<40 + random.below(100)).reversed() {
                now += random.below(spacing + 1)
                let time = now - random.below(min(spacing + 1, 10))
                events.append(Event(source: random.below(good), place: random.below(good), time: time, isGood: true))
                // At least three right ones speak behind a wrong one before the next gap.
                guard wrong > 0, left > 12, random.below(6) == 0 else { continue }
                let source = random.below(wrong)
                for _ in 0..<1 + random.below(6) { bad(source) }
            }
            now += random.below(Self.limit - 60 - spacing)
        }
        if wrong > 0 { bad(0) }
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
            let mark = ClockMark(limit: limit, state: clock.state, before: nothing)
            let read = try #require(ClockMark(Substring(mark.text)))
            #expect(read == mark)
            // What was held back then is read again by whoever goes on in front of it: here it is only seen to be lost.
            guard clock.firstUndecided == nil else { continue }
            clock = EventClock(plan: plan, state: read.state, capacity: chunk)
        }
        clock.end()
        note(clock.takeRefused())
        return found.sorted()
    }

    /// Whether whoever goes on behind any chunk, from what the log keeps, refuses the same events as one who has read all.
    func goesOnAlike(chunk: Int, plan: PipelinePlan = plan()) throws -> Bool {
        let limit = try #require(plan.maximumAhead)
        let nothing = ClockState(entities: plan.entities.count)
        let whole = try refused(chunk: chunk, plan: plan)
        let (size, lines) = (chunk, lines)
        let batches = stride(from: 0, to: lines.count, by: size).map {
            decode(Array(lines[$0..<min($0 + size, lines.count)]), plan: plan)
        }
        var first = EventClock(plan: plan, state: nothing, capacity: size)
        for number in batches.indices {
            first.take(batches[number], number: number)
            let mark = ClockMark(limit: limit, state: first.state, before: nothing)
            guard let read = ClockMark(Substring(mark.text)), read == mark else { return false }
            var second = EventClock(plan: plan, state: read.state, capacity: size)
            for next in batches.indices.dropFirst(number + 1) { second.take(batches[next], number: next) }
            second.end()
            let found = second.takeRefused().map { $0.batch * size + $0.row }.sorted()
            guard found == whole.filter({ $0 >= (number + 1) * size }) else { return false }
        }
        return true
    }
}

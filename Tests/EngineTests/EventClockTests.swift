import Base
import Engine
import Plan
import TestKit
import Testing

/// The event clock: who is believed about the time.
@Suite struct EventClockTests {
    typealias Event = ClockStream.Event

    /// Runs a stream through clock and engine: what became of the good events.
    private func lost(_ stream: ClockStream, judged: Bool, entities: Int = 1) throws -> Int {
        let plan = ClockStream.plan(entities: entities)
        let batch = decode(stream.lines, plan: plan)
        if judged {
            var clock = EventClock(plan: plan, state: ClockState(entities: entities), capacity: batch.count)
            clock.take(batch, number: 0)
            clock.end()
            batch.refuse(clock.takeRefused())
        }
        let engine = try PartitionEngine(plan: plan, models: [:], partition: 0, capacity: batch.count)
        var output = EngineOutput(partition: 0)
        (0..<Int32(batch.count)).map { $0 }.withUnsafeBufferPointer {
            engine.process(
                batch,
                rows: $0,
                baseOffset: LogOffset(0),
                emits: true,
                isJudged: judged,
                into: &output
            )
        }
        return engine.refusals.count { stream.events[$0.index].isGood }
    }

    /// No event of a right clock is late or rejected, whatever any number of sources say that are wrong, if no three of them agree;
    /// gaps cost nothing. Without the clock nearly every such stream loses some.
    @Test func noGoodEventIsLost() throws {
        var unjudged = 0
        var streams = 0
        for seed in Seeds.upTo(150) {
            let any = Int(seed % 9)
            for (wrong, agreeing) in [(0, 1), (1, 1), (any, 1), (2, 2), (any * 2, 2)] {
                let stream = ClockStream(seed: seed, wrong: wrong, agreeing: agreeing)
                #expect(try lost(stream, judged: true) == 0, "seed \(seed), \(wrong) wrong, \(agreeing) agree")
                unjudged += try lost(stream, judged: false) > 0 ? 1 : 0
                streams += 1
            }
        }
        #expect(unjudged * 10 > streams * 9)
    }

    /// The same whatever is wrong with the clocks.
    @Test func noGoodEventIsLostByAnyFault() throws {
        for seed in Seeds.upTo(100) {
            for (wrong, agreeing) in [(1, 1), (5, 1), (2, 2), (12, 2)] {
                let stream = ClockStream(seed: seed, wrong: wrong, agreeing: agreeing, drawn: true)
                #expect(try lost(stream, judged: true) == 0, "seed \(seed), \(wrong) wrong, \(agreeing) agree")
            }
        }
    }

    /// Who spoke for the present before a gap says nothing against it: here two wrong sources wait when it comes, and then
    /// each says something else.
    @Test func wordsBeforeAGapDoNotCountAgainstIt() throws {
        let wrong = events([101, 102], at: 12 * month) + events([101], at: 14 * month) + events([102], at: 16 * month)
        let before = events([1, 2, 3, 4, 5], at: 0) + wrong[0..<2] + events([1, 2, 3, 4], at: 10)
        let behind = events([5], at: month) + wrong[2...] + events([1, 2, 3], at: month + 10)
        #expect(try ClockStream(before + behind).refused(chunk: 1) == [5, 6, 12, 13])
    }

    /// Every event of a wrong clock is refused while good ones follow, and none is when all are good.
    @Test(arguments: Seeds.upTo(60))
    func wrongOnesAreRefused(seed: UInt64) throws {
        let stream = ClockStream(seed: seed, wrong: 4, agreeing: 2)
        let wrong = stream.events.indices.filter { !stream.events[$0].isGood }
        let whole = try stream.refused(chunk: stream.events.count)
        #expect(whole == wrong, "seed \(seed)")
        // C2: however the stream is cut, and whoever goes on from what the log keeps.
        for chunk in [1, 7, 64] {
            #expect(try stream.refused(chunk: chunk) == whole)
            #expect(try stream.refused(chunk: chunk, restarts: true) == whole)
        }
        #expect(try ClockStream(seed: seed, wrong: 0).refused(chunk: 50).isEmpty)
    }

    private func events(_ sources: [Int], at seconds: Int, place: Int = 0) -> [Event] {
        sources.enumerated().map {
            Event(source: $1, place: place, time: ClockStream.start + seconds + $0, isGood: true)
        }
    }

    private let month = 30 * 86_400

    /// Where the recording ends, who has not been contradicted is believed if as many speak as there are, up to three.
    @Test func theEndDecides() throws {
        func refused(_ events: [Event]) throws -> [Int] { try ClockStream(events).refused(chunk: 100) }
        // One source ever, two ever: their gaps are gaps.
        #expect(try refused(events([1, 1, 1], at: 0) + events([1, 1], at: month)).isEmpty)
        #expect(try refused(events([1, 2], at: 0) + events([1, 2], at: month)).isEmpty)
        // One of many, two of many, three of many.
        let many = events([1, 2, 3, 4], at: 0)
        #expect(try refused(many + events([1], at: month)) == [4])
        #expect(try refused(many + events([1, 2, 1], at: month)) == [4, 5, 6])
        #expect(try refused(many + events([1, 2, 3], at: month)).isEmpty)
        // The first event is a year ahead and nobody else says so; of two that differ the earlier one is believed.
        #expect(try refused(events([7], at: 12 * month) + events([1, 1, 1, 2], at: 0)) == [0])
        #expect(try refused(events([7], at: 12 * month) + events([1], at: 0)) == [0])
        #expect(try refused(events([1], at: 0) + events([7], at: 12 * month)) == [1])
        #expect(try refused(events([7], at: 0)).isEmpty)
    }

    /// Ten payers at one terminal are one source where the pipeline knows terminals.
    @Test func thePoorestEntityCounts() throws {
        let stream = ClockStream(
            events(Array(1...9), at: 0) + events([], at: 0)
                + (1...9).map { Event(source: $0, place: $0, time: ClockStream.start + 20, isGood: true) }
                + events(Array(20...30), at: month, place: 99)
                + (1...9).map { Event(source: $0, place: $0, time: ClockStream.start + 30, isGood: true) }
        )
        #expect(try stream.refused(chunk: 8, plan: ClockStream.plan(entities: 2)) == Array(18..<29))
        #expect(try stream.refused(chunk: 8, plan: ClockStream.plan(entities: 1)).isEmpty)
    }

    /// Nothing waits for more than so many events: then the present is believed, and one source that never stops is not.
    @Test func patienceEnds() throws {
        let plan = ClockStream.plan()
        var clock = EventClock(plan: plan, state: ClockState(entities: 1), capacity: 4000)
        clock.take(decode(ClockStream(events([1, 2, 3, 4, 5], at: 0)).lines, plan: plan), number: 0)
        #expect(clock.firstUndecided == nil)
        clock.take(
            decode(ClockStream(events(Array(repeating: 7, count: 2047), at: month)).lines, plan: plan),
            number: 1
        )
        #expect(clock.firstUndecided == 1 && clock.takeRefused().isEmpty)
        clock.take(decode(ClockStream(events([7], at: month)).lines, plan: plan), number: 2)
        #expect(clock.firstUndecided == nil && clock.takeRefused().count == 2048)
    }

    /// What is far ahead is so no longer when the others have come near it: then it is a leap, which they contradict if they would be
    /// late by it.
    @Test func othersComeNear() throws {
        let ahead = events([1, 2, 3, 4], at: 0) + events([5], at: 5000)
        let near = ahead + events([1, 2], at: 100) + events([1, 2], at: 2000)
        #expect(try ClockStream(near).refused(chunk: 3) == [4])
    }

    /// Sources that are fast by less than the limit cost no right event: any number of them where right sources speak within the
    /// disorder of each other, two where each event is a leap. Without the clock nearly every such stream loses some.
    @Test(arguments: [2, 8, 20, 60, 300])
    func fastSourcesCostNothing(spacing: Int) throws {
        let many = spacing < 10 ? [(6, 1), (20, 1), (20, 2)] : []
        var (unjudged, streams) = (0, 0)
        for seed in Seeds.upTo(12) {
            for (wrong, agreeing) in [(1, 1), (2, 1), (2, 2)] + many {
                let good = 6 + Int(seed * 7 % 45)
                let stream = ClockStream(seed: seed, good: good, fast: wrong, agreeing: agreeing, spacing: spacing)
                #expect(try lost(stream, judged: true) == 0, "seed \(seed), \(wrong) fast, \(agreeing) agree")
                unjudged += try lost(stream, judged: false) > 0 ? 1 : 0
                streams += 1
            }
            let one = ClockStream(seed: seed, good: 40, fast: 1, spacing: spacing)
            #expect(try lost(one, judged: true, entities: 2) == 0, "seed \(seed), two entities")
            // Right ones alone, of one source or fifty: nothing is refused.
            for good in [1, 2, 50] {
                let right = ClockStream(seed: seed, good: good, fast: 0, spacing: spacing)
                #expect(try right.refused(chunk: 100).isEmpty, "seed \(seed), \(good) sources")
            }
        }
        #expect(unjudged * 10 > streams * 9)
    }

    /// C2: however such a stream is cut, and whoever goes on from what the log keeps behind any batch.
    @Test(arguments: [2, 20, 300])
    func leapsAreDecidedAlike(spacing: Int) throws {
        let stream = ClockStream(seed: UInt64(spacing), good: 9, fast: 2, agreeing: 2, spacing: spacing)
        let plan = ClockStream.plan(entities: 2)
        let whole = try stream.refused(chunk: stream.events.count, plan: plan)
        #expect(!whole.isEmpty)
        for chunk in [1, 7, 64] { #expect(try stream.refused(chunk: chunk, plan: plan) == whole) }
        #expect(try stream.goesOnAlike(chunk: 13, plan: plan))
    }

    /// Events further apart than the disorder, a clock that is fast or slow by little more than that: whoever contradicts many
    /// is wrong, as far as it can be told. Each fast event that was believed would cost all until its time has come.
    @Test(arguments: [1.3, 2.5, 5.5, -2.5, -5.5])
    func littleIsLostInSparseStreams(factor: Double) throws {
        let spacing = 240
        var (lost, events) = (0, 0)
        for seed in Seeds.upTo(20) {
            let good = [5, 9, 20][Int(seed % 3)]
            var random = Seeded(seed: seed)
            var now = ClockStream.start
            let stream = ClockStream(
                (0..<240).map { _ in
                    now += seed % 2 == 0 ? spacing : 1 + random.below(2 * spacing)
                    let source = random.below(good + 1)
                    let error = source == good ? Int(Double(spacing) * factor) : 0
                    return Event(source: source, place: 0, time: now + error, isGood: source < good)
                }
            )
            lost += try self.lost(stream, judged: true)
            events += stream.events.count { $0.isGood }
        }
        #expect(lost * 500 < events, "\(lost) of \(events)")
    }

    /// A statement of one account, with a row that is of another year: nobody else can say anything.
    @Test func oneSourceIsBelievedInWhatItSaysMostOften() throws {
        func refused(_ events: [Event]) throws -> [Int] { try ClockStream(events).refused(chunk: 100) }
        let many = events(Array(repeating: 1, count: 40), at: 0)
        for place in [0, 20, 40] {
            let slow = many[..<place] + events([1], at: -13 * month) + many[place...]
            #expect(try refused(Array(slow)).isEmpty, "\(place)")
        }
        // The same if that row is another's.
        #expect(try refused(many + events([2], at: -13 * month)).isEmpty)
        #expect(try refused(events(Array(repeating: 7, count: 3), at: 12 * month) + many) == [0, 1, 2])
    }

    /// What is undecided in a state may have been accepted by what came behind it.
    @Test func whatIsUndecidedIsNotFromElsewhere() throws {
        let plan = ClockStream.plan()
        var clock = EventClock(plan: plan, state: ClockState(entities: 1), capacity: 100)
        clock.take(decode(ClockStream(events([1, 1, 1], at: 0)).lines, plan: plan), number: 0)
        let start = Int64(ClockStream.start) * 1_000_000
        #expect(clock.state.moved(to: start + 2_000_000) == clock.state)
        let later = clock.state.moved(to: start + 86_400_000_000)
        #expect(later.newest == start + 86_400_000_000)
        clock = EventClock(plan: plan, state: later, capacity: 100)
        clock.end()
        clock.take(decode(ClockStream(events([1, 2, 3, 4], at: 86_400)).lines, plan: plan), number: 0)
        clock.take(decode(ClockStream(events([9], at: 86_400 + 2000)).lines, plan: plan), number: 1)
        #expect(clock.state.moved(to: start + 86_400_000_000 + 2_000_000_000) == clock.state)
    }

    /// What was said in one recording counts in the next one, until others have said otherwise.
    @Test func whoSpokeIsRemembered() throws {
        let plan = ClockStream.plan()
        var clock = EventClock(plan: plan, state: ClockState(entities: 1), capacity: 100)
        /// One recording: the last state goes through the log.
        func refused(_ events: [Event]) throws -> [Int] {
            clock.take(decode(ClockStream(events).lines, plan: plan), number: 0)
            clock.end()
            let found = clock.takeRefused().map(\.row)
            let mark = ClockMark(limit: 3_600_000_000, state: clock.state, before: clock.state)
            let read = try #require(ClockMark(Substring(mark.text)))
            #expect(read == mark)
            clock = EventClock(plan: plan, state: read.state, capacity: 100)
            return found
        }
        #expect(try refused(events([1, 2, 3, 4], at: 0)).isEmpty)
        #expect(try refused(events([5], at: month)) == [0])
        #expect(try refused(events([5], at: month + 10)) == [0])
        #expect(try refused(events([6], at: month + 20)) == [0])
        #expect(try refused(events([7], at: month + 30)).isEmpty)
        #expect(try refused(events([1], at: month + 40)).isEmpty)
        // Two that say another year are not believed when a third one does after three others have gone on.
        #expect(try refused(events([8], at: 12 * month)) == [0])
        #expect(try refused(events([9], at: 12 * month + 9)) == [0])
        #expect(try refused(events([1, 2, 3, 4, 5], at: month + 50)).isEmpty)
        #expect(try refused(events([6], at: 12 * month + 20)) == [0])
        #expect(try refused(events([1], at: month + 60)).isEmpty)
    }

    /// One source that is fast among good ones is refused after some of them; a gap costs nothing, whoever dies.
    @Test func leapsWaitForOthers() throws {
        func refused(_ events: [Event]) throws -> [Int] { try ClockStream(events).refused(chunk: 100) }
        let many = events([1, 2, 3, 4, 5], at: 0)
        #expect(try refused(many + events([9], at: 2000) + events([1, 2, 3, 4], at: 6)) == [5])
        #expect(try refused(many + events([1, 1, 2], at: 2000)).isEmpty)
        // The file's last event is fast: nobody contradicts it.
        #expect(try refused(many + events([9], at: 2000)).isEmpty)
        // Of two sources one dies; and it begins with a fast one.
        #expect(
            try refused(events([1, 2, 1, 2], at: 0) + events([2, 2, 2], at: 2000) + events([2], at: 3000)).isEmpty
        )
        #expect(try refused(events([9], at: 2000) + events([1, 2, 3, 4, 5], at: 0)) == [0])
    }

    /// What is a little ahead of a server's clock needs three sources, or all that there are.
    @Test func aServersClockMayBeSlow() throws {
        let plan = ClockStream.plan()
        var clock = EventClock(plan: plan, state: ClockState(entities: 1), capacity: 100)
        let now = Int64(ClockStream.start) * 1_000_000
        func refused(_ events: [Event]) -> [Int] {
            clock.take(decode(ClockStream(events).lines, plan: plan), number: 0, now: now)
            return clock.takeRefused().map(\.row)
        }
        #expect(refused(events([9], at: 3540)) == [0])
        #expect(refused(events([1, 2, 3, 4, 5], at: 0)).isEmpty)
        #expect(refused(events([9, 9, 9], at: 3000)) == [0, 1, 2])
        #expect(refused(events([1, 2, 3, 4], at: 300)) == [0, 1])
        #expect(refused(events([5], at: 303)).isEmpty)
    }

    /// A server that hears one fast source only takes it in the end.
    @Test func aLonelyFastSourceIsTaken() throws {
        let plan = ClockStream.plan()
        var clock = EventClock(plan: plan, state: ClockState(entities: 1), capacity: 100)
        let now = Int64(ClockStream.start) * 1_000_000
        let lines = ClockStream(events(Array(repeating: 1, count: 70), at: 300)).lines
        clock.take(decode(lines, plan: plan), number: 0, now: now)
        #expect(clock.takeRefused().map(\.row) == Array(0..<63))
    }

    /// One among others is not, however much it says, and whether the server was started anew or not.
    @Test func aFastSourceAmongOthersIsNot() throws {
        let plan = ClockStream.plan()
        let now = Int64(ClockStream.start) * 1_000_000
        for isRestarted in [false, true] {
            var clock = EventClock(plan: plan, state: ClockState(entities: 1), capacity: 200)
            func refused(_ events: [Event]) -> [Int] {
                clock.take(decode(ClockStream(events).lines, plan: plan), number: 0, now: now)
                return clock.takeRefused().map(\.row)
            }
            #expect(refused(events([1, 2, 3, 4, 5], at: 0)).isEmpty)
            if isRestarted {
                let state = ClockState(entities: 1).moved(to: clock.state.newest)
                clock = EventClock(plan: plan, state: state, capacity: 200)
            }
            #expect(refused(events(Array(repeating: 9, count: 150), at: 3000)) == Array(0..<150))
            #expect(refused(events([1, 2, 3, 4, 5], at: 0)).isEmpty)
            // It is the server's clock that is slow if all say so.
            #expect(refused(events((0..<200).map { $0 % 5 + 1 }, at: 300)).count < 70)
        }
    }

    /// A server holds nothing back: its clock decides, and of a recording that somebody sends the first events behind a gap wait
    /// for others in vain.
    @Test func aServersClockDecides() throws {
        let plan = ClockStream.plan()
        var clock = EventClock(plan: plan, state: ClockState(entities: 1), capacity: 100)
        let now = Int64(ClockStream.start + month * 6) * 1_000_000
        func refused(_ events: [Event]) -> [Int] {
            clock.take(decode(ClockStream(events).lines, plan: plan), number: 0, now: now)
            #expect(clock.firstUndecided == nil)
            return clock.takeRefused().map(\.row)
        }
        #expect(refused(events([7], at: 12 * month)) == [0])
        #expect(refused(events([1, 2, 3, 4], at: 0)).isEmpty)
        #expect(refused(events([5], at: 2 * month)) == [0])
        #expect(refused(events([1, 2], at: 10)).isEmpty)
        #expect(refused(events([6], at: 2 * month + 60)) == [0])
        // The third one, and all that follow.
        #expect(refused(events([7, 8], at: 2 * month + 90)).isEmpty)
        #expect(refused(events([9, 9], at: 2 * month + 100)).isEmpty)
        // Near the server's time nobody else is asked.
        #expect(refused(events([5], at: 6 * month)).isEmpty)
        #expect(refused(events([5], at: 6 * month + 3601)) == [0])
    }

    @Test func whatIsNoMarkOfTheClockIsNone() {
        // The same with nothing wrong in it.
        #expect(ClockMark("1;;a;9;a+1!1;1_2_3_b-3.c+4!4|4_5_6_!7;;a") != nil)
        #expect(ClockMark("1;;a;9;a+1@7!1;;;a;5!7+1.8+3!a+1@7.a-3@8") != nil)
        let whole = "1;;a;9;a+1!1;1_2_3_b-3.c+4!4;5!7+1.8+3!a+1@7.a-3@8;12;3;a;0;!0;;0!!;7"
        #expect(ClockMark(Substring(whole)) != nil)
        for text in [
            whole + ";", "1" + whole.dropFirst(2), whole + "x", whole.replacing("12;", with: "-1;"),
            whole.replacing("5!7", with: "7"),
            whole.replacing(";!0;;0", with: ";!0,!0;;0"), whole.replacing("3;a;0", with: "3;a,b;0"),
            "1;;a;9;a+1!1;;;a;", "1;;a;9;a+1!1;;;a;5!7!", "1;;a;9;a+1!1;;;a;-1!!", "1;;a;9;a+1!1;;;a;5!7+3.8+3!",
            "1;;a;9;a+1!1;;;a;5!!a+1@", "1;;a;9;a+1!1;;;a;5!!a@1+1", "1;;a;9;a+1!1;;;a;5!!,", "1;;a;9;a+1!1;;;a;5!!;",
            "", "1", "x;;a;0;a+1!0;;;a", ";;a;0;a+1!0;;;a", "1;;a;0;a+1;;;a", "1;;a;-1;a+1!0;;;a",
            "1;;a,b;0;a+1!0;;;a", "1;;a.a;0;a+1!0;;;a", "1;99999999999999999999;a;0;a+1!0;;;a",
            "1;;a;0;a!0;;;a", "1;;a;0;a+!0;;;a", "1;;a;0;a+1.a+2!0;;;a", "1;;a;0;b+1.a+2!0;;;a", "1;;a;0;g+1!0;;;a",
            "1;;a;9;a+1!0;2_1_0_a+1!0;;a", "1;;a;9;a+1!0;1_2_0_a;;a", "1;;a;9;a+1!0;1_2_a+1!0;;a",
            "1;;a;9;a+1!0;1_2_10_a+1!0;;a", "1;;a;9;a+1!0;1_2_0_a+1!0|2_3_0_a+1!0;;a",
        ] {
            #expect(ClockMark(Substring(text)) == nil, "\(text)")
        }
    }
}

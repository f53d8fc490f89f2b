import AlertStore
import Base
import Histogram
import Plan
import Runtime
import Server
import TestKit
import Testing
import Traffic

/// What a test sends, and what is made of what comes back.
@Suite struct SimulationTests {
    private func plan(
        _ load: LoadLevel = .normal,
        seconds: Int = 60,
        domain: Domain? = nil
    ) -> SimulationPlan {
        SimulationPlan(id: "test-1", domain: domain, load: load, durationSeconds: seconds, seed: 7)
    }

    @Test func aLoadLevelIsARate() {
        #expect(plan().events == 10_000 && plan(.crisis, seconds: 3).events == 5000)
        #expect(plan(.mini, seconds: 120).events == 10)
        // Five a minute is less than one in a second: one is sent all the same.
        #expect(plan(.mini, seconds: 1).events == 1)
        #expect(plan(.peak, seconds: 1).events == 833)
        #expect(plan(.crisis, seconds: 3600).events > SimulationPlan.eventsMax)
    }

    /// As many events as are asked for, with the times that they are asked for, and the truth not in them.
    @Test(arguments: LoadLevel.allCases)
    func theSimulatorMakesThatMany(load: LoadLevel) {
        let now: Int64 = 1_772_438_400_000_000
        let plan = plan(load, seconds: 6, domain: .gaming)
        var generator = TrafficGenerator(plan.traffic(now: now, newest: nil, maximumAhead: nil))
        var lines: [UInt8] = []
        var events: [TrafficGenerator.Event] = []
        while let event = generator.next(into: &lines) { events.append(event) }
        #expect(events.count == plan.events && Set(events.map(\.id)).count == events.count)
        #expect(events.allSatisfy { $0.time.microseconds <= now + 600_000_000 })
        #expect(events.allSatisfy { $0.time.microseconds >= now - 130_000_000 })
        let text = String(decoding: lines, as: UTF8.self)
        #expect(!text.contains("fraud_") && text.contains("gaming") && !text.contains("fintech"))
        // A test judges what it sent: no actor is another sequence's, nor another test's.
        let firsts = events.filter { $0.sequencePosition == 0 }
        #expect(Set(firsts.map(\.actor)).count == firsts.count)
        let whole = events.filter { $0.sequencePosition == $0.sequenceLength - 1 }
        #expect(load == .mini || !whole.isEmpty && whole.count < firsts.count)
        var later = TrafficGenerator(plan.traffic(now: now + 60_000_000, newest: nil, maximumAhead: nil))
        lines.removeAll()
        let other = later.next(into: &lines)
        #expect(other.map { event in !events.contains { $0.actor == event.actor } } == true)
    }

    /// A test never lies in the past of what the partitions have seen, nor too far in its future.
    @Test func timeGoesOn() {
        let (now, second): (Int64, Int64) = (1_772_438_400_000_000, 1_000_000)
        func start(_ newest: Int64?, ahead: Int64?) -> Int64 {
            plan().traffic(now: now, newest: newest, maximumAhead: ahead).start.microseconds
        }
        let usual = now - 180 * second
        #expect(start(nil, ahead: nil) == usual && start(nil, ahead: second) == usual)
        #expect(start(usual - 50 * second, ahead: 100 * second) == usual)
        #expect(start(now, ahead: nil) == now + second && start(now + 500, ahead: second) == now + 500 + second)
        // A recording of long ago goes on where it ended.
        #expect(start(usual - 101 * second, ahead: 100 * second) == usual - 100 * second)
        #expect(start(0, ahead: nil) == usual)
    }

    @Test func onlyAPipelineWithTheFieldsFits() {
        #expect(!SimulationPlan.fits(testPlan()))
        var fields = ["transaction_id", "timestamp", "actor_id", "domain", "amount", "more"].map {
            Field(name: $0, type: .text)
        }
        #expect(SimulationPlan.fits(PipelinePlan(name: "p", schema: Schema(fields: fields))))
        fields.remove(at: 2)
        #expect(!SimulationPlan.fits(PipelinePlan(name: "p", schema: Schema(fields: fields))))
    }

    // MARK: - Truth

    /// Any event of the simulator's, as if it were this one.
    private func event(
        _ id: String,
        _ actor: String,
        _ pattern: Pattern,
        of length: Int = 1
    ) throws -> TrafficGenerator.Event {
        var settings = TrafficSettings()
        settings.events = 1
        var generator = TrafficGenerator(settings)
        var line: [UInt8] = []
        let made = generator.next(into: &line)
        var event = try #require(made)
        (event.id, event.actor, event.pattern, event.sequenceLength) = (id, actor, pattern, length)
        return event
    }

    private func change(_ kind: AlertChange.Kind, _ ids: [String], committed: Int64 = 0) -> AlertChange {
        let alert = AlertRecord(
            id: "a",
            detector: "d",
            type: "t",
            entity: "actor",
            entityKey: "x",
            score: 1,
            peakScore: 1,
            severity: "high",
            events: ids.count,
            amount: 0,
            openedMilliseconds: 0,
            firstEventMilliseconds: 0,
            lastEventMilliseconds: 0,
            partition: 0,
            openedOffset: 0,
            lastOffset: 0,
            revisions: 0,
            isEnded: false,
            modelID: nil
        )
        return AlertChange(alert: alert, kind: kind, eventIDs: ids, received: nil, committed: committed)
    }

    private func told(_ truth: SimulationTruth) -> [String] {
        truth.perPattern.map { "\($0.pattern.rawValue) \($0.alerted)/\($0.sessions)" }
    }

    @Test func withoutAlertsEverythingIsMissed() throws {
        var truth = SimulationTruth()
        #expect(told(truth) == [] && truth.alerts == 0 && truth.latency.totalCount == 0)
        for (number, id) in ["1", "2", "3"].enumerated() { try truth.add(event(id, "A", .cardTesting), number: number) }
        try truth.add(event("4", "B", .cardTesting), number: 3)
        try truth.add(event("5", "C", .shopper), number: 4)
        #expect(told(truth) == ["fraud_card_testing 0/2", "regular_shopper 0/1"])
    }

    /// A session counts once, however many alerts it has; an actor with two kinds of behaviour has two sessions.
    @Test func anAlertIsOfItsEventsSessions() throws {
        var truth = SimulationTruth()
        try truth.add(event("1", "A", .cardTesting), number: 0)
        try truth.add(event("2", "A", .cardTesting), number: 1)
        try truth.add(event("3", "A", .shopper), number: 2)
        try truth.add(event("4", "B", .saver), number: 3)
        truth.note(change(.opened, ["1"]), due: { _ in 0 })
        truth.note(change(.revised, ["2"]), due: { _ in 0 })
        #expect(truth.alerts == 1)
        #expect(told(truth) == ["fraud_card_testing 1/1", "regular_shopper 0/1", "regular_saver 0/1"])
        truth.note(change(.opened, ["2", "4"]), due: { _ in 0 })
        #expect(truth.alerts == 2)
        #expect(told(truth) == ["fraud_card_testing 1/1", "regular_shopper 0/1", "regular_saver 1/1"])
    }

    /// What the test's end has cut is told apart: it may have had no time to show what it is.
    @Test func cutSessionsAreNotJudged() throws {
        var truth = SimulationTruth()
        try truth.add(event("1", "A", .cardTesting, of: 2), number: 0)
        try truth.add(event("2", "B", .cardTesting, of: 3), number: 1)
        try truth.add(event("3", "A", .cardTesting, of: 2), number: 2)
        try truth.add(event("4", "B", .cardTesting, of: 3), number: 3)
        try truth.add(event("5", "C", .cardTesting, of: 3), number: 4)
        truth.note(change(.opened, ["3", "5"]), due: { _ in 0 })
        let found = try #require(truth.perPattern.first)
        #expect(found.sessions == 1 && found.alerted == 1 && found.cutSessions == 2 && found.cutAlerted == 1)
    }

    /// Other people's events, and the end of a session, say nothing about the test.
    @Test func othersDoNotCount() throws {
        var truth = SimulationTruth()
        try truth.add(event("1", "A", .cardTesting), number: 0)
        truth.note(change(.opened, ["x", "y"]), due: { _ in 0 })
        truth.note(change(.ended, []), due: { _ in 0 })
        #expect(truth.alerts == 0 && truth.latency.totalCount == 0 && told(truth) == ["fraud_card_testing 0/1"])
        truth.note(change(.opened, ["x", "1"]), due: { _ in 0 })
        #expect(truth.alerts == 1 && told(truth) == ["fraud_card_testing 1/1"])
    }

    /// From the moment at which the last of the alert's events was due, whenever that was sent.
    @Test func latencyIsCountedFromTheDueTime() throws {
        var truth = SimulationTruth()
        for number in 0..<10 { try truth.add(event("\(number)", "A", .cardTesting), number: number) }
        // Event n is due at n ms.
        let due = { (number: Int) in Int64(number) * 1_000_000 }
        truth.note(change(.opened, ["0", "1", "2"], committed: 5_000_000), due: due)
        #expect(truth.latency.totalCount == 1 && (3000...3010).contains(truth.latency.max))
        truth.note(change(.revised, ["9"], committed: 9_500_000), due: due)
        #expect(truth.latency.totalCount == 2 && truth.latency.min == 500)
        // Clocks of two threads: never below zero.
        truth.note(change(.revised, ["8"], committed: 7_000_000), due: due)
        #expect(truth.latency.min == 0)
    }
}

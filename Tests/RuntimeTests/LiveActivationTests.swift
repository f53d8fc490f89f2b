import Activations
import AlertStore
import Delivery
import Dispatch
import Foundation
import Partition
import Plan
import Runtime
import StateStore
import TestKit
import Testing

/// Definitions come into force while events come (C11).
@Suite struct LiveActivationTests {
    private let fixture: LiveFixture

    init() throws { fixture = try LiveFixture() }

    /// Plans that an analyst may have one after the other: a threshold, a window, a rule that is gone, one that is new.
    private var plans: [PipelinePlan] {
        var plans = [fixture.plan]
        var plan = fixture.plan
        plan.detectors[0].kind = .rule(
            condition: .binary(.greaterOrEqual, .feature(0, .number), .number(2)),
            score: 0.7
        )
        plans.append(plan)
        let window = Window(entity: 0, kind: .sliding(size: 600_000_000))
        plan.aggregates.append(Aggregate(window: window, function: .sum, argument: .field(3, .number)))
        plan.features.append(Feature(name: "recent", expression: .aggregate(plan.aggregates.count - 1)))
        plans.append(plan)
        plan.detectors.append(
            Detector(
                name: "much",
                kind: .rule(condition: .binary(.greaterOrEqual, .feature(2, .number), .number(100)), score: 0.9),
                entity: 0,
                sessionGap: 120_000_000
            )
        )
        plans.append(plan)
        plan.detectors.removeFirst()
        plans.append(plan)
        plan.schema.fields[3].minimum = 5
        plans.append(plan)
        return plans
    }

    private func lines(_ range: Range<Int>) -> [String] {
        range.map { event($0, second: Double($0) / 4, actor: "A\($0 % 13)", amount: $0 % 40) }
    }

    /// The digest of the alerts that the log with its activations gives.
    private func recomputed() throws -> String {
        let history = try ActivationHistory.read(store: fixture.files)
        let schedules = try DefinitionShelf(fixture.files, FixtureDefinitions()).schedules(
            history,
            partitions: fixture.plan.partitionCount
        )
        let database = try AlertDatabase(path: fixture.folder + "/again-\(UUID().uuidString).sqlite")
        let sink = DatabaseSink(database, commits: CommitBuilder(topic: fixture.plan.name))
        for (partition, schedule) in schedules.enumerated() {
            let view = try PartitionView(
                schedule,
                partition: partition,
                topic: fixture.plan.name,
                fingerprint: "",
                store: fixture.files
            )
            try view.advance(into: sink)
        }
        let digest = try database.digest()
        try database.close()
        return digest
    }

    @Test func nothingIsLostOrRefusedAndTheLogGivesTheSame() throws {
        try fixture.start()
        let engine = try #require(fixture.engine)
        let (count, batch) = (6000, 25)
        let (refused, ended) = (Guarded(0), DispatchSemaphore(value: 0))
        let sent = lines(0..<count)
        let sender = Thread { [fixture] in
            for first in stride(from: 0, to: count, by: batch) {
                do {
                    let answer = try fixture.send(Array(sent[first..<first + batch]))
                    if case .failure = answer { refused.withLock { $0 += 1 } }
                } catch {
                    refused.withLock { $0 += 1 }
                }
            }
            ended.signal()
        }
        sender.start()
        for plan in plans.dropFirst() {
            let outcome = try engine.activate(FixtureDefinitions.loaded(plan), FixtureDefinitions.note)
            #expect(outcome.isNew)
        }
        ended.wait()
        #expect(refused.withLock { $0 } == 0)
        let (totals, digest) = try fixture.stop()
        #expect(totals.events == count)
        #expect(totals.alerts > 0)
        #expect(try recomputed() == digest)
        // Opened again, and brought from nothing but the log to the same.
        try fixture.start(plan: plans.last)
        #expect(try fixture.stop().digest == digest)
    }

    @Test func whatIsInForceIsSaidAndStaysSo() throws {
        try fixture.start()
        let engine = try #require(fixture.engine)
        #expect(try fixture.send(lines(0..<50)).isTaken)
        let second = FixtureDefinitions.loaded(plans[1])
        let outcome = try engine.activate(second, FixtureDefinitions.note)
        #expect(outcome.activation.number == 2)
        #expect(outcome.changes.names(.changed) == ["three"])
        #expect(engine.definitions.plan == plans[1])
        #expect(try !engine.activate(second, FixtureDefinitions.note).isNew)
        #expect(try fixture.send(lines(50..<100)).isTaken)
        try fixture.stop()
        let history = try ActivationHistory.read(store: fixture.files)
        #expect(history.all.map(\.number) == [1, 2])
        #expect(history.current?.offsets.values.reduce(0, +) == 50)
    }

    /// Another pipeline, or one that puts events into other partitions, cannot follow.
    @Test func whatCannotFollowIsRefused() throws {
        try fixture.start()
        let engine = try #require(fixture.engine)
        var other = fixture.plan
        other.name = "other"
        var wider = fixture.plan
        wider.partitionCount = 5
        for plan in [other, wider] {
            #expect(throws: LiveActivationError.self) {
                try engine.activate(FixtureDefinitions.loaded(plan), FixtureDefinitions.note)
            }
        }
        #expect(engine.definitions.plan == fixture.plan)
        #expect(try fixture.send(lines(0..<10)).isTaken)
        try fixture.stop()
        #expect(try ActivationHistory.read(store: fixture.files).all.count == 1)
    }

    /// What is stopped puts nothing in force any more.
    @Test func aStoppedEngineSaysSo() throws {
        try fixture.start()
        let engine = try #require(fixture.engine)
        let next = FixtureDefinitions.loaded(plans[1])
        try fixture.stop()
        #expect(throws: LiveActivationError.self) { try engine.activate(next, FixtureDefinitions.note) }
    }
}

extension Result where Success == Receipt, Failure == SubmissionError {
    fileprivate var isTaken: Bool { if case .success = self { true } else { false } }
}

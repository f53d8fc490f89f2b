import Base
import Engine
import Plan
import TestKit
import Testing

/// A stream of few actors with disorder, late, duplicate, broken and far-future events.
private func stream(_ seed: UInt64, count: Int, truth: String = "x") -> [String] {
    var random = Seeded(seed: seed)
    var now = 1_772_438_400.0
    return (0..<count).map { index in
        now += Double(random.below(8))
        var time = now
        if random.below(10) == 0 { time -= Double(random.below(9)) }
        if random.below(40) == 0 { time -= 50 }
        if random.below(60) == 0 { time += 900 * 86_400 }
        let id = random.below(30) == 0 ? index - 1 : index
        if random.below(50) == 0 { return "{broken" }
        return
            #"{"id":"e\#(id)","at":\#(time),"actor":"A\#(random.below(6))","amount":\#(random.below(1000)),"truth":"\#(truth)"}"#
    }
}

private func run(
    _ lines: [String],
    batch: Int,
    plan: PipelinePlan = testPlan()
) throws -> (output: EngineOutput, features: [Double]) {
    let engine = try PartitionEngine(plan: plan, models: [:], partition: 0, capacity: batch)
    var output = EngineOutput(partition: 0)
    var features: [Double] = []
    for start in stride(from: 0, to: lines.count, by: batch) {
        let piece = Array(lines[start..<min(start + batch, lines.count)])
        let columns = decode(piece, plan: plan)
        let rows = piece.indices.map { Int32($0) }
        rows.withUnsafeBufferPointer {
            engine.process(columns, rows: $0, baseOffset: LogOffset(Int64(start)), emits: true, into: &output)
        }
        for index in 0..<engine.acceptedCount {
            features += [engine.feature(0, of: index), engine.feature(1, of: index)]
        }
    }
    return (output, features)
}

@Suite struct EngineTests {
    /// C2: alerts, evidence, ledger and features do not depend on how the stream is cut.
    @Test(arguments: Seeds.upTo(15))
    func batchesDoNotMatter(seed: UInt64) throws {
        let lines = stream(seed, count: 600)
        let whole = try run(lines, batch: 600)
        #expect(!whole.output.alerts.isEmpty)
        #expect(whole.output.ledger.events == 600)
        #expect(whole.output.ledger.late > 0 && whole.output.ledger.duplicate > 0 && whole.output.ledger.rejected > 0)
        for size in [1, 7, 64] {
            let cut = try run(lines, batch: size)
            #expect(cut.features.map(\.bitPattern) == whole.features.map(\.bitPattern))
            #expect(cut.output.ledger == whole.output.ledger)
            #expect(cut.output.rejected == whole.output.rejected)
            #expect(cut.output.late == whole.output.late)
            #expect(cut.output.duplicates == whole.output.duplicates)
            let known = Dictionary(uniqueKeysWithValues: cut.output.alerts.map { ($0.id, $0) })
            #expect(known.count == whole.output.alerts.count)
            for alert in whole.output.alerts { #expect(known[alert.id] == alert) }
        }
    }

    /// C7: with other labels, everything but the labels is the same.
    @Test func labelsChangeNothing() throws {
        let first = try run(stream(3, count: 400, truth: "regular"), batch: 100)
        let second = try run(stream(3, count: 400, truth: "fraud"), batch: 100)
        #expect(first.features.map(\.bitPattern) == second.features.map(\.bitPattern))
        #expect(first.output.alerts.map(\.id) == second.output.alerts.map(\.id))
        #expect(first.output.alerts.map(\.score) == second.output.alerts.map(\.score))
    }

    @Test func anAlertIsOneSession() throws {
        func line(_ id: Int, _ second: Int) -> String {
            #"{"id":"e\#(id)","at":\#(1_772_438_400 + second),"actor":"A","amount":10}"#
        }
        let lines = [
            line(1, 0), line(2, 10), line(3, 20), line(4, 30), line(5, 25), line(6, 200), line(7, 210), line(8, 220),
        ]
        let alerts = try run(lines, batch: 3).output.alerts
        #expect(alerts.count == 2)
        #expect(alerts[0].eventCount == 5)
        #expect(alerts[0].isEnded)
        #expect(alerts[0].amount == 50)
        #expect(alerts[0].newEvidence.map(\.role) == [.before, .before, .opened, .revised, .revised])
        #expect(alerts[0].newEvidence.map(\.eventID) == ["e1", "e2", "e3", "e4", "e5"])
        #expect(alerts[0].newEvidence.map(\.offset) == [0, 1, 2, 3, 4])
        #expect(!alerts[1].isEnded)
    }

    /// What opens an alert may have a long session before it: the older part of it is named, not held.
    @Test(arguments: [3, 700, 2500])
    func aLongSessionIsHeldInPart(least: Int) throws {
        var plan = testPlan()
        let condition = Expression.binary(.greaterOrEqual, .feature(0, .number), .number(Double(least)))
        plan.detectors[0].kind = .rule(condition: condition, score: 0.8)
        let lines = (0..<2600).map { #"{"id":"e\#($0)","at":\#(1_772_438_400 + $0 / 50),"actor":"A","amount":1}"# }
        let alerts = try run(lines, batch: 512, plan: plan).output.alerts
        #expect(alerts.count == 1 && alerts[0].eventCount == 2600 && alerts[0].amount == 2600)
        let further = alerts[0].furtherEvidence
        #expect(further.count == max(0, least - 1024))
        #expect(further.map(\.offset) + alerts[0].newEvidence.map(\.offset) == Array(0..<2600))
        #expect(further.first.map(\.time) ?? 1_772_438_400_000_000 == 1_772_438_400_000_000)
        #expect(alerts[0].newEvidence.map(\.position) == Array(further.count..<2600))
        #expect(alerts[0].newEvidence.allSatisfy { $0.eventID == "e\($0.offset)" && !$0.payload.isEmpty })
    }

    /// An output asks for a commit by the bytes of its evidence, whoever adds them, and never before.
    @Test func evidenceFillsAnOutput() throws {
        func output(_ count: Int) throws -> EngineOutput {
            let pad = String(repeating: "x", count: 10_000)
            let lines = (0..<count).map {
                #"{"id":"e\#($0)","at":\#(1_772_438_400 + $0 / 50),"actor":"A","amount":1,"pad":"\#(pad)"}"#
            }
            return try run(lines, batch: 500).output
        }
        #expect(try !output(3000).isFull)
        var full = try output(4000)
        #expect(full.isFull)
        full.removeAll()
        #expect(!full.isFull)
    }

    /// An id is the same text whether its event is still at hand or is read again: without the escapes of its JSON.
    @Test func anIDInEvidenceHasNoEscapes() throws {
        let lines = (0..<3).map { #"{"id":"e\u002f\/\#($0)","at":\#(1_772_438_400 + $0),"actor":"A","amount":1}"# }
        #expect(try run(lines, batch: 3).output.alerts[0].newEvidence.map(\.eventID) == ["e//0", "e//1", "e//2"])
    }

    /// One event stamped far ahead does not make the rest late; a real gap in the recording is believed.
    @Test func farFutureEventsDoNotMoveTheClock() throws {
        func line(_ id: Int, _ time: Int) -> String { #"{"id":"e\#(id)","at":\#(time),"actor":"A","amount":1}"# }
        let start = 1_772_438_400
        var lines = (0..<5).map { line($0, start + $0) }
        lines.append(line(100, start + 400 * 86_400))
        lines += (5..<10).map { line($0, start + $0) }
        let spike = try run(lines, batch: 4).output.ledger
        #expect(spike.rejected == 1)
        #expect(spike.ok == 10)
        lines += (10..<40).map { line($0, start + 90 * 86_400 + $0) }
        let gap = try run(lines, batch: 4).output.ledger
        #expect(gap.late == 0)
        #expect(gap.ok == 10 + 30 - 9)
    }

    @Test func recoveryIsSilentAndGoesOnTheSame() throws {
        let lines = stream(8, count: 500)
        let whole = try run(lines, batch: 50).output
        let plan = testPlan()
        let engine = try PartitionEngine(plan: plan, models: [:], partition: 0, capacity: 50)
        var silent = EngineOutput(partition: 0)
        var output = EngineOutput(partition: 0)
        for start in stride(from: 0, to: 500, by: 50) {
            let columns = decode(Array(lines[start..<start + 50]), plan: plan)
            let rows = (0..<50).map { Int32($0) }
            rows.withUnsafeBufferPointer { rows in
                if start < 300 {
                    engine.process(
                        columns,
                        rows: rows,
                        baseOffset: LogOffset(Int64(start)),
                        emits: false,
                        into: &silent
                    )
                } else {
                    engine.process(columns, rows: rows, baseOffset: LogOffset(Int64(start)), emits: true, into: &output)
                }
            }
        }
        #expect(silent.alerts.isEmpty)
        #expect(silent.ledger.events == 0)
        let known = Dictionary(uniqueKeysWithValues: whole.alerts.map { ($0.id, $0) })
        #expect(!output.alerts.isEmpty)
        for alert in output.alerts {
            let expected = try #require(known[alert.id])
            #expect(alert.eventCount == expected.eventCount)
            #expect(alert.amount == expected.amount)
            #expect(expected.newEvidence.suffix(alert.newEvidence.count) == alert.newEvidence[...])
        }
    }

    @Test func aMissingModelIsAnError() {
        var plan = testPlan()
        plan.detectors.append(
            Detector(name: "m", kind: .model(name: "gone", threshold: 0.5, features: nil), entity: 0, sessionGap: 1)
        )
        #expect(throws: EngineError.missingModel(detector: "m", model: "gone")) {
            try PartitionEngine(plan: plan, models: [:], partition: 0, capacity: 1)
        }
    }
}

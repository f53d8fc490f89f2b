import Base
import Engine
import Forest
import Models
import Plan
import Runtime
import TestKit
import Testing

/// The plan of the tests with a random model over its features.
private func modelPlan(seed: UInt64) throws -> (plan: PipelinePlan, bindings: [Int: ModelBinding]) {
    var random = Seeded(seed: seed)
    let trees = (0..<20).map { _ in tree(&random) }
    let forest = try ForestModel(
        featureNames: ["sum", "n"],
        classNames: ["regular", "fraud_a", "fraud_b"],
        trees: trees
    )
    var plan = testPlan()
    let detector = Detector(
        name: "m",
        kind: .model(name: "m", threshold: 0.5, features: nil),
        entity: 0,
        sessionGap: 60_000_000
    )
    plan.detectors.append(detector)
    let names = plan.features.map(\.name)
    let binding = try ModelBinding(id: "m@1", forest: forest, typical: [50, 1], features: names, negative: "regular")
    return (plan, [1: binding])
}

/// A tree of three levels over two features.
private func tree(_ random: inout Seeded) -> Tree {
    var tree = Tree(leafWidth: 3)
    func grow(_ left: Int) {
        guard left > 0 else {
            let (first, second) = (Double(random.below(50)) / 100, Double(random.below(50)) / 100)
            tree.appendLeaf([1 - first - second, first, second].map { Double(Float($0)) }, cover: 1)
            return
        }
        let node = tree.nodeCount
        let feature = random.below(2)
        tree.feature.append(Int32(feature))
        tree.threshold.append(feature == 0 ? Double(random.below(3000)) : Double(random.below(8)) + 0.5)
        tree.missingGoesLeft.append(true)
        tree.right.append(0)
        tree.cover.append(Float(1 << left))
        grow(left - 1)
        tree.right[node] = Int32(tree.nodeCount)
        grow(left - 1)
    }
    grow(3)
    return tree
}

private func line(_ id: Int, _ second: Double, actor: String = "A", amount: Int = 10) -> String {
    #"{"id":"e\#(id)","at":\#(1_772_438_400 + second),"actor":"\#(actor)","amount":\#(amount)}"#
}

private func bytes(_ lines: [String]) -> [ArraySlice<UInt8>] { lines.map { Array($0.utf8)[...] } }

/// What the stream's engine says as of the last of these events.
private func stream(
    _ lines: [String],
    _ plan: PipelinePlan,
    _ bindings: [Int: ModelBinding]
) throws -> (features: [Double], score: Double, type: String?) {
    let engine = try PartitionEngine(plan: plan, models: bindings, partition: 0, capacity: 2048)
    let batch = decode(lines, plan: plan)
    var output = EngineOutput(partition: 0)
    (0..<Int32(lines.count)).map { $0 }.withUnsafeBufferPointer { rows in
        engine.process(batch, rows: rows, baseOffset: LogOffset(0), emits: true, into: &output)
    }
    let last = engine.acceptedCount - 1
    let binding = try #require(bindings[1])
    return (
        binding.features.map { engine.feature($0, of: last) }, try #require(engine.score(detector: 1, of: last)),
        engine.fraudClass(detector: 1, of: last)
    )
}

@Suite struct PredictorTests {
    /// C6: features, score and reasons are those of the stream, whatever was asked before and however the events are ordered.
    @Test(arguments: Seeds.upTo(20))
    func saysWhatTheStreamSays(seed: UInt64) throws {
        let (plan, bindings) = try modelPlan(seed: seed)
        let predictor = try Predictor(plan: plan, bindings: bindings)
        var random = Seeded(seed: seed)
        for count in [1, 2, 5, 30, 63, 64, 65, 200] {
            var time = 0.0
            let lines = (0..<count).map { index in
                time += Double(random.below(70))
                return line(index, time, amount: random.below(500))
            }
            let expected = try stream(lines, plan, bindings)
            let shuffled = lines.enumerated().map { (order: random.below(1000), index: $0, line: $1) }
                .sorted { ($0.order, $0.index) < ($1.order, $1.index) }.map(\.line)
            for given in [lines, shuffled] {
                let found = try predictor.predict(bytes(given))
                // Events of one time may change places: then sums are the same, too.
                #expect(found.features.map(\.bitPattern) == expected.features.map(\.bitPattern), "\(count) events")
                #expect(found.score == expected.score)
                #expect(found.isFraud == (expected.score >= 0.5))
                #expect(found.type == (found.isFraud ? expected.type : "regular"))
                #expect(found.eventCount == count)
                #expect(found.severity == plan.severities.severity(of: expected.score))
            }
        }
    }

    @Test func reasonsDoNotDependOnWhatIsExplainedTogether() throws {
        let (plan, bindings) = try modelPlan(seed: 3)
        let predictor = try Predictor(plan: plan, bindings: bindings)
        let predictions = try (1...20).map { count in
            try predictor.predict(bytes((0..<count).map { line($0, Double($0), amount: $0 * 40) }))
        }
        let together = predictor.explain(predictions)
        #expect(together == predictions.map { predictor.explain([$0])[0] })
        #expect(together.allSatisfy { $0.count == 2 && $0[0].contribution.magnitude >= $0[1].contribution.magnitude })
        let sum = try #require(together[9].first { $0.feature == 1 })
        #expect(sum.value == 1800 && sum.typical == 50)
    }

    @Test func repeatedEventsCountOnceAndLongGapsAreNoFault() throws {
        let (plan, bindings) = try modelPlan(seed: 4)
        let predictor = try Predictor(plan: plan, bindings: bindings)
        let found = try predictor.predict(bytes([line(1, 0), line(1, 0), line(2, 5), line(3, 40 * 86_400, amount: 7)]))
        #expect(found.eventCount == 3 && found.amount == 27 && found.span == 40 * 86_400 * 1_000_000)
        #expect(found.features == [7, 1])
    }

    /// What cannot be scored has no score.
    @Test func faultsAreNamed() throws {
        let (plan, bindings) = try modelPlan(seed: 5)
        let predictor = try Predictor(plan: plan, bindings: bindings)
        #expect(throws: PredictionError.noEvents) { try predictor.predict([]) }
        let bad = [
            line(1, 0), line(7, 0, amount: -1), #"{"id":"y","actor":"A","amount":1}"#, "{",
        ]
        let error = #expect(throws: PredictionError.self) { try predictor.predict(bytes(bad)) }
        guard case .events(let faults) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(faults.map(\.index) == [1, 2, 3])
        #expect(faults.map(\.field) == ["amount", "at", nil])
        let other = PredictionError.EventFault(index: 0, reason: "is of another who than those before it")
        #expect(throws: PredictionError.events([other])) {
            try predictor.predict(bytes([line(1, 10, actor: "B"), line(2, 0), line(3, 5)]))
        }
        var optional = plan
        optional.schema.fields[2].isRequired = false
        let unnamed = try Predictor(plan: optional, bindings: bindings)
        #expect(throws: PredictionError.self) {
            try unnamed.predict(bytes([#"{"id":"x","at":1772438400,"amount":1}"#]))
        }
        // Nothing of all that is left.
        #expect(try predictor.predict(bytes([line(1, 0)])).features == [10, 1])
    }

    @Test func aPipelineWithoutAModelPredictsNothing() {
        #expect(throws: PredictionError.noModel) { try Predictor(plan: testPlan(), bindings: [:]) }
    }
}

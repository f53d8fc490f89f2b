import Base
import Bytes
import Forest
import ForestTraining
import TestKit
import Testing

/// Three classes: an exclusive-or of two features, and a class that only missing values tell.
private func examples(_ count: Int, seed: UInt64) -> TrainingSet {
    var random = Seeded(seed: seed)
    var columns: [[Float]] = [[], [], [], []]
    var labels: [UInt16] = []
    for _ in 0..<count {
        let a = Float(random.unit())
        let b = Float(random.unit())
        let isMissing = random.below(5) == 0
        columns[0].append(a)
        columns[1].append(b)
        columns[2].append(isMissing ? .nan : Float(random.below(10)))
        columns[3].append(Float(random.unit()))
        labels.append(isMissing ? 2 : (a > 0.5) != (b > 0.5) ? 1 : 0)
    }
    return TrainingSet(
        featureNames: ["a", "b", "m", "noise"],
        classNames: ["same", "different", "missing"],
        columns: columns,
        labels: labels
    )
}

@Suite struct RandomForestTests {
    private func train(
        _ threads: Int,
        _ change: (inout RandomForestTrainer.Parameters) -> Void = { _ in }
    ) throws -> ForestModel {
        var parameters = RandomForestTrainer.Parameters()
        parameters.trees = 20
        parameters.depthMax = 8
        change(&parameters)
        return try RandomForestTrainer(parameters).train(examples(2000, seed: 1), threads: threads).model
    }

    @Test func sameBytesOnAnyNumberOfThreads() throws {
        let one = ModelFile(forest: try train(1), metadata: .object([])).encoded()
        for threads in [2, 4] { #expect(ModelFile(forest: try train(threads), metadata: .object([])).encoded() == one) }
        #expect(try train(1) { $0.seed = 7 } != train(1))
    }

    @Test func learnsWhatNoSingleFeatureTells() throws {
        let model = try train(2)
        let test = examples(1000, seed: 2)
        var output = Array(repeating: Float(0), count: 3000)
        let rows = (0..<4000).map { test.columns[$0 % 4][$0 / 4] }
        ForestScorer(model).score(rows: rows, rowCount: 1000, into: &output)
        var right = 0
        for row in 0..<1000 {
            let scores = output[row * 3..<row * 3 + 3]
            if scores.firstIndex(of: scores.max() ?? 0) == row * 3 + Int(test.labels[row]) { right += 1 }
        }
        #expect(right > 950)
    }

    @Test func limitsAreKept() throws {
        let model = try train(1) {
            $0.depthMax = 3
            $0.leafRowsMin = 40
        }
        for tree in model.trees {
            #expect(tree.nodeCount <= 15)
            for node in 0..<tree.nodeCount where tree.feature[node] < 0 { #expect(tree.cover[node] >= 40) }
        }
    }

    @Test func oneClassIsNotAModel() {
        let set = TrainingSet(featureNames: ["a"], classNames: ["x"], columns: [[1, 2]], labels: [0, 0])
        #expect(throws: ForestError.self) {
            try RandomForestTrainer(RandomForestTrainer.Parameters()).train(set, threads: 1)
        }
    }
}

@Suite struct MetricsTests {
    @Test func reportByHand() {
        // truth: a a a b b c; predicted: a a b b a c
        let report = ClassificationReport(
            classNames: ["a", "b", "c", "d"],
            truth: [0, 0, 0, 1, 1, 2],
            predicted: [0, 0, 1, 1, 0, 2]
        )
        #expect(report.accuracy == 4.0 / 6)
        #expect(report.classes.map(\.name) == ["a", "b", "c"])
        #expect(report.classes[0].precision == 2.0 / 3)
        #expect(report.classes[0].recall == 2.0 / 3)
        #expect(report.classes[1].f1 == 0.5)
        #expect(abs(report.macroF1 - (2.0 / 3 + 0.5 + 1) / 3) < 1e-12)
        #expect(abs(report.weightedF1 - (3 * 2.0 / 3 + 2 * 0.5 + 1) / 6) < 1e-12)
        #expect(report.confusion[0] == [2, 1, 0, 0])
    }

    @Test func areasByHand() {
        // Scores .9+ .8- .7+ .7- .1-: one tie.
        let report = BinaryReport(
            truth: [true, false, true, false, false],
            decided: [true, true, false, false, false],
            scores: [0.9, 0.8, 0.7, 0.7, 0.1]
        )
        #expect(report.precision == 0.5)
        #expect(report.recall == 0.5)
        #expect(report.falsePositiveRate == 1.0 / 3)
        #expect(abs((report.areaUnderROC ?? 0) - (3 + 1.5) / 6) < 1e-12)
        #expect(abs((report.areaUnderPR ?? 0) - (0.5 * 1 + 0.5 * 0.5)) < 1e-12)
    }

    @Test func emptySidesHaveNoFigure() {
        let none = BinaryReport(truth: [false], decided: [false], scores: [0.1])
        #expect(none.precision == nil)
        #expect(none.recall == nil)
        #expect(none.areaUnderROC == nil)
    }
}

@Suite struct SplitTests {
    @Test func validationIsLaterAndOfOtherEntities() {
        let times: [Int64] = (0..<100).map { Int64($0) }
        let entities = (0..<100).map { Text("e\($0 % 37)") }
        let split = TimeEntitySplit(times: times, entities: entities, trainingShare: 0.3)
        let known = Set(split.training.map { entities[$0] })
        #expect(split.training.allSatisfy { times[$0] < split.cut })
        #expect(!split.validation.isEmpty)
        #expect(split.validation.allSatisfy { times[$0] >= split.cut && !known.contains(entities[$0]) })
    }
}

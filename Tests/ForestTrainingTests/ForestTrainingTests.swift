import Base
import Bytes
import Forest
import ForestTraining
import TestKit
import Testing

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

    @Test func oneSplitByHand() throws {
        let column: [Float] = (0..<400).map { Float($0 / 100) }
        let labels: [UInt16] = (0..<400).map { $0 < 200 ? 0 : 1 }
        let set = TrainingSet(featureNames: ["x"], classNames: ["a", "b"], columns: [column], labels: labels)
        var parameters = RandomForestTrainer.Parameters()
        parameters.trees = 3
        for tree in try RandomForestTrainer(parameters).train(set, threads: 1).model.trees {
            #expect(tree.nodeCount == 3)
            #expect(tree.threshold[0] == 1.5)
            #expect(tree.leaves == [1, 0, 0, 1])
        }
    }

    @Test func missingValuesGoWhereTheyBelong() throws {
        let column: [Float] = (0..<300).map { $0 < 200 ? Float($0 % 7) : .nan }
        let labels: [UInt16] = (0..<300).map { $0 < 200 ? 0 : 1 }
        let set = TrainingSet(featureNames: ["x"], classNames: ["a", "b"], columns: [column], labels: labels)
        var parameters = RandomForestTrainer.Parameters()
        parameters.trees = 3
        let model = try RandomForestTrainer(parameters).train(set, threads: 1).model
        #expect(set.accuracy(of: model) == 1)
        #expect(model.trees.allSatisfy { $0.nodeCount == 3 && !$0.missingGoesLeft[0] })
    }

    /// Large nodes count into tables, small ones chain their rows: both must find the same best split.
    @Test func theFirstSplitIsTheBestOfAll() throws {
        for (count, seed) in [(60, UInt64(1)), (300, 2), (12_000, 3), (12_000, 4)] {
            let set = examples(count, seed: seed)
            var parameters = RandomForestTrainer.Parameters()
            parameters.trees = 1
            parameters.depthMax = 1
            parameters.leafRowsMin = 1
            parameters.featuresTried = 4
            parameters.balancesClasses = true
            parameters.seed = seed
            let trained = try RandomForestTrainer(parameters).train(set, threads: 1)
            let tree = trained.model.trees[0]
            // The tree's own sample decides; on all rows no cut is much better than the one found.
            func impurity(_ feature: Int, _ threshold: Float, _ missingGoesLeft: Bool) -> Double {
                var sides = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
                let counts = (0..<3).map { label in Double(set.labels.count { Int($0) == label }) }
                for row in 0..<count {
                    let value = set.columns[feature][row]
                    let side = (value.isNaN ? missingGoesLeft : value < threshold) ? 0 : 1
                    sides[side][Int(set.labels[row])] += 1 / counts[Int(set.labels[row])]
                }
                return sides.reduce(0) { sum, side in
                    let weight = side.reduce(0, +)
                    return weight > 0 ? sum + weight - side.reduce(0) { $0 + $1 * $1 } / weight : sum
                }
            }
            var least = Double.infinity
            for feature in 0..<4 {
                let values = count > 1000 ? Array(set.columns[feature].prefix(300)) : set.columns[feature]
                for value in values + [.infinity] where !value.isNaN {
                    least = min(least, impurity(feature, value, false), impurity(feature, value, true))
                }
            }
            let found = impurity(Int(tree.feature[0]), Float(tree.threshold[0]), tree.missingGoesLeft[0])
            #expect(found < least + 3 / Double(count).squareRoot() / 3, "\(count) rows")
        }
    }

    /// Many more classes that never occur make every node chain its rows; the trees must stay the same.
    @Test func tablesAndChainsAgree() throws {
        let few = examples(5000, seed: 7)
        var many = few
        many.classNames += (0..<900).map { "never \($0)" }
        var parameters = RandomForestTrainer.Parameters()
        parameters.trees = 3
        parameters.depthMax = 6
        let one = try RandomForestTrainer(parameters).train(few, threads: 1)
        let other = try RandomForestTrainer(parameters).train(many, threads: 1)
        for (tree, twin) in zip(one.model.trees, other.model.trees) {
            #expect(tree.feature == twin.feature)
            #expect(tree.threshold == twin.threshold)
            #expect(tree.missingGoesLeft == twin.missingGoesLeft)
            #expect(tree.cover == twin.cover)
        }
        #expect(one.gains == other.gains)
    }

    @Test func weightsMakeRareClassesCount() throws {
        var random = Seeded(seed: 5)
        let column: [Float] = (0..<4000).map { _ in Float(random.below(2)) }
        // One in ten is a fraud where x is 1, one in a hundred elsewhere: without weights no leaf says fraud.
        let labels: [UInt16] = column.map { random.unit() < ($0 == 1 ? 0.1 : 0.01) ? 1 : 0 }
        let set = TrainingSet(featureNames: ["x"], classNames: ["a", "b"], columns: [column], labels: labels)
        func leaf(_ change: (inout RandomForestTrainer.Parameters) -> Void) throws -> Double {
            var parameters = RandomForestTrainer.Parameters()
            parameters.trees = 20
            change(&parameters)
            let model = try RandomForestTrainer(parameters).train(set, threads: 1).model
            return ReferenceForest(model).results(of: [1])[1]
        }
        let plain = try leaf { _ in }
        #expect(abs(plain - 0.1) < 0.03)
        let frauds = Double(labels.count { $0 == 1 })
        let weight = (4000 - frauds) / frauds
        let expected = weight * plain / (weight * plain + 1 - plain)
        #expect(abs(try leaf { $0.balancesClasses = true } - expected) < 0.02)
        #expect(abs(try leaf { $0.positiveWeight = weight } - expected) < 0.02)
    }

    @Test func impurityTakenAwayIsCredited() throws {
        let trained = try RandomForestTrainer(RandomForestTrainer.Parameters()).train(
            examples(2000, seed: 6),
            threads: 2
        )
        #expect(trained.gains.count == 4 && trained.gains.allSatisfy { $0 > 0 })
        #expect(trained.gains[3] < trained.gains[0] && trained.gains[3] < trained.gains[2])
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

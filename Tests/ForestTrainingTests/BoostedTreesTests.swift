import Base
import Forest
import ForestTraining
import Testing

@Suite struct BoostedTreesTests {
    private func train(
        _ set: TrainingSet,
        validation: TrainingSet? = nil,
        threads: Int = 1,
        _ change: (inout BoostedTreesTrainer.Parameters) -> Void = { _ in }
    ) throws -> TrainedForest {
        var parameters = BoostedTreesTrainer.Parameters()
        parameters.rounds = 20
        change(&parameters)
        return try BoostedTreesTrainer(parameters).train(set, validation: validation, threads: threads)
    }

    private func set(_ column: [Float], _ labels: [UInt16]) -> TrainingSet {
        TrainingSet(featureNames: ["x"], classNames: ["regular", "fraud"], columns: [column], labels: labels)
    }

    /// One step with the whole learning rate and no penalty.
    private func stump(_ parameters: inout BoostedTreesTrainer.Parameters) {
        parameters.rounds = 1
        parameters.depthMax = 1
        parameters.learningRate = 1
        parameters.lambda = 0
        parameters.childWeightMin = 0
    }

    @Test func oneSplitByHand() throws {
        // Margins start at 0: gradients ±½, hessians ¼ each. Left: −(½ + ½) / (¼ + ¼) = −2.
        let rows = set([1, 2, 3, 4], [0, 0, 1, 1])
        let plain = try train(rows) { stump(&$0) }.model
        #expect(plain.base == [0])
        #expect(plain.trees[0].threshold[0] == 2.5)
        #expect(plain.trees[0].leaves == [-2, 2])
        let penalised = try train(rows) {
            stump(&$0)
            $0.lambda = 1
        }.model
        #expect(penalised.trees[0].leaves.map { Float($0) } == [-1 / 1.5, 1 / 1.5])
        // A leaf must hold a hessian of ½, two rows.
        let heavy = try train(set([1, 2, 3, 4], [0, 1, 1, 1])) {
            stump(&$0)
            $0.childWeightMin = 0.3
        }.model
        #expect(heavy.trees[0].threshold[0] == 2.5)
    }

    @Test func missingValuesGoWhereTheyBelong() throws {
        let alone = try train(set([1, 2, .nan, .nan], [0, 0, 1, 1])) { stump(&$0) }.model
        #expect(!alone.trees[0].missingGoesLeft[0])
        #expect(ReferenceForest(alone).results(of: [Double.nan])[1] > 0.8)
        #expect(ReferenceForest(alone).results(of: [1e30])[1] < 0.2)
        let left = try train(set([1, 1, 9, 9, .nan], [1, 1, 0, 0, 1])) { stump(&$0) }.model
        #expect(left.trees[0].missingGoesLeft[0])
        let right = try train(set([1, 1, 9, 9, .nan], [0, 0, 1, 1, 1])) { stump(&$0) }.model
        #expect(!right.trees[0].missingGoesLeft[0])
        #expect(left.trees[0].threshold[0] == 5 && right.trees[0].threshold[0] == 5)
    }

    @Test func theFirstSplitIsTheBestOfAll() throws {
        for seed in UInt64(1)...20 {
            var rows = frauds(200, seed: seed)
            // One value in most of the rows.
            rows.columns[2] = rows.columns[0].map { $0 > 0.8 ? $0 : 0 }
            let tree = try train(rows) {
                stump(&$0)
                $0.lambda = 1
            }.model.trees[0]
            let share = Double(rows.labels.count { $0 == 1 }) / 200
            func score(_ rows: [Int], _ labels: [UInt16]) -> Double {
                let gradient = rows.reduce(0) { $0 + share - Double(labels[$1]) }
                return gradient * gradient / (Double(rows.count) * share * (1 - share) + 1)
            }
            func score(_ feature: Int, _ threshold: Float, _ missingGoesLeft: Bool) -> Double {
                let column = rows.columns[feature]
                let goesLeft = column.map { $0.isNaN ? missingGoesLeft : $0 < threshold }
                return score(column.indices.filter { goesLeft[$0] }, rows.labels)
                    + score(column.indices.filter { !goesLeft[$0] }, rows.labels)
            }
            var best = 0.0
            for (feature, column) in rows.columns.enumerated() {
                for threshold in column + [.infinity] where !threshold.isNaN {
                    best = max(best, score(feature, threshold, false), score(feature, threshold, true))
                }
            }
            let found = score(Int(tree.feature[0]), Float(tree.threshold[0]), tree.missingGoesLeft[0])
            #expect(abs(found - best) < 1e-5 * best, "seed \(seed)")
        }
    }

    @Test func sameBytesOnAnyNumberOfThreadsAndInAnyOrderOfRows() throws {
        let rows = frauds(40_000, seed: 1)
        let changes: [@Sendable (inout BoostedTreesTrainer.Parameters) -> Void] = [
            { $0.rounds = 5 },
            {
                $0.rounds = 5
                $0.leavesMax = 12
            },
            {
                $0.rounds = 5
                $0.rowShare = 0.6
                $0.featureShare = 0.7
                $0.featureShareNode = 0.7
            },
        ]
        for change in changes {
            let one = try train(rows, change).model.bytes
            for threads in [2, 3] { #expect(try train(rows, threads: threads, change).model.bytes == one) }
        }
        let classes = examples(20_000, seed: 1)
        #expect(try train(classes, threads: 2) { $0.rounds = 3 } == train(classes) { $0.rounds = 3 })
        // Without sampling, sums are exact: the order of the rows cannot matter.
        let backwards = rows.selecting(Array((0..<rows.rowCount).reversed()))
        #expect(try train(backwards, changes[0]).model.bytes == train(rows, changes[0]).model.bytes)
    }

    @Test func lossFallsWithEveryRound() throws {
        for rows in [frauds(3000, seed: 3), examples(3000, seed: 3)] {
            let losses = try train(rows, validation: rows) {
                $0.rounds = 40
                $0.patience = 40
            }.validationLoss
            #expect(losses.count == 40)
            #expect(zip(losses, losses.dropFirst()).allSatisfy { $0 > $1 })
        }
    }

    @Test func stopsEarlyByTheValidationRowsOnly() throws {
        let training = frauds(1000, seed: 4)
        let other = frauds(1000, seed: 5)
        func stop(_ validation: TrainingSet?) throws -> TrainedForest {
            try train(training, validation: validation) {
                $0.rounds = 300
                $0.patience = 10
            }
        }
        let stopped = try stop(other)
        let best = try #require(
            stopped.validationLoss.indices.min { stopped.validationLoss[$0] < stopped.validationLoss[$1] }
        )
        #expect(stopped.rounds == best + 1)
        #expect(stopped.validationLoss.count == best + 11)
        #expect(stopped.model.trees.count < 300)
        // Judged by the training rows themselves, or by none, it would never stop.
        #expect(try stop(training).rounds == 300)
        #expect(try stop(nil).rounds == 300)
        // The rounds kept are those of a training that never looked at other rows.
        #expect(try train(training) { $0.rounds = stopped.rounds }.model == stopped.model)
    }

    @Test func limitsAreKept() throws {
        let rows = frauds(4000, seed: 6)
        let model = try train(rows) {
            $0.depthMax = 9
            $0.leavesMax = 7
            $0.childWeightMin = 20
        }.model
        for tree in model.trees {
            #expect(tree.leafCount <= 7 && tree.leafCount > 1)
            for node in 0..<tree.nodeCount where tree.feature[node] < 0 { #expect(tree.cover[node] >= 20) }
        }
        #expect(try train(rows) { $0.depthMax = 2 }.model.trees.allSatisfy { $0.leafCount <= 4 })
        #expect(try train(rows) { $0.gainMin = 1e9 }.model.trees.allSatisfy { $0.leafCount == 1 })
        let few = try train(rows) { $0.gainMin = 20 }.model.trees.reduce(0) { $0 + $1.leafCount }
        #expect(try few < train(rows).model.trees.reduce(0) { $0 + $1.leafCount })
    }

    @Test func weightsMoveTheProbability() throws {
        let rows = frauds(4000, seed: 7)
        func mean(_ change: (inout BoostedTreesTrainer.Parameters) -> Void) throws -> Double {
            rows.fraudScores(of: try train(rows, change).model, negativeClass: 0).reduce(0, +) / 4000
        }
        let share = Double(rows.labels.count { $0 == 1 }) / 4000
        #expect(abs(try mean { _ in } - share) < 0.01)
        let weighted = try mean { $0.positiveWeight = 10 }
        #expect(weighted > share + 0.2)
        let balanced = try train(rows) { $0.balancesClasses = true }
        #expect(balanced.model.base[0].magnitude < 1e-6)
        let start = try train(rows) { $0.positiveWeight = (1 - share) / share }.model.base[0]
        #expect(start.magnitude < 1e-6)
    }

    @Test func learnsClassesAndNamesWhatMatters() throws {
        let trained = try train(examples(4000, seed: 8)) { $0.rounds = 60 }
        let test = examples(1000, seed: 9)
        #expect(test.accuracy(of: trained.model) > 0.97)
        #expect(trained.model.trees.count == 180)
        let total = trained.gains.reduce(0, +)
        #expect(trained.gains[3] < 0.1 * total)
        let fraud = try train(frauds(4000, seed: 8))
        let lost = PermutationImportance.measure(
            fraud.model,
            on: frauds(2000, seed: 9),
            negativeClass: 0,
            seed: 1,
            threads: 2
        )
        #expect(lost[0] > 0.05 && lost[1] > 0.05 && lost[2].magnitude < 0.03)
    }

    @Test func binsAreFineInTheTail() throws {
        // Frauds are the highest 0.2 % of more values than there are bins.
        let column = (0..<20_000).map { Float($0) }
        let rows = set(column, column.map { $0 >= 19_960 ? 1 : 0 })
        let model = try train(rows) { $0.binsMax = 256 }.model
        let scores = rows.fraudScores(of: model, negativeClass: 0)
        let report = BinaryReport(
            truth: rows.labels.map { $0 == 1 },
            decided: rows.labels.map { $0 == 1 },
            scores: scores
        )
        #expect((report.areaUnderPR ?? 0) > 0.9)
    }

    @Test func strangeColumnsAreNoTrouble() throws {
        let rows = TrainingSet(
            featureNames: ["constant", "absent", "endless", "tiny"],
            classNames: ["regular", "fraud"],
            columns: [
                [1, 1, 1, 1], [.nan, .nan, .nan, .nan], [-.infinity, 0, .infinity, .infinity],
                [0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude],
            ],
            labels: [0, 0, 1, 1]
        )
        let model = try train(rows) { stump(&$0) }.model
        #expect(rows.accuracy(of: model) == 1)
        #expect(throws: ForestError.self) {
            try train(TrainingSet(featureNames: ["a"], classNames: ["x"], columns: [[1, 2]], labels: [0, 0]))
        }
        let one = try train(set([1], [1])).model
        #expect(one.trees.allSatisfy { $0.leafCount == 1 })
    }
}

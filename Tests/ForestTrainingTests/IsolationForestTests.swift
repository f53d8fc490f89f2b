import Base
import Forest
import ForestTraining
import Testing

@Suite struct IsolationForestTests {
    /// A cloud around the origin with a few rows far off, at the end.
    private func cloud(_ count: Int, outliers: Int) -> TrainingSet {
        var random = Seeded(seed: 1)
        var columns: [[Float]] = [[], [], []]
        for row in 0..<count + outliers {
            for column in columns.indices {
                let value = random.unit() + random.unit() + random.unit() - 1.5
                let isFar = row >= count && column == row % 3
                columns[column].append(Float(isFar ? value + 6 : value))
            }
            if row % 50 == 0 { columns[2][row] = .nan }
        }
        let labels = (0..<count + outliers).map { UInt16($0 >= count ? 1 : 0) }
        return TrainingSet(
            featureNames: ["a", "b", "c"],
            classNames: ["regular", "odd"],
            columns: columns,
            labels: labels
        )
    }

    @Test func expectedDepthsAreThoseOfThePaper() {
        #expect(IsolationForestTrainer.expectedDepth(1) == 0)
        #expect(IsolationForestTrainer.expectedDepth(2) == 1)
        #expect(abs(IsolationForestTrainer.expectedDepth(3) - (2 * 1.5 - 4.0 / 3)) < 1e-12)
        #expect(abs(IsolationForestTrainer.expectedDepth(256) - 10.2487) < 1e-3)
    }

    @Test func plantedOutliersStandOut() throws {
        let set = cloud(3000, outliers: 12)
        let trained = try IsolationForestTrainer(IsolationForestTrainer.Parameters()).train(set, threads: 2)
        #expect(trained.model.kind == .anomaly)
        let scores = set.fraudScores(of: trained.model, negativeClass: 0)
        #expect(scores.allSatisfy { $0 > 0 && $0 < 1 })
        #expect((scores[3000...].min() ?? 0) > 0.55)
        let ordinary = scores[..<3000].sorted()
        #expect(ordinary[1500] < 0.5)
        let report = BinaryReport(
            truth: set.labels.map { $0 == 1 },
            decided: set.labels.map { $0 == 1 },
            scores: scores
        )
        #expect((report.areaUnderROC ?? 0) > 0.98)
    }

    @Test func limitsAreKeptAndTheLabelsNotLookedAt() throws {
        var set = cloud(1000, outliers: 5)
        var parameters = IsolationForestTrainer.Parameters()
        parameters.trees = 20
        let one = try IsolationForestTrainer(parameters).train(set, threads: 1)
        for tree in one.model.trees {
            #expect(tree.cover[0] == 256)
            #expect(tree.leaves.allSatisfy { $0 >= 1 && $0 < 8 + 10.3 })
            var depths = Array(repeating: 0, count: tree.nodeCount)
            for node in 0..<tree.nodeCount where tree.feature[node] >= 0 {
                depths[node + 1] = depths[node] + 1
                depths[Int(tree.right[node])] = depths[node] + 1
            }
            #expect((depths.max() ?? 0) <= 8)
        }
        set.labels = set.labels.map { _ in 0 }
        set.classNames = [""]
        #expect(try IsolationForestTrainer(parameters).train(set, threads: 3) == one)
        #expect(throws: ForestError.self) {
            try IsolationForestTrainer(parameters).train(set.selecting([1]), threads: 1)
        }
    }
}

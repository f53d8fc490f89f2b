import Base
import Forest
import Models
import Testing

/// One tree: what is above a threshold of the first feature has other leaves.
private func stump(_ below: [Double], _ above: [Double]) -> Tree {
    var tree = Tree(leafWidth: below.count)
    tree.feature.append(0)
    tree.threshold.append(10)
    tree.missingGoesLeft.append(true)
    tree.right.append(0)
    tree.cover.append(4)
    tree.appendLeaf(below, cover: 2)
    tree.right[0] = Int32(tree.nodeCount)
    tree.appendLeaf(above, cover: 2)
    return tree
}

private func forest(_ kind: [String] = ["bot", "regular", "theft"]) throws -> ForestModel {
    try ForestModel(
        featureNames: ["n", "sum"],
        classNames: kind,
        trees: [stump([0.125, 0.75, 0.125], [0.25, 0.25, 0.5]), stump([0.125, 0.75, 0.125], [0.5, 0, 0.5])]
    )
}

private func reading<Value>(
    _ results: [Float],
    _ body: (UnsafeBufferPointer<Float>) -> Value
) -> Value {
    results.withUnsafeBufferPointer(body)
}

@Suite struct ResultMeaningTests {
    /// The class that is not fraud may stand anywhere.
    @Test func classesAreToldApartByTheOneThatIsNotFraud() throws {
        let kind = ForestModel.Kind.classification(classNames: ["bot", "regular", "theft"])
        let meaning = try #require(ResultMeaning(kind, negative: "regular"))
        #expect(meaning.hasClasses && meaning.negativeClass == 1 && meaning.fraudClasses == ["bot", "theft"])
        #expect(meaning == ResultMeaning(kind, negativeClass: 1))
        #expect(reading([0.25, 0.25, 0.5]) { meaning.score($0) } == 0.75)
        #expect(reading([0.25, 0.25, 0.5]) { meaning.fraudClass($0) } == "theft")
        #expect(reading([0.25, 0.5, 0.25]) { meaning.fraudClass($0) } == "bot")
        #expect(reading([0.25, 0.5, 0.25]) { meaning.predictedClass($0) } == 1)
        #expect(reading([0.5, 0, 0.5]) { meaning.predictedClass($0) } == 0)
        let named = reading([0.25, 0.25, 0.5]) { meaning.probabilities($0) }
        #expect(named.map(\.name) == meaning.classNames && named.map(\.probability) == [0.25, 0.25, 0.5])
        #expect(ResultMeaning(kind, negative: "fine") == nil)
    }

    @Test func anAnomalyIsItsOnlyResult() throws {
        let meaning = try #require(ResultMeaning(.anomaly, negative: "usual"))
        #expect(!meaning.hasClasses && meaning.classNames == ["usual", "anomaly"])
        #expect(
            reading([0.75]) { meaning.score($0) } == 0.75 && reading([0.75]) { meaning.fraudClass($0) } == "anomaly"
        )
        #expect(
            reading([0.5]) { meaning.predictedClass($0) } == 1 && reading([0.25]) { meaning.predictedClass($0) } == 0
        )
        #expect(reading([0.75]) { meaning.probabilities($0) }.map(\.probability) == [0.25, 0.75])
    }

    /// What rounding leaves outside of 0…1 is no score, and nothing is no score of 0.
    @Test func scoresAreProbabilitiesOrNone() {
        let meaning = ResultMeaning(.classification(classNames: ["regular", "fraud"]), negativeClass: 0)
        #expect(reading([1.5, 0]) { meaning.score($0) } == 0 && reading([1.5, 0]) { meaning.risk($0) } == -0.5)
        #expect(reading([-0.5, 1.5]) { meaning.score($0) } == 1)
        #expect(reading([.nan, .nan]) { meaning.score($0) }.isNaN)
    }

    @Test func theFirstOfTheLargestCounts() {
        #expect(ResultMeaning.mostProbable([1, 3, 3, 2]) == 1)
        #expect(ResultMeaning.mostProbable([9, 1, 3, 3][1...]) == 1)
        #expect(ResultMeaning.mostProbable([Float.nan, 1]) == 0)
    }
}

@Suite struct ModelBindingTests {
    @Test func featuresAreFoundByName() throws {
        let names = ["sum", "other", "n"]
        let binding = try ModelBinding(
            id: "m@1",
            forest: forest(),
            typical: [2, 50],
            features: names,
            negative: "regular"
        )
        #expect(binding.features == [2, 0] && binding.treeCount == 2 && binding.prepared.resultCount == 3)
        #expect(throws: ModelError.unknownFeature(model: "m@1", feature: "n", suggestion: nil)) {
            try ModelBinding(id: "m@1", forest: forest(), typical: nil, features: ["sum"], negative: "regular")
        }
        #expect(throws: ModelError.unknownFeature(model: "m@1", feature: "sum", suggestion: "sums")) {
            try ModelBinding(id: "m@1", forest: forest(), typical: nil, features: ["n", "sums"], negative: "regular")
        }
        #expect(
            throws: ModelError.missingNegativeClass(
                model: "m@1",
                negative: "fine",
                classes: ["bot", "regular", "theft"]
            )
        ) {
            try ModelBinding(id: "m@1", forest: forest(), typical: nil, features: names, negative: "fine")
        }
    }

    /// Through the seam as without it, row by row as together, in either width.
    @Test func theSeamChangesNoScore() throws {
        let model = try forest()
        let binding = try ModelBinding(
            id: "m@1",
            forest: model,
            typical: [2, 50],
            features: ["sum", "n"],
            negative: "regular"
        )
        var random = Seeded(seed: 7)
        let rows = (0..<2500).map { _ in [Float(random.below(20)), Float(random.below(100))] }
        let scores = binding.scores(of: [rows.map { $0[1] }, rows.map { $0[0] }])
        var results = [Float](repeating: 0, count: rows.count * 3)
        ForestScorer(model).score(rows: rows.flatMap(\.self), rowCount: rows.count, into: &results)
        for row in rows.indices {
            #expect(scores[row] == 1 - Double(results[row * 3 + 1]))
            #expect(scores[row] == (rows[row][0] < 10 ? 0.25 : 0.875))
        }
        let scorer = binding.prepared.makeScorer()
        var alone: [Float] = [0, 0, 0]
        for row in 0..<20 {
            rows[row].map { Double($0) }.withUnsafeBufferPointer { values in
                guard let start = values.baseAddress else { return }
                scorer.score(RowBlock(.double(start), count: 1), into: &alone)
            }
            #expect(alone == Array(results[row * 3..<row * 3 + 3]))
        }
    }

    @Test func reasonsAddUpToTheScore() throws {
        let binding = try ModelBinding(
            id: "m@1",
            forest: forest(),
            typical: [2, 50],
            features: ["sum", "n"],
            negative: "regular"
        )
        let reasons = binding.reasons(of: [[12, 1], [3, 1]])
        #expect(reasons.map { $0.map(\.feature) } == [[1, 0], [1, 0]])
        #expect(reasons[0][0].value == 12 && reasons[0][0].typical == 2 && reasons[0][1].contribution == 0)
        // Half of what the forest was grown from lies on either side.
        let mean = (0.25 + 0.875) / 2
        #expect(abs(reasons[0][0].contribution - (0.875 - mean)) < 1e-9)
        #expect(abs(reasons[1][0].contribution - (0.25 - mean)) < 1e-9)
        #expect(binding.reasons(of: [[3, 1]])[0] == reasons[1])
        #expect(binding.reasons(of: []).isEmpty)
    }
}

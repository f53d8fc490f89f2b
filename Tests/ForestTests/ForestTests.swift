import Base
import Bytes
import Forest
import TestKit
import Testing

/// A random tree of at most the depth, in depth-first order, with repeated thresholds so that ties occur.
private func randomTree(_ random: inout Seeded, features: Int, classes: Int, depth: Int) -> Tree {
    var tree = Tree(leafWidth: classes)
    func grow(_ left: Int) -> Float {
        let node = tree.nodeCount
        tree.threshold.append(0)
        tree.missingGoesLeft.append(random.below(2) == 0)
        tree.right.append(0)
        tree.cover.append(0)
        guard left > 0, random.below(5) > 0 else {
            tree.feature.append(-1)
            tree.missingGoesLeft[node] = true
            tree.right[node] = Int32(tree.leaves.count / classes)
            let weights = (0..<classes).map { _ in Float(random.below(4)) }
            let total = weights.reduce(0, +)
            tree.leaves +=
                total == 0 ? [1] + Array(repeating: 0, count: classes - 1) : weights.map { Double($0 / total) }
            tree.cover[node] = Float(1 + random.below(50))
            return tree.cover[node]
        }
        tree.feature.append(Int32(random.below(features)))
        tree.threshold[node] = Double(random.below(7)) - 3
        let first = grow(left - 1)
        tree.right[node] = Int32(tree.nodeCount)
        tree.cover[node] = first + grow(left - 1)
        return tree.cover[node]
    }
    _ = grow(depth)
    return tree
}

private func randomForest(_ seed: UInt64) throws -> ForestModel {
    var random = Seeded(seed: seed)
    let features = 1 + random.below(6)
    let classes = 2 + random.below(4)
    return try ForestModel(
        featureNames: (0..<features).map { "f\($0)" },
        classNames: (0..<classes).map { "c\($0)" },
        trees: (0..<1 + random.below(12)).map { _ in
            randomTree(&random, features: features, classes: classes, depth: random.below(9))
        }
    )
}

private func randomRows(_ random: inout Seeded, _ count: Int) -> [Float] {
    (0..<count).map { _ in
        switch random.below(12) {
        case 0: .nan
        case 1: .infinity
        case 2: -.infinity
        case 3: -0.0
        default: Float(random.below(9)) - 4
        }
    }
}

@Suite struct ForestScorerTests {
    /// The plain walk, row by row and node by node: the definition.
    private func reference(_ model: ForestModel, _ row: ArraySlice<Float>) -> [Float] {
        ReferenceForest(model).results(of: Array(row)).map { Float($0) }
    }

    @Test(arguments: Seeds.upTo(60))
    func equalsThePlainWalkForEveryBatchSize(seed: UInt64) throws {
        let model = try randomForest(seed)
        var random = Seeded(seed: seed &+ 1000)
        let features = model.featureNames.count
        let classes = model.classNames.count
        let count = 150
        let rows = randomRows(&random, count * features)
        let expected = (0..<count).flatMap { reference(model, rows[$0 * features..<($0 + 1) * features]) }
        let scorer = ForestScorer(model)
        for size in [1, 3, 64, 100, count] {
            var output = Array(repeating: Float(-1), count: count * classes)
            for start in stride(from: 0, to: count, by: size) {
                let rowCount = min(size, count - start)
                rows.withUnsafeBufferPointer { rows in
                    output.withUnsafeMutableBufferPointer { output in
                        guard let source = rows.baseAddress, let target = output.baseAddress else { return }
                        scorer.score(
                            rows: source + start * features,
                            rowCount: rowCount,
                            into: target + start * classes
                        )
                    }
                }
            }
            #expect(output.map(\.bitPattern) == expected.map(\.bitPattern))
        }
    }

    @Test(arguments: Seeds.upTo(30))
    func contributionsAddUpToTheScore(seed: UInt64) throws {
        let model = try randomForest(seed)
        var random = Seeded(seed: seed &+ 2000)
        let explainer = ForestExplainer(model, awayFrom: 0)
        for _ in 0..<50 {
            let row = randomRows(&random, model.featureNames.count)
            let score = 1 - Double(reference(model, row[...])[0])
            let sum = explainer.baseValue + explainer.contributions(of: row).reduce(0, +)
            #expect(abs(sum - score) < 1e-5)
        }
    }
}

@Suite struct ModelFileTests {
    /// The checksum finds what the other checks cannot: a threshold that is another number.
    @Test func everyFlippedBitIsFound() throws {
        let bytes = ModelFile(forest: try randomForest(3), metadata: .object([])).encoded()
        for position in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 3000)) {
            var changed = bytes
            changed[position] ^= 1 << UInt8(position % 8)
            #expect(throws: ForestError.self) { try ModelFile(decoding: changed) }
        }
    }

    @Test(arguments: Seeds.upTo(30))
    func roundTripsToTheSameBytes(seed: UInt64) throws {
        let file = ModelFile(forest: try randomForest(seed), metadata: .object([.init("seed", .text("x"))]))
        let bytes = file.encoded()
        let again = try ModelFile(decoding: bytes)
        #expect(again == file)
        #expect(again.encoded() == bytes)
    }

    @Test(arguments: [
        "", "{}", "[]", "{\"format\":\"other\"}",
        "{\"format\":\"patternalarm-forest/1\",\"features\":[\"a\"],\"classes\":[\"x\",\"y\"],\"trees\":[]}",
        // A feature out of range, a node without children, more leaves than nodes, a huge count.
        "{\"format\":\"patternalarm-forest/1\",\"features\":[\"a\"],\"classes\":[\"x\",\"y\"],\"trees\":[{\"feature\":[1,-1,-1],\"threshold\":[1],\"missing\":\"l\",\"cover\":[1,1],\"leaves\":[1,0,1,1,1,1]}]}",
        "{\"format\":\"patternalarm-forest/1\",\"features\":[\"a\"],\"classes\":[\"x\",\"y\"],\"trees\":[{\"feature\":[0,-1],\"threshold\":[1],\"missing\":\"l\",\"cover\":[1],\"leaves\":[1,0,1]}]}",
        "{\"format\":\"patternalarm-forest/1\",\"features\":[\"a\"],\"classes\":[\"x\",\"y\"],\"trees\":[{\"feature\":[-1],\"threshold\":[],\"missing\":\"\",\"cover\":[1],\"leaves\":[1,0,1,1,0,1]}]}",
        "{\"format\":\"patternalarm-forest/1\",\"features\":[\"a\"],\"classes\":[\"x\",\"y\"],\"trees\":[{\"feature\":[-1],\"threshold\":[],\"missing\":\"\",\"cover\":[1],\"leaves\":[1000000000]}]}",
        "{\"format\":\"patternalarm-forest/1\",\"features\":[\"a\"],\"classes\":[\"x\",\"y\"],\"trees\":[{\"feature\":[-1,-1],\"threshold\":[],\"missing\":\"\",\"cover\":[1,1],\"leaves\":[1,0,1,1,0,1]}]}",
        "{\"format\":\"patternalarm-forest/1\",\"features\":[\"a\"],\"classes\":[\"x\",\"y\"],\"trees\":[{\"feature\":[-1],\"threshold\":[],\"missing\":\"\",\"cover\":[1],\"leaves\":[1,0,7]}]}",
    ])
    func hostileFilesAreRefused(text: String) {
        #expect(throws: ForestError.self) { try ModelFile(decoding: Array(text.utf8)) }
    }

    /// Every cut and random changes of a real file: a model or an error, never a trap.
    @Test func mutatedFilesNeverTrap() throws {
        let bytes = ModelFile(forest: try randomForest(4), metadata: .object([])).encoded()
        var random = Seeded(seed: 9)
        for size in 0..<bytes.count {
            #expect(throws: ForestError.self) { try ModelFile(decoding: Array(bytes[..<size].dropLast())) }
        }
        for _ in 0..<3000 {
            var changed = bytes
            for _ in 0...random.below(3) { changed[random.below(changed.count)] = UInt8(0x20 + random.below(95)) }
            do { _ = try ModelFile(decoding: changed) } catch { #expect(!error.description.isEmpty) }
        }
    }
}

@Suite struct GeneralModelTests {
    /// A model of everything at once: scalar and vector leaves, all tests, zeros as missing, link and calibration.
    private func model(_ change: (inout [Tree]) -> Void = { _ in }) throws -> ForestModel {
        var wide = Tree(leafWidth: 3)
        wide.feature = [1, -1, 0, -1, -1]
        wide.tests = [.inSet, .less, .equal, .less, .less]
        wide.threshold = [1, 0, 2.5, 0, 0]
        wide.missingGoesLeft = [false, true, true, true, true]
        wide.right = [2, 0, 4, 1, 2]
        wide.cover = [10.5, 4, 6.25, 3, 3]
        wide.leaves = [1, 0, 0, 0, 2, 0.1, 0, 0, -3]
        wide.categoryOffsets = [0, 1, 3]
        wide.categoryWords = [1, 0b110, 0x8000_0000]
        var narrow = Tree(leafWidth: 1, output: 2)
        narrow.feature = [0, -1, -1]
        narrow.threshold = [.infinity, 0, 0]
        narrow.missingGoesLeft = [false, true, true]
        narrow.right = [2, 0, 1]
        narrow.cover = [0, 0, 0]
        narrow.leaves = [0.5, -0.5]
        var trees = [wide, narrow]
        change(&trees)
        return try ForestModel(
            featureNames: ["a", "b"],
            kind: .classification(classNames: ["x", "y", "z"]),
            outputCount: 3,
            trees: trees,
            base: [0.25, 0, -1],
            link: .softmax,
            precision: .double,
            zeroIsMissing: [true, false],
            calibration: Calibration(map: .isotonic(scores: [0, 0.5, 1], values: [0, 0.25, 1]), negativeClass: 0)
        )
    }

    @Test func everyTestByHand() throws {
        let reference = ReferenceForest(try model())
        #expect(reference.margins(of: [2.5, 1]) == [1.25, 0, -0.5])
        // Category 63 is in the set, 64 and -1 are not; 2.9 is category 2.
        #expect(reference.margins(of: [2.5, 63.5]) == [1.25, 0, -0.5])
        #expect(reference.margins(of: [2.5, 2.9]) == [1.25, 0, -0.5])
        #expect(reference.margins(of: [2.5, 64]) == [0.25, 2, -0.4])
        #expect(reference.margins(of: [2.5, -1]) == [0.25, 2, -0.4])
        #expect(reference.margins(of: [2, .infinity]) == [0.25, 0, -3.5])
        #expect(reference.margins(of: [2, -.infinity]) == [0.25, 0, -3.5])
        // Zero is missing: left at the wide tree, right at the narrow one; infinity is not missing.
        for zero: Float in [.nan, 0, -0.0, 1e-35, -1e-36] {
            #expect(reference.margins(of: [zero, .nan]) == [0.25, 2, -1.4])
        }
        #expect(reference.margins(of: [.infinity, 1]) == [1.25, 0, -0.5])
        let results = reference.results(of: [2.5, 64])
        #expect(abs(results.reduce(0, +) - 1) < 1e-12)
    }

    @Test func aggregationsByHand() throws {
        func stump(_ value: Double) -> Tree {
            var tree = Tree()
            tree.appendLeaf([value], cover: 1)
            return tree
        }
        func margin(_ aggregation: ForestModel.Aggregation) throws -> Double {
            let model = try ForestModel(
                featureNames: ["a"],
                kind: .regression,
                outputCount: 1,
                trees: [stump(1), stump(-4), stump(2)],
                base: [0.5],
                aggregation: aggregation
            )
            return ReferenceForest(model).margins(of: [0])[0]
        }
        #expect(try margin(.sum) == -0.5)
        #expect(try margin(.average(over: 2)) == 0)
        #expect(try margin(.minimum) == -3.5)
        #expect(try margin(.maximum) == 2.5)
    }

    @Test func oneMarginGivesTwoClasses() throws {
        var tree = Tree()
        tree.appendLeaf([2], cover: 1)
        let model = try ForestModel(
            featureNames: ["a"],
            kind: .classification(classNames: ["no", "yes"]),
            outputCount: 1,
            trees: [tree],
            link: .sigmoid(scale: 0.5)
        )
        let results = ReferenceForest(model).results(of: [0])
        #expect(abs(results[1] - 0.7310585786300049) < 1e-15)
        #expect(results[0] == 1 - results[1])
    }

    @Test func filesKeepEverything() throws {
        let file = ModelFile(forest: try model(), metadata: .null)
        let bytes = file.encoded()
        #expect(try ModelFile(decoding: bytes) == file)
        #expect(try ModelFile(decoding: bytes).encoded() == bytes)
    }

    @Test func impossibleTreesAreRefused() {
        let changes: [(inout Tree) -> Void] = [
            { $0.right[0] = 0 }, { $0.right[0] = 5 }, { $0.right[0] = -1 }, { $0.right[2] = 3 }, { $0.right[3] = 2 },
            { $0.feature[0] = 2 }, { $0.feature[0] = -1 }, { $0.threshold[2] = .nan }, { $0.threshold[2] = -.infinity },
            { $0.threshold[0] = 2 }, { $0.threshold[0] = -1 }, { $0.threshold[0] = 0.5 }, { $0.cover[1] = -1 },
            { $0.cover[1] = .nan }, { $0.leaves[0] = .infinity }, { $0.leaves.removeLast() },
            { $0.leaves += [0, 0, 0] },
            { $0.leafWidth = 2 }, { $0.output = 1 }, { $0.tests.removeLast() }, { $0.categoryOffsets = [0, 4, 3] },
            { $0.categoryOffsets = [] }, { $0.categoryWords.removeLast() }, { $0.feature.removeLast() },
        ]
        for change in changes {
            #expect(throws: ForestError.self) { try model { change(&$0[0]) } }
        }
        #expect(throws: ForestError.self) { try model { $0 = [] } }
        #expect(throws: ForestError.self) { try model { $0[1].output = 3 } }
        #expect(throws: ForestError.self) { try model { $0[1].leaves = [3e38, 0] } }
    }

    /// A chain to the right, as deep as allowed and one deeper.
    @Test func depthIsBounded() throws {
        func chain(_ depth: Int) -> Tree {
            var tree = Tree()
            for level in 0..<depth {
                tree.feature.append(0)
                tree.threshold.append(0)
                tree.missingGoesLeft.append(true)
                tree.right.append(Int32(level * 2 + 2))
                tree.cover.append(0)
                tree.appendLeaf([0], cover: 0)
            }
            tree.appendLeaf([0], cover: 0)
            return tree
        }
        func model(_ depth: Int) throws -> ForestModel {
            try ForestModel(featureNames: ["a"], kind: .regression, outputCount: 1, trees: [chain(depth)])
        }
        _ = try model(ForestModel.depthLimit)
        #expect(throws: ForestError.self) { try model(ForestModel.depthLimit + 1) }
    }
}

import Base
import Bytes
import Forest
import TestKit
import Testing

/// A random tree of at most the depth, in depth-first order, with repeated thresholds so that ties occur.
private func randomTree(_ random: inout Seeded, features: Int, classes: Int, depth: Int) -> Tree {
    var tree = Tree()
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
            tree.leaves += total == 0 ? [1] + Array(repeating: 0, count: classes - 1) : weights.map { $0 / total }
            tree.cover[node] = Float(1 + random.below(50))
            return tree.cover[node]
        }
        tree.feature.append(Int32(random.below(features)))
        tree.threshold[node] = Float(random.below(7)) - 3
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
        var sums = Array(repeating: Float(0), count: model.classNames.count)
        for tree in model.trees {
            var node = 0
            while tree.feature[node] >= 0 {
                let value = row[row.startIndex + Int(tree.feature[node])]
                let goesLeft = value.isNaN ? tree.missingGoesLeft[node] : value < tree.threshold[node]
                node = goesLeft ? node + 1 : Int(tree.right[node])
            }
            for index in sums.indices { sums[index] += tree.leaves[Int(tree.right[node]) * sums.count + index] }
        }
        return sums.map { $0 * (1 / Float(model.trees.count)) }
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
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

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
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

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
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

import Base
import Forest
import TestKit
import Testing

@Suite struct ExplainerTests {
    /// What a tree gives if only some features of a row are known: the others follow the training rows (Lundberg et al.
    /// 2018, algorithm 1).
    private func expectation(_ tree: Tree, _ row: [Double], known: Set<Int>, output: Int, node: Int = 0) -> Double {
        let right = Int(tree.right[node])
        guard tree.feature[node] >= 0 else {
            if tree.leafWidth > 1 { return tree.leaves[right * tree.leafWidth + output] }
            return tree.output == output ? tree.leaves[right] : 0
        }
        let feature = Int(tree.feature[node])
        if known.contains(feature) {
            let next = tree.sendsLeft(row[feature], at: node) ? node + 1 : right
            return expectation(tree, row, known: known, output: output, node: next)
        }
        let covers = [Double(tree.cover[node + 1]), Double(tree.cover[right])]
        let total = covers[0] + covers[1]
        let share = total > 0 ? covers[0] / total : 0.5
        return share * expectation(tree, row, known: known, output: output, node: node + 1)
            + (1 - share) * expectation(tree, row, known: known, output: output, node: right)
    }

    /// Shapley's definition: the mean over all orders of features of what each adds.
    private func shapley(_ model: ForestModel, _ row: [Double], output: Int) -> [Double] {
        let features = model.featureNames.count
        let values = (0..<1 << features).map { subset in
            let known = Set((0..<features).filter { subset >> $0 & 1 == 1 })
            return model.trees.reduce(0.0) { $0 + expectation($1, row, known: known, output: output) }
        }
        var factorials = [1.0]
        for index in 1...features { factorials.append(factorials[index - 1] * Double(index)) }
        return (0..<features).map { feature in
            (0..<1 << features).filter { $0 >> feature & 1 == 0 }.reduce(0.0) { sum, subset in
                let size = subset.nonzeroBitCount
                let weight = factorials[size] * factorials[features - size - 1] / factorials[features]
                return sum + weight * (values[subset | 1 << feature] - values[subset])
            }
        }
    }

    @Test(arguments: Seeds.upTo(40))
    func contributionsAreShapleyValues(seed: UInt64) throws {
        var maker = ModelMaker(seed: seed, featureLimit: 6, sumsOnly: true)
        let model = try maker.model()
        let rows = maker.rows(20)
        let features = model.featureNames.count
        let scale = if case .average(let count) = model.aggregation { 1 / Double(count) } else { 1.0 }
        for output in 0..<min(2, model.outputCount) {
            let weights = (0..<model.outputCount).map { $0 == output ? 1.0 : 0 }
            let explainer = ForestExplainer(model, weights: weights)
            for index in 0..<20 {
                let source = Array(rows[index * features..<(index + 1) * features])
                let found = explainer.contributions(of: source)
                let row = ReferenceForest(model).prepared(source)
                let expected = shapley(model, row, output: output)
                for (mine, theirs) in zip(found, expected) { #expect(abs(mine - theirs * scale) < 1e-6) }
                let margin = ReferenceForest(model).margins(of: row)[output]
                #expect(abs(found.reduce(explainer.baseValue, +) - margin) < 1e-5)
            }
        }
    }

    /// Batches of any size and instructions of any kind give the same bits, and add up, for trees of any depth.
    @Test(arguments: Seeds.upTo(30))
    func everyBatchGivesTheSameBits(seed: UInt64) throws {
        var maker = ModelMaker(seed: seed &+ 500, sumsOnly: true)
        let model = try maker.model()
        let count = 150
        let rows = maker.rows(count)
        let features = model.featureNames.count
        let explainer = ForestExplainer(model, awayFrom: 0)
        var expected: [UInt64] = []
        for level in KernelLevel.allCases where level.rawValue <= KernelLevel.best.rawValue {
            for size in [1, 3, 20, 64, count] {
                var found = Array(repeating: 0.0, count: count * features)
                rows.withUnsafeBufferPointer { rows in
                    found.withUnsafeMutableBufferPointer { found in
                        guard let rows = rows.baseAddress, let found = found.baseAddress else { return }
                        for start in stride(from: 0, to: count, by: size) {
                            let source = rows + start * features
                            let target = found + start * features
                            let part = min(size, count - start)
                            explainer.contributions(rows: source, rowCount: part, into: target, level: level)
                        }
                    }
                }
                if expected.isEmpty { expected = found.map(\.bitPattern) }
                #expect(found.map(\.bitPattern) == expected, "\(level) \(size)")
            }
        }
        let sign = model.outputCount > 1 ? -1.0 : 1
        for index in 0..<count {
            let margin = ReferenceForest(model).margins(of: Array(rows[index * features..<(index + 1) * features]))[0]
            let parts = expected[index * features..<(index + 1) * features].map { Double(bitPattern: $0) }
            #expect(abs(parts.reduce(explainer.baseValue, +) - sign * margin) < 1e-5)
        }
    }
}

import Base
import Forest

/// Grows one classification tree after another over the same binned rows, reusing its memory.
final class ClassTreeGrower {
    private let columns: BinnedColumns
    private let labels: [UInt16]
    private let weights: [Double]
    private let parameters: RandomForestTrainer.Parameters
    private let featuresTried: Int
    private let rows: RowPartition
    /// How often the tree's sample holds each row.
    private let times: Stretch<UInt16>
    /// A node's rows, gathered.
    private let node: Stretch<ClassCutSearch.Row>
    private let search: ClassCutSearch
    private var order: [Int]
    private var random = Seeded(seed: 0)
    private var tree = Tree()
    private var gains: [Double]

    private struct Split {
        var feature: Int
        var cut: ClassCutSearch.Cut
        var gain: Double
    }

    init(columns: BinnedColumns, labels: [UInt16], weights: [Double], parameters: RandomForestTrainer.Parameters) {
        self.columns = columns
        self.labels = labels
        self.weights = weights
        self.parameters = parameters
        let root = Int(Double(columns.features.count).squareRoot().rounded(.up))
        featuresTried = min(columns.features.count, max(1, parameters.featuresTried ?? root))
        rows = RowPartition(rowCount: columns.rowCount)
        times = Stretch(repeating: 0, count: columns.rowCount)
        node = Stretch(repeating: ClassCutSearch.Row(label: 0, times: 0), count: columns.rowCount)
        search = ClassCutSearch(
            weights: weights,
            leafRowsMin: parameters.leafRowsMin,
            binsMax: columns.features.map(\.binCount).max() ?? 1,
            rowsMax: columns.rowCount
        )
        order = Array(columns.features.indices)
        gains = order.map { _ in 0 }
    }

    /// Grows a tree on a bootstrap sample.
    ///
    /// - Parameter seed: Of the sample and of the features tried at each node.
    /// - Returns: The tree, and how much impurity the splits on each feature took away.
    func grow(seed: UInt64) -> (tree: Tree, gains: [Double]) {
        random = Seeded(seed: seed)
        order = Array(columns.features.indices)
        gains = order.map { _ in 0 }
        times.base.update(repeating: 0, count: times.count)
        for _ in 0..<columns.rowCount { times.base[random.below(columns.rowCount)] += 1 }
        rows.take { [times] in times.base[$0] > 0 }
        tree = Tree(leafWidth: weights.count)
        grow(0..<rows.count, depth: 0)
        return (tree, gains)
    }

    private func grow(_ range: Range<Int>, depth: Int) {
        for (index, place) in range.enumerated() {
            let row = Int(rows.base[place])
            node.base[index] = ClassCutSearch.Row(label: labels[row], times: times.base[row])
        }
        search.begin(node.base, count: range.count)
        let cover = Float(search.rowCount)
        guard depth < parameters.depthMax, search.rowCount >= 2 * parameters.leafRowsMin, let split = bestSplit(range)
        else {
            // The model is scored in single precision.
            tree.appendLeaf(
                weights.indices.map { Double(Float(search.totals.base[$0] / search.weight)) },
                cover: cover
            )
            return
        }
        gains[split.feature] += split.gain
        let feature = columns.features[split.feature]
        let middle = rows.partition(
            range,
            columns.column(split.feature),
            lastLeft: UInt16(split.cut.bin),
            missing: split.cut.missingGoesLeft ? UInt16(feature.binCount) : .max
        )
        let position = tree.nodeCount
        tree.feature.append(Int32(split.feature))
        tree.threshold.append(Double(feature.thresholds[split.cut.bin]))
        // What the training rows do not say: a missing value goes where more of them are.
        let largerIsLeft = middle - range.lowerBound > range.upperBound - middle
        tree.missingGoesLeft.append(feature.hasMissing ? split.cut.missingGoesLeft : largerIsLeft)
        tree.right.append(0)
        tree.cover.append(cover)
        grow(range.lowerBound..<middle, depth: depth + 1)
        tree.right[position] = Int32(tree.nodeCount)
        grow(middle..<range.upperBound, depth: depth + 1)
    }

    /// Tries a random subset of the features, and further ones until one of them can split at all.
    private func bestSplit(_ range: Range<Int>) -> Split? {
        // A pure node has all its weight in one class.
        guard search.squares < search.weight * search.weight * (1 - 1e-12) else { return nil }
        let start = search.score + 1e-9
        var best: Split?
        for tried in 0..<order.count {
            if tried >= featuresTried, best != nil { break }
            order.swapAt(tried, tried + random.below(order.count - tried))
            let feature = order[tried]
            guard !columns.features[feature].thresholds.isEmpty else { continue }
            let found = search.best(
                columns.features[feature],
                columns.column(feature),
                rows.base + range.lowerBound,
                node.base,
                count: range.count,
                above: best?.cut.score ?? start
            )
            if let found { best = Split(feature: feature, cut: found, gain: found.score - search.score) }
        }
        return best
    }
}

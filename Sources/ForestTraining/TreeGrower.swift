import Base
import Forest

/// Grows one tree after another over the same binned rows, reusing its buffers.
struct TreeGrower {
    private let features: [BinnedFeature]
    private let labels: [UInt16]
    private let classCount: Int
    private let weights: [Double]
    private let parameters: RandomForestTrainer.Parameters
    private let featuresTried: Int

    /// The tree's sampled rows; a node owns a stretch of it.
    private var rows: [Int32]
    private var spare: [Int32]
    private var order: [Int]
    private var histogram: [Int32]
    private var sorted: [UInt32]
    private var random = Seeded(seed: 0)

    private struct Split {
        var gain: Double
        var feature: Int
        var bin: Int
        var missingGoesLeft: Bool
    }

    init(
        features: [BinnedFeature],
        labels: [UInt16],
        classCount: Int,
        weights: [Double],
        parameters: RandomForestTrainer.Parameters
    ) {
        self.features = features
        self.labels = labels
        self.classCount = classCount
        self.weights = weights
        self.parameters = parameters
        let root = Int(Double(features.count).squareRoot().rounded(.up))
        featuresTried = min(features.count, max(1, parameters.featuresTried ?? root))
        rows = Array(repeating: 0, count: labels.count)
        spare = rows
        order = Array(features.indices)
        let bins = features.map(\.binCount).max() ?? 1
        histogram = Array(repeating: 0, count: (bins + 1) * classCount)
        sorted = []
    }

    mutating func grow(seed: UInt64) -> Tree {
        random = Seeded(seed: seed)
        order = Array(features.indices)
        for index in rows.indices { rows[index] = Int32(random.below(labels.count)) }
        // Neighbouring rows stay neighbours in memory.
        rows.sort()
        var tree = Tree(leafWidth: classCount)
        grow(0..<rows.count, depth: 0, &tree)
        return tree
    }

    private mutating func grow(_ range: Range<Int>, depth: Int, _ tree: inout Tree) {
        var counts = Array(repeating: Int32(0), count: classCount)
        for index in range { counts[Int(labels[Int(rows[index])])] += 1 }
        let node = tree.nodeCount
        tree.feature.append(-1)
        tree.threshold.append(0)
        tree.missingGoesLeft.append(true)
        tree.right.append(0)
        tree.cover.append(Float(range.count))
        let isPure = counts.contains(Int32(range.count))
        guard !isPure, depth < parameters.depthMax, range.count >= 2 * parameters.leafRowsMin,
            let split = bestSplit(range, counts)
        else {
            tree.right[node] = Int32(tree.leaves.count / classCount)
            var total = 0.0
            for index in 0..<classCount { total += Double(counts[index]) * weights[index] }
            for index in 0..<classCount {
                // The model is scored in single precision.
                tree.leaves.append(Double(Float(Double(counts[index]) * weights[index] / total)))
            }
            return
        }
        let middle = partition(range, split)
        tree.feature[node] = Int32(split.feature)
        tree.threshold[node] = features[split.feature].thresholds[split.bin]
        tree.missingGoesLeft[node] = split.missingGoesLeft
        grow(range.lowerBound..<middle, depth: depth + 1, &tree)
        tree.right[node] = Int32(tree.nodeCount)
        grow(middle..<range.upperBound, depth: depth + 1, &tree)
    }

    /// Tries a random subset of the features, and further ones until one of them can split at all.
    private mutating func bestSplit(_ range: Range<Int>, _ counts: [Int32]) -> Split? {
        var best: Split?
        for tried in 0..<order.count {
            if tried >= featuresTried, best != nil { break }
            order.swapAt(tried, tried + random.below(order.count - tried))
            let feature = order[tried]
            guard features[feature].binCount > 1 || features[feature].hasMissing else { continue }
            if let found = split(feature, range, counts), found.gain > (best?.gain ?? 0) { best = found }
        }
        return best
    }

    private mutating func split(_ feature: Int, _ range: Range<Int>, _ counts: [Int32]) -> Split? {
        let binCount = features[feature].binCount
        // Counting into a table costs the table's size, sorting costs n log n: small nodes sort.
        if range.count * 6 < binCount * classCount {
            sorted.removeAll(keepingCapacity: true)
            for index in range {
                let row = Int(rows[index])
                sorted.append(UInt32(features[feature].bins[row]) << 16 | UInt32(labels[row]))
            }
            sorted.sort()
            return scanSorted(feature, binCount, counts)
        }
        for cell in 0..<(binCount + 1) * classCount { histogram[cell] = 0 }
        for index in range {
            let row = Int(rows[index])
            histogram[Int(features[feature].bins[row]) * classCount + Int(labels[row])] += 1
        }
        return scanHistogram(feature, binCount, counts)
    }

    private func scanHistogram(_ feature: Int, _ binCount: Int, _ counts: [Int32]) -> Split? {
        let missing = Array(histogram[binCount * classCount..<(binCount + 1) * classCount])
        var scan = SplitScan(counts: counts, missing: missing, weights: weights, leafRowsMin: parameters.leafRowsMin)
        for bin in 0..<max(0, binCount - 1) {
            var any: Int32 = 0
            for index in 0..<classCount {
                let count = histogram[bin * classCount + index]
                any |= count
                if count != 0 { scan.moveLeft(index, count) }
            }
            if any != 0 { scan.consider(bin) }
        }
        return scan.best.map {
            Split(gain: $0.gain, feature: feature, bin: $0.bin, missingGoesLeft: $0.missingGoesLeft)
        }
    }

    private func scanSorted(_ feature: Int, _ binCount: Int, _ counts: [Int32]) -> Split? {
        var missing = Array(repeating: Int32(0), count: classCount)
        var known = sorted.count
        while known > 0, Int(sorted[known - 1] >> 16) == binCount {
            known -= 1
            missing[Int(sorted[known] & 0xFFFF)] += 1
        }
        var scan = SplitScan(counts: counts, missing: missing, weights: weights, leafRowsMin: parameters.leafRowsMin)
        var index = 0
        while index < known {
            let bin = sorted[index] >> 16
            while index < known, sorted[index] >> 16 == bin {
                scan.moveLeft(Int(sorted[index] & 0xFFFF), 1)
                index += 1
            }
            if Int(bin) < binCount - 1 { scan.consider(Int(bin)) }
        }
        return scan.best.map {
            Split(gain: $0.gain, feature: feature, bin: $0.bin, missingGoesLeft: $0.missingGoesLeft)
        }
    }

    /// Rows that go left come first, in their old order on both sides.
    private mutating func partition(_ range: Range<Int>, _ split: Split) -> Int {
        let bins = features[split.feature].bins
        let missingBin = features[split.feature].binCount
        var left = range.lowerBound
        var right = 0
        for index in range {
            let row = rows[index]
            let bin = Int(bins[Int(row)])
            if bin == missingBin ? split.missingGoesLeft : bin <= split.bin {
                rows[left] = row
                left += 1
            } else {
                spare[right] = row
                right += 1
            }
        }
        for index in 0..<right { rows[left + index] = spare[index] }
        return left
    }
}

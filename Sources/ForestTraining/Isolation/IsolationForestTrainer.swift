import Base
import Forest

/// Grows isolation forests (Liu, Ting & Zhou 2008): no labels; a row that random cuts separate soon is unusual.
///
/// Each tree sees a few rows and cuts a random feature anywhere between the least and the greatest value of a node.
/// A leaf holds its depth and the depth that the rows left in it would still need. The score of a row is 2 to the power
/// of −mean depth / expected depth: near 1 unusual, below 0.5 ordinary. Same seed, same forest, on any number of
/// threads.
public struct IsolationForestTrainer: Sendable {
    public struct Parameters: Sendable, Equatable {
        public var trees = 100
        /// Rows that each tree sees.
        public var sampleRows = 256
        /// Share of the features that a tree may cut.
        public var featureShare = 1.0
        /// Nil: the depth of a balanced tree of the sample.
        public var depthMax: Int?
        public var seed: UInt64 = 42

        public init() {}
    }

    public let parameters: Parameters

    public init(_ parameters: Parameters) {
        self.parameters = parameters
    }

    /// The mean depth of an unsuccessful search in a binary search tree of that many rows.
    public static func expectedDepth(_ rows: Int) -> Double {
        guard rows > 1 else { return 0 }
        var harmonic = 0.0
        for number in 1..<rows { harmonic += 1 / Double(number) }
        return 2 * harmonic - 2 * Double(rows - 1) / Double(rows)
    }

    /// Trains on all rows of the set; its classes are not looked at.
    ///
    /// - Parameters:
    ///   - set: At least two rows.
    ///   - threads: How many trees grow at a time.
    ///   - progress: Called from any thread with the number of finished trees.
    /// - Returns: The forest; a feature's gain is how often it was cut.
    /// - Throws: ``Forest/ForestError`` if the names do not make a model.
    public func train(
        _ set: TrainingSet,
        threads: Int,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws(ForestError) -> TrainedForest {
        let sampleRows = min(parameters.sampleRows, set.rowCount)
        guard sampleRows > 1 else { throw .invalid(part: "rows", words: "two or more are needed") }
        let depths = (0...sampleRows).map { Self.expectedDepth($0) }
        let counter = FinishedCount(progress)
        let trees = Workers(threads).map(parameters.trees) { index in
            var grower = IsolationTreeGrower(set: set, parameters: parameters, expectedDepths: depths)
            let tree = grower.grow(seed: parameters.seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(index))
            counter.finish()
            return tree
        }
        let model = try ForestModel(
            featureNames: set.featureNames,
            kind: .anomaly,
            outputCount: 1,
            trees: trees,
            aggregation: .average(over: trees.count),
            link: .isolation(expectedDepth: depths[sampleRows])
        )
        var cuts = Array(repeating: 0.0, count: set.columns.count)
        for tree in trees { for feature in tree.feature where feature >= 0 { cuts[Int(feature)] += 1 } }
        return TrainedForest(model: model, rounds: trees.count, validationLoss: [], gains: cuts)
    }
}

/// Grows one isolation tree.
private struct IsolationTreeGrower {
    private let set: TrainingSet
    private let parameters: IsolationForestTrainer.Parameters
    /// Of a leaf with that many rows.
    private let expectedDepths: [Double]
    private let depthMax: Int
    private var random = Seeded(seed: 0)
    private var tree = Tree()
    private var features: [Int]

    init(set: TrainingSet, parameters: IsolationForestTrainer.Parameters, expectedDepths: [Double]) {
        self.set = set
        self.parameters = parameters
        self.expectedDepths = expectedDepths
        let sampleRows = expectedDepths.count - 1
        depthMax = parameters.depthMax ?? Int.bitWidth - (sampleRows - 1).leadingZeroBitCount
        features = Array(set.columns.indices)
    }

    mutating func grow(seed: UInt64) -> Tree {
        random = Seeded(seed: seed)
        let kept = max(1, Int((Double(features.count) * parameters.featureShare).rounded()))
        for index in 0..<kept { features.swapAt(index, index + random.below(features.count - index)) }
        features.removeSubrange(kept...)
        grow(sample(), depth: 0)
        return tree
    }

    /// Different rows, without a list of all of them (Floyd 1987).
    private mutating func sample() -> [Int] {
        let count = expectedDepths.count - 1
        var taken: Set<Int> = []
        var rows: [Int] = []
        for limit in set.rowCount - count..<set.rowCount {
            let row = random.below(limit + 1)
            rows.append(taken.insert(row).inserted ? row : limit)
            taken.insert(rows[rows.count - 1])
        }
        return rows
    }

    private mutating func grow(_ rows: [Int], depth: Int) {
        guard depth < depthMax, rows.count > 1, let (feature, threshold) = cut(rows) else {
            let value = Float(Double(depth) + expectedDepths[rows.count])
            tree.appendLeaf(CollectionOfOne(Double(value)), cover: Float(rows.count))
            return
        }
        let column = set.columns[feature]
        var left: [Int] = []
        var right: [Int] = []
        var missing: [Int] = []
        for row in rows {
            let value = column[row]
            if value.isNaN {
                missing.append(row)
            } else if value < threshold {
                left.append(row)
            } else {
                right.append(row)
            }
        }
        // A missing value goes where a known one would most likely go, by lot.
        let goesLeft = random.below(left.count + right.count) < left.count
        if goesLeft { left += missing } else { right += missing }
        let position = tree.nodeCount
        tree.feature.append(Int32(feature))
        tree.threshold.append(Double(threshold))
        tree.missingGoesLeft.append(goesLeft)
        tree.right.append(0)
        tree.cover.append(Float(rows.count))
        grow(left, depth: depth + 1)
        tree.right[position] = Int32(tree.nodeCount)
        grow(right, depth: depth + 1)
    }

    /// A random feature that differs among the rows, and a random place between its least and greatest value.
    private mutating func cut(_ rows: [Int]) -> (feature: Int, threshold: Float)? {
        for tried in features.indices {
            features.swapAt(tried, tried + random.below(features.count - tried))
            let feature = features[tried]
            var least = Float.infinity
            var greatest = -Float.infinity
            for row in rows {
                let value = set.columns[feature][row]
                if value < least { least = value }
                if value > greatest { greatest = value }
            }
            guard least < greatest else { continue }
            let low = Double(max(least, -.greatestFiniteMagnitude))
            let high = Double(min(greatest, .greatestFiniteMagnitude))
            let place = Float(low + random.unit() * (high - low))
            return (feature, min(max(place, least.nextUp), greatest))
        }
        return nil
    }
}

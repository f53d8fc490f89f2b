import Base
import Forest
import Synchronization

/// Grows random forests (Breiman 2001): bootstrap samples, Gini impurity, a random subset of the features at each node.
///
/// Every tree has its own seed, made of the forest's seed and the tree's number, and trees are put together in their
/// order: the same data and seed give the same forest on any number of threads (C2).
public struct RandomForestTrainer: Sendable {
    public struct Parameters: Sendable, Equatable {
        public var trees = 150
        public var depthMax = 16
        /// Sampled rows a leaf must hold.
        public var leafRowsMin = 3
        /// Features tried at a node; nil = the square root of their number.
        public var featuresTried: Int?
        /// Rows of rare classes weigh more, so that every class weighs the same in total.
        public var balancesClasses = false
        /// Two classes only: how much more a row of the second class weighs.
        public var positiveWeight = 1.0
        public var binsMax = 1024
        public var seed: UInt64 = 42

        public init() {}
    }

    public let parameters: Parameters

    public init(_ parameters: Parameters) {
        self.parameters = parameters
    }

    /// Trains a forest.
    ///
    /// - Parameters:
    ///   - set: At least one row.
    ///   - threads: How many trees grow at a time.
    ///   - progress: Called from any thread with the number of finished trees.
    /// - Returns: The forest, trees in the order of their seeds.
    /// - Throws: ``Forest/ForestError`` if there is nothing to learn (no rows, a single class) or the names do not make
    ///   a model.
    public func train(
        _ set: TrainingSet,
        threads: Int,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws(ForestError) -> TrainedForest {
        try set.checkClasses()
        let workers = Workers(threads)
        let columns = BinnedColumns(set.columns, binsMax: parameters.binsMax, workers: workers)
        let weights = set.classWeights(balanced: parameters.balancesClasses, positive: parameters.positiveWeight)
        let finished = Mutex<(trees: [Int: (tree: Tree, gains: [Double])], next: Int)>(([:], 0))
        workers.each(workers.count) { _ in
            let grower = ClassTreeGrower(
                columns: columns,
                labels: set.labels,
                weights: weights,
                parameters: parameters
            )
            while true {
                let index = finished.withLock { state in
                    state.next += 1
                    return state.next - 1
                }
                guard index < parameters.trees else { return }
                let tree = grower.grow(seed: parameters.seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(index))
                let done = finished.withLock { state in
                    state.trees[index] = tree
                    return state.trees.count
                }
                progress(done)
            }
        }
        let grown = finished.withLock { state in (0..<parameters.trees).compactMap { state.trees[$0] } }
        let model = try ForestModel(
            featureNames: set.featureNames,
            classNames: set.classNames,
            trees: grown.map(\.tree)
        )
        var gains = Array(repeating: 0.0, count: set.columns.count)
        for tree in grown { for (feature, gain) in tree.gains.enumerated() { gains[feature] += gain } }
        return TrainedForest(model: model, rounds: grown.count, validationLoss: [], gains: gains)
    }
}

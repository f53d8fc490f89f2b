import Base
import Forest

/// Trains gradient-boosted trees (Friedman 2001) with second-order steps and a penalty on leaves (Chen & Guestrin
/// 2016).
///
/// Two classes have one margin and log loss, more have one each and softmax. Missing values go the way that training
/// found better. The same data and seed give the same trees, bit for bit, on any number of threads (C2).
public struct BoostedTreesTrainer: Sendable {
    public struct Parameters: Sendable, Equatable {
        /// At most so many; early stopping may keep fewer. With K > 2 classes a round grows K trees.
        public var rounds = 500
        public var learningRate = 0.1
        public var depthMax = 6
        /// Nil: no limit, a tree grows in depth. Otherwise the leaf that gains most is split first.
        public var leavesMax: Int?
        /// Shares of the rows and features that a tree sees, and of those features that a node sees.
        public var rowShare = 1.0
        public var featureShare = 1.0
        public var featureShareNode = 1.0
        /// Penalty on the squared leaf values.
        public var lambda = 1.0
        /// The least gain for which a split stays.
        public var gainMin = 0.0
        /// The least sum of hessians of a leaf.
        public var childWeightMin = 1.0
        /// Two classes only: how much more a row of the second class weighs.
        public var positiveWeight = 1.0
        /// Rows of rare classes weigh more, so that every class weighs the same in total.
        public var balancesClasses = false
        /// Rounds without a better validation loss after which training ends; nil: it never ends early.
        /// They are looked at only if this is set.
        public var patience: Int?
        public var binsMax = 1024
        public var seed: UInt64 = 42

        public init() {}
    }

    public let parameters: Parameters

    public init(_ parameters: Parameters) {
        self.parameters = parameters
    }

    /// Trains on `set`; with `validation`, keeps the rounds up to the one that judged best there.
    ///
    /// - Parameters:
    ///   - set: At least one row.
    ///   - validation: Other rows; used only to decide how many rounds to keep.
    ///   - threads: How many to use.
    ///   - progress: Called after each round with the number of rounds done.
    /// - Returns: The model, and what is known of its training.
    /// - Throws: ``Forest/ForestError`` if there is nothing to learn (no rows, a single class) or the names do not make
    ///   a model.
    public func train(
        _ set: TrainingSet,
        validation: TrainingSet? = nil,
        threads: Int,
        progress: @Sendable (Int) -> Void = { _ in }
    ) throws(ForestError) -> TrainedForest {
        try set.checkClasses()
        let workers = Workers(threads)
        let columns = BinnedColumns(set.columns, binsMax: parameters.binsMax, workers: workers)
        let weights = set.classWeights(balanced: parameters.balancesClasses, positive: parameters.positiveWeight)
        let objective = Objective(labels: set.labels, weights: weights, base: nil, workers: workers)
        let judge = validation.map { rows in
            (
                columns: BinnedColumns(rows.columns, features: columns.features, workers: workers),
                objective: Objective(labels: rows.labels, weights: weights, base: objective.base, workers: workers)
            )
        }
        let pairs = Stretch(repeating: GradientHistogram.Pair(0, 0), count: set.rowCount)
        let grower = GradientTreeGrower(columns: columns, pairs: pairs, parameters: parameters, workers: workers)
        let unit = objective.unit
        var grown: [GrownTree] = []
        var history: [Double] = []
        var best = (round: 0, loss: judge?.objective.loss ?? .infinity)
        for round in 0..<parameters.rounds {
            objective.beginRound()
            for output in 0..<objective.outputCount {
                objective.gradients(of: output, unit: unit, into: pairs)
                let tree = grower.grow(
                    unit: unit,
                    seed: parameters.seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(grown.count),
                    margins: objective.margins[output]
                )
                if let judge {
                    let margins = judge.objective.margins[output]
                    workers.eachBlock(of: judge.columns.rowCount) { tree.add(judge.columns, $0, to: margins.base) }
                }
                grown.append(tree)
            }
            progress(round + 1)
            guard let judge else { continue }
            history.append(judge.objective.loss)
            if history[round] < best.loss { best = (round + 1, history[round]) }
            if let patience = parameters.patience, round + 1 - best.round >= patience { break }
        }
        let kept = judge == nil || parameters.patience == nil ? grown.count : max(1, best.round) * objective.outputCount
        grown.removeSubrange(kept...)
        let model = try ForestModel(
            featureNames: set.featureNames,
            kind: .classification(classNames: set.classNames),
            outputCount: objective.outputCount,
            trees: grown.enumerated().map { $1.tree(columns.features, output: $0 % objective.outputCount) },
            base: objective.base,
            link: objective.outputCount == 1 ? .sigmoid(scale: 1) : .softmax
        )
        return TrainedForest(
            model: model,
            rounds: grown.count / objective.outputCount,
            validationLoss: history,
            gains: GrownTree.gains(grown, featureCount: set.columns.count)
        )
    }
}

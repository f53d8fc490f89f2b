import Bytes
public import ForestTraining

/// The algorithm and its parameters, named as in XGBoost and LightGBM where they mean the same; nil: the trainer's own.
public struct TrainingSettings: Sendable {
    /// Which trainer.
    public enum Algorithm: String, Sendable, CaseIterable {
        case forest, boosting, isolation
    }

    public var algorithm: Algorithm
    public var trees: Int?
    public var depth: Int?
    public var minLeaf: Int?
    public var featuresPerNode: Int?
    public var balanced = false
    public var scalePosWeight = 1.0
    public var learningRate = 0.1
    public var numLeaves: Int?
    public var subsample = 1.0
    public var colsampleBytree = 1.0
    public var colsampleBynode = 1.0
    public var regLambda = 1.0
    public var minChildWeight = 1.0
    public var minSplitLoss = 0.0
    public var earlyStoppingRounds: Int?
    public var sampleRows = 256
    public var maxBin = 1024
    public var calibration = TrainingRecipe.CalibrationMethod.none
    /// Of all random choices.
    public var seed: UInt64 = 42
    public var threads = 1

    /// The usual settings of an algorithm.
    public init(_ algorithm: Algorithm) { self.algorithm = algorithm }

    /// Whether events must be set apart to decide something.
    public var needsValidation: Bool { calibration != .none || algorithm == .boosting && earlyStoppingRounds != nil }

    /// What a trainer takes.
    public func recipe(negativeClass: Int) -> TrainingRecipe {
        let chosen: TrainingRecipe.Algorithm
        switch algorithm {
        case .forest:
            var parameters = RandomForestTrainer.Parameters()
            parameters.trees = trees ?? parameters.trees
            parameters.depthMax = depth ?? parameters.depthMax
            parameters.leafRowsMin = minLeaf ?? parameters.leafRowsMin
            parameters.featuresTried = featuresPerNode
            parameters.balancesClasses = balanced
            parameters.positiveWeight = scalePosWeight
            parameters.binsMax = maxBin
            parameters.seed = seed
            chosen = .forest(parameters)
        case .boosting:
            var parameters = BoostedTreesTrainer.Parameters()
            parameters.rounds = trees ?? parameters.rounds
            parameters.depthMax = depth ?? parameters.depthMax
            parameters.learningRate = learningRate
            parameters.leavesMax = numLeaves
            parameters.rowShare = subsample
            parameters.featureShare = colsampleBytree
            parameters.featureShareNode = colsampleBynode
            parameters.lambda = regLambda
            parameters.childWeightMin = minChildWeight
            parameters.gainMin = minSplitLoss
            parameters.patience = earlyStoppingRounds
            parameters.balancesClasses = balanced
            parameters.positiveWeight = scalePosWeight
            parameters.binsMax = maxBin
            parameters.seed = seed
            chosen = .boosting(parameters)
        case .isolation:
            var parameters = IsolationForestTrainer.Parameters()
            parameters.trees = trees ?? parameters.trees
            parameters.depthMax = depth
            parameters.sampleRows = sampleRows
            parameters.featureShare = colsampleBytree
            parameters.seed = seed
            chosen = .isolation(parameters)
        }
        return TrainingRecipe(chosen, calibration: calibration, negativeClass: negativeClass)
    }

    /// What the model card says of the parameters.
    func members(rounds: Int) -> [JSONValue.Member] {
        func number(_ name: String, _ value: Double) -> JSONValue.Member { .init(name, .number(value)) }
        func optional(_ name: String, _ value: Int?) -> JSONValue.Member {
            .init(name, value.map { .number(Double($0)) } ?? .null)
        }
        var members: [JSONValue.Member] = [.init("algorithm", .text(algorithm.rawValue)), optional("trees", rounds)]
        switch recipe(negativeClass: 0).algorithm {
        case .forest(let parameters):
            members += [
                optional("depth_max", parameters.depthMax), optional("leaf_rows_min", parameters.leafRowsMin),
                optional("features_per_node", featuresPerNode), .init("balanced", .bool(balanced)),
                number("scale_pos_weight", scalePosWeight), optional("max_bin", maxBin),
            ]
        case .boosting(let parameters):
            members += [
                optional("depth_max", parameters.depthMax), number("learning_rate", learningRate),
                optional("num_leaves", numLeaves), number("subsample", subsample),
                number("colsample_bytree", colsampleBytree), number("colsample_bynode", colsampleBynode),
                number("reg_lambda", regLambda), number("min_child_weight", minChildWeight),
                number("min_split_loss", minSplitLoss), optional("early_stopping_rounds", earlyStoppingRounds),
                .init("balanced", .bool(balanced)), number("scale_pos_weight", scalePosWeight),
                optional("max_bin", maxBin),
            ]
        case .isolation:
            members += [
                optional("depth_max", depth), optional("sample_rows", sampleRows),
                number("colsample_bytree", colsampleBytree),
            ]
        }
        return members + [.init("calibration", .text(calibration.rawValue)), .init("seed", .text(String(seed)))]
    }
}

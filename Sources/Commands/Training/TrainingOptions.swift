import ArgumentParser
import Forest
import ForestTraining
import Foundation
import Learning

/// The algorithm and its parameters, named as in XGBoost and LightGBM where they mean the same.
struct TrainingOptions: ParsableArguments {
    @Option(help: "forest (random forest), boosting (gradient-boosted trees) or isolation (no labels needed).")
    var algorithm = TrainingSettings.Algorithm.forest

    @Option(help: "Trees; of boosting: rounds (default: forest 150, boosting 500, isolation 100).")
    var trees: Int?

    @Option(help: "Largest depth of a tree (default: forest 16, boosting 6, isolation log2 of its sample).")
    var depth: Int?

    @Option(help: "Forest: rows a leaf must hold (default: 3).")
    var minLeaf: Int?

    @Option(help: "Forest: features tried at a node (default: the square root of their number).")
    var featuresPerNode: Int?

    @Flag(help: "Let every class weigh the same, however rare.")
    var balanced = false

    @Option(help: "Two classes: how much more a row of the second one weighs.")
    var scalePosWeight = 1.0

    @Option(help: "Boosting: how much of a tree's step is taken.")
    var learningRate = 0.1

    @Option(help: "Boosting: most leaves of a tree; the leaf that gains most is split first (default: no limit).")
    var numLeaves: Int?

    @Option(help: "Boosting: share of the rows that a tree sees.")
    var subsample = 1.0

    @Option(help: "Boosting, isolation: share of the features that a tree sees.")
    var colsampleBytree = 1.0

    @Option(help: "Boosting: share of those features that a node sees.")
    var colsampleBynode = 1.0

    @Option(help: "Boosting: penalty on the squared leaf values.")
    var regLambda = 1.0

    @Option(help: "Boosting: the least hessian (for two classes: rows times p times 1 - p) of a leaf.")
    var minChildWeight = 1.0

    @Option(help: "Boosting: the least gain of a split that stays.")
    var minSplitLoss = 0.0

    @Option(
        help: "Boosting: stop when so many rounds did not better the loss on the validation events (default: never)."
    )
    var earlyStoppingRounds: Int?

    @Option(help: "Isolation: rows that each tree sees.")
    var sampleRows = 256

    @Option(help: "Bins of a feature.")
    var maxBin = 1024

    @Option(help: "Correct P(fraud) on the validation events: none, isotonic or platt.")
    var calibration = TrainingRecipe.CalibrationMethod.none

    @Option(help: "Seed of all random choices.")
    var seed: UInt64 = 42

    @Option(help: "Threads.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    func validate() throws {
        for (name, value) in [
            ("trees", trees), ("depth", depth), ("min-leaf", minLeaf), ("features-per-node", featuresPerNode),
            ("early-stopping-rounds", earlyStoppingRounds), ("threads", threads),
        ] {
            guard value ?? 1 > 0 else { throw ValidationError("--\(name) must be at least 1.") }
        }
        for (name, value) in [
            ("subsample", subsample), ("colsample-bytree", colsampleBytree), ("colsample-bynode", colsampleBynode),
        ] {
            guard value > 0, value <= 1 else { throw ValidationError("--\(name) must be above 0 and at most 1.") }
        }
        for (name, value) in [("learning-rate", learningRate), ("scale-pos-weight", scalePosWeight)] {
            guard value > 0, value.isFinite else { throw ValidationError("--\(name) must be above 0.") }
        }
        for (name, value) in [
            ("reg-lambda", regLambda), ("min-child-weight", minChildWeight), ("min-split-loss", minSplitLoss),
        ] {
            guard value >= 0, value.isFinite else { throw ValidationError("--\(name) must not be negative.") }
        }
        guard depth ?? 1 <= ForestModel.depthLimit else {
            throw ValidationError("--depth must be at most \(ForestModel.depthLimit).")
        }
        guard numLeaves ?? 2 >= 2 else { throw ValidationError("--num-leaves must be at least 2.") }
        guard (2...65_535).contains(maxBin) else { throw ValidationError("--max-bin must be 2 to 65535.") }
        guard sampleRows > 1 else { throw ValidationError("--sample-rows must be at least 2.") }
    }

    var settings: TrainingSettings {
        var settings = TrainingSettings(algorithm)
        settings.trees = trees
        settings.depth = depth
        settings.minLeaf = minLeaf
        settings.featuresPerNode = featuresPerNode
        settings.balanced = balanced
        settings.scalePosWeight = scalePosWeight
        settings.learningRate = learningRate
        settings.numLeaves = numLeaves
        settings.subsample = subsample
        settings.colsampleBytree = colsampleBytree
        settings.colsampleBynode = colsampleBynode
        settings.regLambda = regLambda
        settings.minChildWeight = minChildWeight
        settings.minSplitLoss = minSplitLoss
        settings.earlyStoppingRounds = earlyStoppingRounds
        settings.sampleRows = sampleRows
        settings.maxBin = maxBin
        settings.calibration = calibration
        settings.seed = seed
        settings.threads = threads
        return settings
    }
}

extension TrainingSettings.Algorithm: ExpressibleByArgument {}
extension TrainingRecipe.CalibrationMethod: ExpressibleByArgument {}

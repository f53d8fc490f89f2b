import Forest

/// Which model to train and how, and how to judge it on the way.
public struct TrainingRecipe: Sendable, Equatable {
    /// A trainer with its parameters.
    public enum Algorithm: Sendable, Equatable {
        case forest(RandomForestTrainer.Parameters)
        case boosting(BoostedTreesTrainer.Parameters)
        case isolation(IsolationForestTrainer.Parameters)
    }

    /// How P(fraud) is corrected to what validation rows say.
    public enum CalibrationMethod: String, Sendable, Equatable, CaseIterable {
        case none, isotonic, platt
    }

    public var algorithm: Algorithm
    public var calibration: CalibrationMethod
    /// The class that is not fraud.
    public var negativeClass: Int

    public init(_ algorithm: Algorithm, calibration: CalibrationMethod = .none, negativeClass: Int = 0) {
        self.algorithm = algorithm
        self.calibration = calibration
        self.negativeClass = negativeClass
    }

    /// Trees, or rounds of boosting, at most.
    public var rounds: Int {
        switch algorithm {
        case .forest(let parameters): parameters.trees
        case .boosting(let parameters): parameters.rounds
        case .isolation(let parameters): parameters.trees
        }
    }

    /// A model of all rows, and what is known from one of the training rows only.
    public struct Fit: Sendable {
        /// Trained on all rows, for as many rounds as the judged one, with its calibration.
        public var final: TrainedForest
        /// Trained on the training rows; nil without validation rows.
        public var judged: TrainedForest?
        /// How the scores of the later half of the validation rows fit: as they are, and calibrated by the earlier
        /// half.
        public var reliability: (before: Reliability, after: Reliability)?
    }

    /// Trains twice: on the training rows, to find the number of rounds and the calibration on the validation rows;
    /// then on all rows.
    ///
    /// - Parameters:
    ///   - set: All rows.
    ///   - training: Some of them; not needed without validation rows.
    ///   - validation: Others, in the order of time. Empty: one training on all rows, no early stop, no calibration.
    ///   - threads: How many to use.
    ///   - progress: Called from any thread with the number of finished rounds of the first or second training.
    /// - Returns: Both models.
    /// - Throws: ``Forest/ForestError`` if there is nothing to learn, or the names do not make a model.
    public func fit(
        _ set: TrainingSet,
        training: [Int],
        validation: [Int],
        threads: Int,
        progress: @escaping @Sendable (_ isFinal: Bool, _ rounds: Int) -> Void = { _, _ in }
    ) throws(ForestError) -> Fit {
        guard !training.isEmpty, !validation.isEmpty else {
            return Fit(final: try train(set, nil, threads: threads) { progress(true, $0) })
        }
        let rows = set.selecting(validation)
        var judged = try train(set.selecting(training), rows, threads: threads) { progress(false, $0) }
        let scores = rows.fraudScores(of: judged.model, negativeClass: negativeClass)
        let truth = rows.labels.map { Int($0) != negativeClass }
        let half = scores.count / 2
        var reliability: (before: Reliability, after: Reliability)?
        if let earlier = calibrate(Array(scores[..<half]), Array(truth[..<half])) {
            let later = Array(scores[half...])
            reliability = (
                Reliability(scores: later, truth: Array(truth[half...])),
                Reliability(scores: later.map { earlier($0) }, truth: Array(truth[half...]))
            )
        }
        var final = try with(rounds: judged.rounds).train(set, nil, threads: threads) { progress(true, $0) }
        if let calibration = calibrate(scores, truth) {
            judged.model = try judged.model.calibrated(calibration)
            final.model = try final.model.calibrated(calibration)
        }
        return Fit(final: final, judged: judged, reliability: reliability)
    }

    private func train(
        _ set: TrainingSet,
        _ validation: TrainingSet?,
        threads: Int,
        progress: @escaping @Sendable (Int) -> Void
    ) throws(ForestError) -> TrainedForest {
        switch algorithm {
        case .forest(let parameters):
            try RandomForestTrainer(parameters).train(set, threads: threads, progress: progress)
        case .boosting(let parameters):
            try BoostedTreesTrainer(parameters).train(
                set,
                validation: parameters.patience == nil ? nil : validation,
                threads: threads,
                progress: progress
            )
        case .isolation(let parameters):
            try IsolationForestTrainer(parameters).train(set, threads: threads, progress: progress)
        }
    }

    /// The same, with the number of rounds decided.
    private func with(rounds: Int) -> TrainingRecipe {
        guard case .boosting(var parameters) = algorithm else { return self }
        parameters.rounds = rounds
        parameters.patience = nil
        var recipe = self
        recipe.algorithm = .boosting(parameters)
        return recipe
    }

    private func calibrate(_ scores: [Double], _ truth: [Bool]) -> Calibration? {
        switch calibration {
        case .none: nil
        case .isotonic: .isotonic(scores: scores, truth: truth, negativeClass: calibratedClass)
        case .platt: .platt(scores: scores, truth: truth, negativeClass: calibratedClass)
        }
    }

    /// A model without classes has one result, whose number is 0.
    private var calibratedClass: Int { if case .isolation = algorithm { 0 } else { negativeClass } }
}

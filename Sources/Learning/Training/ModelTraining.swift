import Base
public import Evaluation
public import Forest
import ForestTraining
import Models
public import Plan

/// Learns a model from rows, judges it on the way, and says of it what its card will say.
public struct ModelTraining: Sendable {
    /// Shows how far a training is; called from any thread.
    public struct Watch: Sendable {
        var update: @Sendable (_ isFinal: Bool, _ done: Int, _ rounds: Int) -> Void
        var finish: @Sendable () -> Void

        /// - Parameters:
        ///   - update: Takes whether it is the training on all events, and how many rounds of how many are done.
        ///   - finish: The training is over.
        public init(
            update: @escaping @Sendable (_ isFinal: Bool, _ done: Int, _ rounds: Int) -> Void,
            finish: @escaping @Sendable () -> Void
        ) {
            self.update = update
            self.finish = finish
        }
    }

    private let plan: PipelinePlan
    private let settings: TrainingSettings
    private let trainingShare: Double

    /// - Parameters:
    ///   - plan: Whose features and labels the rows have.
    ///   - settings: The algorithm and its parameters.
    ///   - trainingShare: Share of the rows, by time, that the judged model is fitted on.
    /// - Throws: ``LearningError/plan(_:)`` if the plan has no labels and the algorithm needs them.
    public init(
        plan: PipelinePlan,
        settings: TrainingSettings,
        trainingShare: Double
    ) throws(LearningError) {
        guard plan.labels != nil || settings.algorithm == .isolation else {
            throw .plan(
                "the pipeline \(plan.name) has no labels section, so there is nothing to learn from; "
                    + "--algorithm isolation needs no labels"
            )
        }
        self.plan = plan
        self.settings = settings
        self.trainingShare = trainingShare
    }

    /// Judges a model on later rows of entities that it has not seen, then learns the final one from all rows.
    ///
    /// - Throws: ``LearningError/input(_:)`` if there are no rows of two classes.
    public func learn(_ data: TrainingData, watch: Watch) throws(LearningError) -> LearnedModel {
        let rule = plan.labels
        let classNames = data.classNames(negative: rule?.negative ?? "")
        guard data.labels.count > 0, classNames.count > 1 || settings.algorithm == .isolation else {
            throw .input(
                "the recordings hold \(data.labels.count) labelled events of one class; two classes are needed"
            )
        }
        let set = data.set(classNames: classNames)
        let split = TimeEntitySplit(times: data.times, entities: data.entities, trainingShare: trainingShare)
        let fit = try fit(set, rule == nil ? nil : split, watch)
        let card = ModelCard(plan: plan, rule: rule, settings: settings, data: data, set: set, fit: fit)
        return LearnedModel(
            file: ModelFile(forest: fit.final.model, metadata: card.metadata(metrics: card.validation(split))),
            events: data.labels.count
        )
    }

    /// Learns from some days and is judged on later ones, fold by fold; the model is that of the first fold.
    ///
    /// - Parameters:
    ///   - data: The rows of all splits.
    ///   - rule: What is fraud.
    ///   - splits: The first one, and earlier ones.
    ///   - file: Takes the judged rows with their scores.
    ///   - watch: Shows the training of a fold.
    /// - Returns: The model, and how right it and the others were.
    /// - Throws: ``LearningError/input(_:)`` if a fold has too few rows.
    public func learn(
        _ data: ProtocolData,
        _ rule: LabelRule,
        _ splits: [DelayedSplit],
        scores file: ScoreFile?,
        watch: (_ fold: Int) -> Watch
    ) throws(LearningError) -> (model: LearnedModel?, report: ProtocolReport) {
        let classNames = data.rows.classNames(negative: rule.negative)
        var report = ProtocolReport()
        var first: ModelCard?
        for (number, split) in splits.enumerated() {
            let parts = data.parts(of: split)
            let learned = data.rows.selecting(parts.training)
            guard Set(learned.labels).count > 1, !parts.test.isEmpty else {
                throw .input(
                    "fold \(number): \(grouped(parts.training.count)) labelled events to learn from, "
                        + "\(grouped(parts.test.count)) to judge on; two classes and some events are needed"
                )
            }
            let set = learned.set(classNames: classNames)
            let inner =
                settings.needsValidation
                ? TimeEntitySplit(times: learned.times, entities: learned.entities, trainingShare: trainingShare) : nil
            let fit = try fit(set, inner, watch(number))
            let test = data.rows.selecting(parts.test).set(classNames: classNames)
            let scores = test.fraudScores(of: fit.final.model, negativeClass: 0)
            report.folds.append(Judgement(data, parts, scores: scores, split: split))
            try file?.append(fold: number, data, rows: parts.test, scores: scores)
            if number == 0 {
                first = ModelCard(plan: plan, rule: rule, settings: settings, data: learned, set: set, fit: fit)
            }
        }
        try file?.close()
        let model = first.map { card in
            LearnedModel(
                file: ModelFile(forest: card.fit.final.model, metadata: card.metadata(metrics: report.json)),
                events: card.data.labels.count
            )
        }
        return (model, report)
    }

    /// Trains on rows; those apart for early stopping and calibration are the last ones in time.
    private func fit(
        _ set: TrainingSet,
        _ split: TimeEntitySplit?,
        _ watch: Watch
    ) throws(LearningError) -> TrainingRecipe.Fit {
        let recipe = settings.recipe(negativeClass: 0)
        let rounds = recipe.rounds
        do throws(ForestError) {
            let fit = try recipe.fit(
                set,
                training: split?.training ?? [],
                validation: split?.validation ?? [],
                threads: settings.threads
            ) { isFinal, done in
                watch.update(isFinal, done, rounds)
            }
            watch.finish()
            return fit
        } catch {
            throw .plan(error.description)
        }
    }
}

/// A model with its card.
public struct LearnedModel: Sendable {
    public let file: ModelFile
    /// How many events it has learned from.
    public let events: Int

    /// Writes it as a new folder.
    ///
    /// - Returns: The model file's size and SHA-256.
    public func write(to path: String) throws(LearningError) -> (bytes: Int, sha256: String) {
        let bytes = file.encoded()
        try ModelDirectory.write(.forest(file.forest), metadata: file.metadata, bytes: bytes, to: path)
        return (bytes.count, SHA256.hexadecimal(of: bytes))
    }
}

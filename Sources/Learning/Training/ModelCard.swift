import Base
import Bytes
import Forest
import ForestTraining
import Plan

/// What a model says of itself: where it comes from, how it was trained, how right it was.
struct ModelCard {
    let plan: PipelinePlan
    /// Nil: the model was trained without labels.
    let rule: LabelRule?
    let settings: TrainingSettings
    let data: TrainingData
    let set: TrainingSet
    let fit: TrainingRecipe.Fit

    /// How the judged model did on the validation rows; null if there is none or nothing is known of the rows.
    func validation(_ split: TimeEntitySplit) -> JSONValue {
        guard let model = fit.judged?.model, let rule else { return .null }
        let rows = set.selecting(split.validation)
        let (report, fraud) = reports(of: model, rows, negative: rule.negative)
        let importance = PermutationImportance.measure(
            model,
            on: rows,
            negativeClass: 0,
            seed: settings.seed,
            threads: settings.threads
        )
        return .object(
            [
                .init(
                    "split",
                    .text(
                        split.sharesEntities
                            ? "by time; entities of the validation rows occur in the training rows, too"
                            : "by time, and by entity: no entity of the validation rows occurs in the training rows"
                    )
                ),
                .init("cut_ms", .number(Double(split.cut / 1000))),
                .init("training_rows", .number(Double(split.training.count))),
                .init("validation_rows", .number(Double(split.validation.count))),
                .init("permutation_importance", ReportJSON.importance(set.featureNames, importance)),
                .init("reliability", fit.reliability.map(ReportJSON.reliability) ?? .null),
            ] + ReportJSON.members(report, fraud)
        )
    }

    private func reports(
        of model: ForestModel,
        _ rows: TrainingSet,
        negative: String
    ) -> (ClassificationReport, BinaryReport) {
        let scores = rows.fraudScores(of: model, negativeClass: 0)
        let isFraud = rows.labels.map { $0 != 0 }
        guard model.classNames.isEmpty else {
            let predicted = rows.predictedClasses(of: model)
            return (
                ClassificationReport(
                    classNames: model.classNames,
                    truth: rows.labels.map { Int($0) },
                    predicted: predicted
                ),
                BinaryReport(truth: isFraud, decided: predicted.map { $0 != 0 }, scores: scores)
            )
        }
        let decided = scores.map { $0 >= 0.5 }
        return (
            ClassificationReport(
                classNames: [negative, "anomaly"],
                truth: isFraud.map { $0 ? 1 : 0 },
                predicted: decided.map { $0 ? 1 : 0 }
            ),
            BinaryReport(truth: isFraud, decided: decided, scores: scores)
        )
    }

    /// All of it.
    func metadata(metrics: JSONValue) -> JSONValue {
        let typical = data.typical(of: rule?.negative ?? "")
        let counts = set.classNames.map { name in
            JSONValue.Member(name, .number(Double(data.labels.count { $0 == name })))
        }
        let gains = fit.final.gains
        let total = gains.reduce(0, +)
        return .object([
            .init("name", .text(plan.name)),
            .init("pipeline", .text(plan.name)),
            .init("pipeline_sha256", .text(plan.identity.pipeline)),
            .init("negative", rule.map { .text($0.negative) } ?? .null),
            .init("parameters", .object(settings.members(rounds: fit.final.rounds))),
            .init("trained_from_ms", .number(Double((data.times.min() ?? 0) / 1000))),
            .init("trained_to_ms", .number(Double((data.times.max() ?? 0) / 1000))),
            .init("training_events", rule == nil ? .number(Double(data.labels.count)) : .object(counts)),
            .init("feature_types", .object(data.names.map { .init($0, .text("number")) })),
            .init("typical", .list(typical.map { $0.isNaN ? .null : .number($0) })),
            .init(
                "gain_importance",
                ReportJSON.importance(set.featureNames, gains.map { total > 0 ? $0 / total : 0 })
            ),
            .init("validation", metrics),
        ])
    }
}

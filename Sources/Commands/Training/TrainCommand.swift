import ArgumentParser
import Base
import Bytes
import Forest
import ForestTraining
import Foundation
import Plan

/// `train`: labelled recordings in, a model directory out.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a model on labelled recordings.",
        discussion: """
            Replays the recordings with the pipeline's own features, judges a model on later events of actors that it \
            has not seen, then trains the final one on everything. Early stopping and calibration look at those later \
            events only; the final model takes over the number of rounds and the calibration.

              patternalarm train january.jsonl.lz4 --out models/january
              patternalarm train a.jsonl b.jsonl --pipeline my.yaml --trees 300 --out models/v2
              patternalarm train a.jsonl --algorithm boosting --learning-rate 0.05 --early-stopping-rounds 50 \
                --calibration isotonic --out models/v3
              patternalarm train a.jsonl --algorithm isolation --out models/unusual
            """
    )

    @Argument(help: "Recordings (JSONL or CSV, each also as .lz4), in the order of time.")
    var files: [String]

    @Option(help: "Pipeline file, or the name of a built-in one.")
    var pipeline: String?

    @Option(help: "Folder for the model; it must not exist yet.")
    var out: String

    @Option(help: "Format of the recordings; told by their names otherwise.")
    var format: RecordingFormat?

    @Option(help: "Share of the events, by time, to fit the judged forest on.")
    var trainShare = 0.75

    @OptionGroup(title: "Algorithm") var training: TrainingOptions

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    func validate() throws {
        guard trainShare > 0, trainShare < 1 else { throw ValidationError("--train-share must lie between 0 and 1.") }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in try train() }
    }

    private func train() throws(CommandError) {
        guard !FileManager.default.fileExists(atPath: out) else {
            throw .usage("\(out) exists already; a model is never overwritten: choose another folder with --out")
        }
        let plan = try PipelineFile.load(pipeline).plan
        let rule = plan.labels
        guard rule != nil || training.algorithm == .isolation else {
            throw .plan(
                "the pipeline \(plan.name) has no labels section, so there is nothing to learn from; "
                    + "--algorithm isolation needs no labels"
            )
        }
        let data = try TrainingData.collect(
            files,
            format: format,
            plan: plan,
            rule: rule,
            progress: Progress("features", isQuiet: quiet)
        )
        let classNames = data.classNames(negative: rule?.negative ?? "")
        guard data.labels.count > 0, classNames.count > 1 || training.algorithm == .isolation else {
            throw .input(
                "the recordings hold \(data.labels.count) labelled events of one class; two classes are needed"
            )
        }
        let set = data.set(classNames: classNames)
        let split = TimeEntitySplit(times: data.times, entities: data.entities, trainingShare: trainShare)
        let fit = try fit(set, split)
        var metrics: JSONValue = .null
        if let judged = fit.judged, let rule {
            metrics = validation(of: fit, judged.model, set.selecting(split.validation), negative: rule.negative, split)
        }
        let file = ModelFile(
            forest: fit.final.model,
            metadata: metadata(plan: plan, rule: rule, data: data, set: set, fit: fit, metrics: metrics)
        )
        let bytes = file.encoded()
        try ModelDirectory.write(file, bytes: bytes, plan: plan, to: out)
        Output.talk(
            "\(out): \(fit.final.model.trees.count) trees on \(grouped(data.labels.count)) events, "
                + "\(classNames.count) classes, \(grouped(bytes.count)) bytes, "
                + "sha256 \(SHA256.hexadecimal(of: bytes).prefix(16))…"
        )
    }

    private func fit(_ set: TrainingSet, _ split: TimeEntitySplit) throws(CommandError) -> TrainingRecipe.Fit {
        let recipe = training.recipe(negativeClass: 0)
        let progress = SharedProgress(Progress("model", isQuiet: quiet))
        let rounds = recipe.rounds
        do throws(ForestError) {
            let fit = try recipe.fit(
                set,
                training: split.training,
                validation: split.validation,
                threads: training.threads
            ) { isFinal, done in
                progress.update(done, of: rounds, isFinal ? "rounds on all events" : "rounds, to be judged")
            }
            progress.finish()
            return fit
        } catch {
            throw .plan(error.description)
        }
    }

    private func validation(
        of fit: TrainingRecipe.Fit,
        _ model: ForestModel,
        _ set: TrainingSet,
        negative: String,
        _ split: TimeEntitySplit
    ) -> JSONValue {
        let scores = set.fraudScores(of: model, negativeClass: 0)
        let isFraud = set.labels.map { $0 != 0 }
        let report: ClassificationReport
        let decided: [Bool]
        if model.classNames.isEmpty {
            decided = scores.map { $0 >= 0.5 }
            report = ClassificationReport(
                classNames: [negative, "anomaly"],
                truth: isFraud.map { $0 ? 1 : 0 },
                predicted: decided.map { $0 ? 1 : 0 }
            )
        } else {
            let predicted = set.predictedClasses(of: model)
            decided = predicted.map { $0 != 0 }
            report = ClassificationReport(
                classNames: model.classNames,
                truth: set.labels.map { Int($0) },
                predicted: predicted
            )
        }
        let fraud = BinaryReport(truth: isFraud, decided: decided, scores: scores)
        let importance = PermutationImportance.measure(
            model,
            on: set,
            negativeClass: 0,
            seed: training.seed,
            threads: training.threads
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

    private func metadata(
        plan: PipelinePlan,
        rule: LabelRule?,
        data: TrainingData,
        set: TrainingSet,
        fit: TrainingRecipe.Fit,
        metrics: JSONValue
    ) -> JSONValue {
        let typical = data.typical(of: rule?.negative ?? "")
        let counts = set.classNames.map { name in
            JSONValue.Member(name, .number(Double(data.labels.count { $0 == name })))
        }
        return .object([
            .init("name", .text(plan.name)),
            .init("pipeline", .text(plan.name)),
            .init("pipeline_sha256", .text(SHA256.hexadecimal(of: Array(plan.canonicalDescription.utf8)))),
            .init("negative", rule.map { .text($0.negative) } ?? .null),
            .init("parameters", .object(training.members(rounds: fit.final.rounds))),
            .init("trained_from_ms", .number(Double((data.times.min() ?? 0) / 1000))),
            .init("trained_to_ms", .number(Double((data.times.max() ?? 0) / 1000))),
            .init("training_events", rule == nil ? .number(Double(data.labels.count)) : .object(counts)),
            .init(
                "feature_types",
                .object(data.names.map { .init($0, .text("number")) })
            ),
            .init("typical", .list(typical.map { $0.isNaN ? .null : .number($0) })),
            .init("gain_importance", ReportJSON.importance(set.featureNames, Self.shares(fit.final.gains))),
            .init("validation", metrics),
        ])
    }

    /// Each feature's share of all gains.
    private static func shares(_ gains: [Double]) -> [Double] {
        let total = gains.reduce(0, +)
        return gains.map { total > 0 ? $0 / total : 0 }
    }
}

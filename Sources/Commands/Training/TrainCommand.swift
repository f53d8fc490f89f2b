import ArgumentParser
import Base
import Bytes
import Evaluation
import Forest
import ForestTraining
import Foundation
import Models
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

            With --test it learns from the days of --train only (early stopping and calibration from the last of them), \
            is judged on those of --test, and the figures go to standard output; --folds does the same for earlier days \
            and gives mean and deviation.

              patternalarm train january.jsonl.lz4 --out models/january
              patternalarm train a.jsonl b.jsonl --pipeline my.yaml --trees 300 \\
                --out models/v2
              patternalarm train a.jsonl --algorithm boosting --learning-rate 0.05 \\
                --early-stopping-rounds 50 --calibration isotonic --out models/v3
              patternalarm train a.jsonl --algorithm isolation --out models/unusual
              patternalarm train tx.csv --pipeline handbook --out models/h \\
                --train 2018-07-25..2018-07-31 --delay 7d \\
                --test 2018-08-08..2018-08-14 --exclude-known customer
            """
    )

    @Argument(help: "Recordings (JSON or CSV; also packed with gzip, zstd, LZ4), in the order of time.")
    var files: [String]

    @Option(help: "Pipeline file, or the name of a built-in one.")
    var pipeline: String?

    @Option(help: "Folder for the model; it must not exist yet.")
    var out: String

    @Option(help: "Format of the recordings; told by their names otherwise.")
    var format: RecordingFormat?

    @OptionGroup var recordings: RecordingOptions

    @Option(help: "Share of the events, by time, to fit the judged forest on.")
    var trainShare = 0.75

    @OptionGroup(title: "Algorithm") var training: TrainingOptions

    @OptionGroup(title: "Judging as of the time") var judging: ProtocolOptions

    @Option(help: "How many times to learn and judge, each earlier by the days of --test.")
    var folds = 1

    @Option(help: "Format of the figures.")
    var report: EvaluateCommand.ReportFormat = .table

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    func validate() throws {
        guard folds > 0 else { throw ValidationError("--folds must be at least 1.") }
        guard judging.train != nil || judging.test == nil else {
            throw ValidationError("--test needs --train FROM..TO.")
        }
        guard folds == 1 || judging.test != nil else { throw ValidationError("--folds needs --test FROM..TO.") }
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
        try ModelDirectory.requireNames(plan)
        let rule = plan.labels
        guard rule != nil || training.algorithm == .isolation else {
            throw .plan(
                "the pipeline \(plan.name) has no labels section, so there is nothing to learn from; "
                    + "--algorithm isolation needs no labels"
            )
        }
        if let rule, let split = try judging.split(plan) { return try train(plan, rule, split) }
        let data = try TrainingData.collect(
            files,
            reading: recordings.reading(format),
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
        let fit = try fit(set, rule == nil ? nil : split, "model")
        let card = ModelCard(plan: plan, rule: rule, options: training, data: data, set: set, fit: fit)
        let file = ModelFile(forest: fit.final.model, metadata: card.metadata(metrics: card.validation(split)))
        _ = try write(file, plan, events: data.labels.count)
    }

    /// Learns from some days and is judged on later ones, fold by fold; the model is that of the first fold.
    private func train(_ plan: PipelinePlan, _ rule: LabelRule, _ split: DelayedSplit) throws(CommandError) {
        let splits = split.folds(folds)
        let data = try ProtocolData.collect(
            files,
            reading: recordings.reading(format),
            plan: plan,
            rule: rule,
            splits: splits,
            options: judging,
            progress: Progress("features", isQuiet: quiet)
        )
        let classNames = data.rows.classNames(negative: rule.negative)
        var report = ProtocolReport(folds: [])
        let scoreFile = try judging.scores.map { path throws(CommandError) in try ScoreFile(path) }
        var first: ModelCard?
        for (number, split) in splits.enumerated() {
            let parts = data.parts(of: split, excludesKnown: judging.excludeKnown != nil)
            let learned = data.rows.selecting(parts.training)
            guard Set(learned.labels).count > 1, !parts.test.isEmpty else {
                throw .input(
                    "fold \(number): \(grouped(parts.training.count)) labelled events to learn from, "
                        + "\(grouped(parts.test.count)) to judge on; two classes and some events are needed"
                )
            }
            let set = learned.set(classNames: classNames)
            let inner =
                training.needsValidation
                ? TimeEntitySplit(times: learned.times, entities: learned.entities, trainingShare: trainShare) : nil
            let fit = try fit(set, inner, folds == 1 ? "model" : "model \(number)")
            let test = data.rows.selecting(parts.test).set(classNames: classNames)
            let scores = test.fraudScores(of: fit.final.model, negativeClass: 0)
            report.folds.append(Judgement(data, parts, scores: scores, split: split, options: judging))
            try scoreFile?.append(fold: number, data, rows: parts.test, scores: scores)
            if number == 0 {
                first = ModelCard(plan: plan, rule: rule, options: training, data: learned, set: set, fit: fit)
            }
        }
        try scoreFile?.close()
        guard let first else { return }
        let file = ModelFile(forest: first.fit.final.model, metadata: first.metadata(metrics: report.json))
        let sha256 = try write(file, plan, events: first.data.labels.count)
        report.write(as: self.report)
        if let alerts = judging.alerts {
            let id = "\(plan.name)@\(sha256.prefix(12))"
            try report.note(in: alerts, command: "train", plan: plan, modelID: id)
        }
    }

    private func write(_ file: ModelFile, _ plan: PipelinePlan, events: Int) throws(CommandError) -> String {
        let bytes = file.encoded()
        let sha256 = SHA256.hexadecimal(of: bytes)
        try ModelDirectory.write(.forest(file.forest), metadata: file.metadata, bytes: bytes, to: out)
        Output.talk(
            "\(out): \(file.forest.trees.count) trees on \(grouped(events)) events, "
                + "\(file.forest.classNames.count) classes, \(grouped(bytes.count)) bytes, "
                + "sha256 \(sha256.prefix(16))…"
        )
        return sha256
    }

    /// Trains on rows; those apart for early stopping and calibration are the last ones in time, see `--train-share`.
    private func fit(
        _ set: TrainingSet,
        _ split: TimeEntitySplit?,
        _ what: String
    ) throws(CommandError) -> TrainingRecipe.Fit {
        let recipe = training.recipe(negativeClass: 0)
        let progress = SharedProgress(Progress(what, isQuiet: quiet))
        let rounds = recipe.rounds
        do throws(ForestError) {
            let fit = try recipe.fit(
                set,
                training: split?.training ?? [],
                validation: split?.validation ?? [],
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
}

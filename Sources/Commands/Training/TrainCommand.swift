import ArgumentParser
import Base
import Console
import Evaluation
import Forest
import Foundation
import Learning
import Models
import PipelineFiles
import Plan
import Recordings

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
        let plan = try PipelineFile.loaded(pipeline).plan
        let course = try CommandError.running { () throws(LearningError) in
            try ModelDirectory.requireNames(plan)
            return try ModelTraining(plan: plan, settings: training.settings, trainingShare: trainShare)
        }
        if let rule = plan.labels, let split = try judging.split(plan) { return try train(course, plan, rule, split) }
        let run = OfflineRun(plan: plan.featuresOnly, models: [:], reading: recordings.reading(format))
        var data = TrainingData(of: plan)
        try run.run(files, progress: ProgressBar("features", isQuiet: quiet)) { share, _, output in
            data.append(share, plan.labels, entity: plan.partitionEntity, &output)
        }
        _ = try CommandError.running { () throws(LearningError) in
            try write(try course.learn(data, watch: watch("model")))
        }
    }

    /// Learns from some days and is judged on later ones, fold by fold; the model is that of the first fold.
    private func train(
        _ course: ModelTraining,
        _ plan: PipelinePlan,
        _ rule: LabelRule,
        _ split: DelayedSplit
    ) throws(CommandError) {
        let splits = split.folds(folds)
        let data = try judging.data(
            files,
            recordings.reading(format),
            plan: plan,
            rule: rule,
            splits: splits,
            progress: ProgressBar("features", isQuiet: quiet)
        )
        let (report, sha256) = try CommandError.running { () throws(LearningError) in
            let scores = try judging.scores.map { path throws(LearningError) in try ScoreFile(path) }
            let (model, report) = try course.learn(data, rule, splits, scores: scores) {
                watch(folds == 1 ? "model" : "model \($0)")
            }
            return (report, try model.map { model throws(LearningError) in try write(model) })
        }
        guard let sha256 else { return }
        report.write(as: self.report)
        if let alerts = judging.alerts {
            let id = "\(plan.name)@\(sha256.prefix(12))"
            try report.note(in: alerts, command: "train", plan: plan, modelID: id)
        }
    }

    private func write(_ model: LearnedModel) throws(LearningError) -> String {
        let (bytes, sha256) = try model.write(to: out)
        let forest = model.file.forest
        Output.talk(
            "\(out): \(forest.trees.count) trees on \(grouped(model.events)) events, "
                + "\(forest.classNames.count) classes, \(grouped(bytes)) bytes, "
                + "sha256 \(sha256.prefix(16))…"
        )
        return sha256
    }

    private func watch(_ what: String) -> ModelTraining.Watch {
        let progress = SharedProgress(ProgressBar(what, isQuiet: quiet))
        return ModelTraining.Watch { isFinal, done, rounds in
            progress.update(done, of: rounds, isFinal ? "rounds on all events" : "rounds, to be judged")
        } finish: {
            progress.finish()
        }
    }
}

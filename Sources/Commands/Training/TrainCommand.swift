import ArgumentParser
import Base
import Bytes
import Forest
import ForestTraining
import Foundation
import Plan
import Synchronization

/// `train`: labelled recordings in, a model directory out.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a random forest on labelled recordings.",
        discussion: """
            Replays the recordings with the pipeline's own features, judges a forest on later events of actors that it \
            has not seen, then trains the final one on everything.

              patternalarm train january.jsonl.lz4 --out models/january
              patternalarm train a.jsonl b.jsonl --pipeline my.yaml --trees 300 --out models/v2
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

    @Option(help: "Trees.")
    var trees = 150

    @Option(help: "Largest depth of a tree.")
    var depth = 16

    @Option(help: "Rows a leaf must hold.")
    var minLeaf = 3

    @Option(help: "Features tried at a node (default: the square root of their number).")
    var featuresPerNode: Int?

    @Flag(help: "Let every class weigh the same, however rare.")
    var balanced = false

    @Option(help: "Seed of all random choices.")
    var seed: UInt64 = 42

    @Option(help: "Share of the events, by time, to fit the judged forest on.")
    var trainShare = 0.75

    @Option(help: "Threads.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    func validate() throws {
        guard trees > 0, depth > 0, minLeaf > 0, threads > 0 else {
            throw ValidationError("--trees, --depth, --min-leaf and --threads must be at least 1.")
        }
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
        guard let rule = plan.labels else {
            throw .plan("the pipeline \(plan.name) has no labels section, so there is nothing to learn from")
        }
        let data = try TrainingData.collect(
            files,
            format: format,
            plan: plan,
            rule: rule,
            progress: Progress("features", isQuiet: quiet)
        )
        let classNames = data.classNames(negative: rule.negative)
        guard data.labels.count > 0, classNames.count > 1 else {
            throw .input(
                "the recordings hold \(data.labels.count) labelled events of one class; two classes are needed"
            )
        }
        let set = data.set(classNames: classNames)
        let split = TimeEntitySplit(times: data.times, entities: data.entities, trainingShare: trainShare)
        var metrics: JSONValue = .null
        if !split.validation.isEmpty, !split.training.isEmpty {
            let judged = try fit(set.selecting(split.training), "validation forest")
            metrics = validation(of: judged, set.selecting(split.validation), negative: rule.negative, split)
        }
        let forest = try fit(set, "forest")
        let file = ModelFile(
            forest: forest,
            metadata: metadata(plan: plan, rule: rule, data: data, set: set, metrics: metrics)
        )
        let bytes = file.encoded()
        try ModelDirectory.write(file, bytes: bytes, plan: plan, to: out)
        Output.talk(
            "\(out): \(trees) trees on \(grouped(data.labels.count)) events, \(classNames.count) classes, "
                + "\(grouped(bytes.count)) bytes, sha256 \(SHA256.hexadecimal(of: bytes).prefix(16))…"
        )
    }

    private func fit(_ set: TrainingSet, _ what: String) throws(CommandError) -> ForestModel {
        var parameters = RandomForestTrainer.Parameters()
        parameters.trees = trees
        parameters.depthMax = depth
        parameters.leafRowsMin = minLeaf
        parameters.featuresTried = featuresPerNode
        parameters.balancesClasses = balanced
        parameters.seed = seed
        let progress = SharedProgress(Progress(what, isQuiet: quiet), total: trees)
        do throws(ForestError) {
            let model = try RandomForestTrainer(parameters).train(set, threads: threads) { progress.update($0) }.model
            progress.finish()
            return model
        } catch {
            throw .plan(error.description)
        }
    }

    private func validation(
        of model: ForestModel,
        _ set: TrainingSet,
        negative: String,
        _ split: TimeEntitySplit
    ) -> JSONValue {
        let classes = model.classNames.count
        let features = set.columns.count
        let rows = (0..<set.rowCount * features).map { set.columns[$0 % features][$0 / features] }
        var output = Array(repeating: Float(0), count: set.rowCount * classes)
        ForestScorer(model).score(rows: rows, rowCount: set.rowCount, into: &output)
        let truth = set.labels.map { Int($0) }
        let predicted = (0..<set.rowCount).map { row in
            let scores = output[row * classes..<(row + 1) * classes]
            return scores.indices.reduce(scores.startIndex) { scores[$1] > scores[$0] ? $1 : $0 } - scores.startIndex
        }
        let report = ClassificationReport(classNames: model.classNames, truth: truth, predicted: predicted)
        let negativeIndex = model.classNames.firstIndex(of: negative) ?? 0
        let fraud = BinaryReport(
            truth: truth.map { $0 != negativeIndex },
            decided: predicted.map { $0 != negativeIndex },
            scores: (0..<set.rowCount).map { 1 - Double(output[$0 * classes + negativeIndex]) }
        )
        return .object(
            [
                .init(
                    "split",
                    .text("by time, and by entity: no entity of the validation rows occurs in the training rows")
                ),
                .init("cut_ms", .number(Double(split.cut / 1000))),
                .init("training_rows", .number(Double(split.training.count))),
                .init("validation_rows", .number(Double(split.validation.count))),
            ] + ReportJSON.members(report, fraud)
        )
    }

    private func metadata(
        plan: PipelinePlan,
        rule: LabelRule,
        data: TrainingData,
        set: TrainingSet,
        metrics: JSONValue
    ) -> JSONValue {
        let typical = data.typical(of: rule.negative)
        let counts = set.classNames.map { name in
            JSONValue.Member(name, .number(Double(data.labels.count { $0 == name })))
        }
        return .object([
            .init("name", .text(plan.name)),
            .init("pipeline", .text(plan.name)),
            .init("pipeline_sha256", .text(SHA256.hexadecimal(of: Array(plan.canonicalDescription.utf8)))),
            .init("negative", .text(rule.negative)),
            .init(
                "parameters",
                .object([
                    .init("trees", .number(Double(trees))),
                    .init("depth_max", .number(Double(depth))),
                    .init("leaf_rows_min", .number(Double(minLeaf))),
                    .init("features_per_node", featuresPerNode.map { .number(Double($0)) } ?? .null),
                    .init("balanced", .bool(balanced)),
                    .init("seed", .text(String(seed))),
                ])
            ),
            .init("trained_from_ms", .number(Double((data.times.min() ?? 0) / 1000))),
            .init("trained_to_ms", .number(Double((data.times.max() ?? 0) / 1000))),
            .init("training_events", .object(counts)),
            .init(
                "feature_types",
                .object(data.names.map { .init($0, .text("number")) })
            ),
            .init("typical", .list(typical.map { $0.isNaN ? .null : .number($0) })),
            .init("validation", metrics),
        ])
    }
}

/// A progress display that several threads report to.
private final class SharedProgress: Sendable {
    private let progress: Mutex<Progress>
    private let total: Int

    init(_ progress: sending Progress, total: Int) {
        self.progress = Mutex(progress)
        self.total = total
    }

    func update(_ done: Int) {
        progress.withLock { $0.update("\(done) of \(total) trees", fraction: Double(done) / Double(total)) }
    }

    func finish() { progress.withLock { $0.finish() } }
}

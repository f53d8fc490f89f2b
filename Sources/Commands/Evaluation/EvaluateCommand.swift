import AlertStore
import ArgumentParser
import Base
import Bytes
import Delivery
import Engine
import Evaluation
import Forest
import ForestTraining
import Foundation
import Models
import Plan

/// `evaluate`: how right pipeline and model are on labelled recordings.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Compare what pipeline and model say of labelled recordings with the truth.",
        discussion: """
            Nothing is written to a data directory. A session's prediction is that of its last event; its true class is \
            that of its fraud events if it has any.

            With --test only the model is judged, event by event, on the events of those days.

              patternalarm evaluate test.jsonl.lz4 --model models/january
              patternalarm evaluate test.jsonl.lz4 --format json > report.json
              patternalarm evaluate tx.csv --pipeline handbook --model models/h \\
                --test 2018-08-08..2018-08-14 --review-cost 5 --miss-cost amount \\
                --capacity 100/day
            """
    )

    enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    @Argument(help: "Labelled recordings, in the order of time.")
    var files: [String]

    @Option(help: "Pipeline file, or the name of a built-in one.")
    var pipeline: String?

    @Option(help: "Model folder or file (default: the built-in model that the pipeline names).")
    var model: String?

    @Option(help: "Format of the recordings; told by their names otherwise.")
    var inputFormat: RecordingFormat?

    @OptionGroup var recordings: RecordingOptions

    @Option(help: "Format of the report.")
    var format: ReportFormat = .table

    @OptionGroup(title: "Judging as of the time") var judging: ProtocolOptions

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in try evaluate() }
    }

    private func evaluate() throws(CommandError) {
        var plan = try PipelineFile.load(pipeline).plan
        guard let rule = plan.labels else {
            throw .plan("the pipeline \(plan.name) has no labels section: there is nothing to compare with")
        }
        if let split = try judging.split(plan) { return try judge(plan, rule, split) }
        let (bindings, _) = try ModelDirectory.bind(&plan, path: model)
        guard let detector = bindings.keys.min(), let binding = bindings[detector],
            case .model(_, let threshold, _) = plan.detectors[detector].kind
        else { throw .plan("the pipeline \(plan.name) has no model detector to evaluate") }

        var classNames = binding.meaning.classNames
        var events: [SessionTable.Event] = []
        var ledger = Ledger()
        let database: AlertDatabase
        do throws(AlertStoreError) { database = try AlertDatabase() } catch {
            throw CommandError(error)
        }
        let commits = CommitBuilder(plan: plan, topic: plan.name)
        let entity = plan.detectors[detector].entity
        let run = OfflineRun(plan: plan, models: bindings, reading: recordings.reading(inputFormat))
        let outputs = try run.run(files, progress: Progress("evaluate", isQuiet: quiet)) {
            engine,
            chunk,
            output throws(CommandError) in
            let base = output.nextOffset - Int64(chunk.partitions[engine.partition].count)
            var positions: [Int32: Int64] = [:]
            for (index, row) in chunk.partitions[engine.partition].enumerated() { positions[row] = base + Int64(index) }
            for index in 0..<engine.acceptedCount {
                let row = engine.row(index)
                guard let label = chunk.label(of: row, rule),
                    let scores = engine.probabilities(detector: detector, of: index)
                else { continue }
                if !classNames.contains(label) { classNames.append(label) }
                let score = binding.meaning.score(scores)
                events.append(
                    SessionTable.Event(
                        key: engine.key(entity, of: index),
                        partition: engine.partition,
                        offset: positions[Int32(row)] ?? 0,
                        time: chunk.batch.times[row],
                        truth: classNames.firstIndex(of: label) ?? 0,
                        predicted: binding.meaning.predictedClass(scores),
                        score: score,
                        crosses: score >= threshold
                    )
                )
            }
            ledger += output.ledger
            do throws(AlertStoreError) {
                try database.commit(commits.build(output))
            } catch {
                throw CommandError(error)
            }
            output.removeAll()
        }
        _ = outputs
        guard !events.isEmpty else { throw .input("the recordings hold no labelled event") }
        let digest: String
        do throws(AlertStoreError) { digest = try database.digest() } catch { throw CommandError(error) }
        let report = EvaluationReport(
            events: events,
            classNames: classNames,
            negative: binding.meaning.negativeClass,
            gap: plan.detectors[detector].sessionGap,
            threshold: threshold,
            ledger: ledger,
            digest: digest
        )
        switch format {
        case .json: Output.data(report.json, .json)
        case .table: Output.data(report.table)
        }
    }

    /// Judges the model on some days.
    private func judge(_ source: PipelinePlan, _ rule: LabelRule, _ split: DelayedSplit) throws(CommandError) {
        var plan = source
        var name = plan.name
        for detector in plan.detectors.reversed() { if case .model(let model, _, _) = detector.kind { name = model } }
        let model = try ModelDirectory.load(model, name: name)
        try ModelDirectory.nameCategories(of: &plan, by: model.model, place: model.path)
        try ModelDirectory.requireNames(plan)
        let binding: ModelBinding
        do throws(ModelError) {
            binding = try ModelBinding(
                id: model.id,
                model: model.model,
                typical: nil,
                features: plan.features.map(\.name),
                negative: rule.negative
            )
        } catch {
            throw .plan("\(model.path): error: \(error.description)")
        }
        let data = try ProtocolData.collect(
            files,
            reading: recordings.reading(inputFormat),
            plan: plan,
            rule: rule,
            splits: [split],
            options: judging,
            progress: Progress("evaluate", isQuiet: quiet)
        )
        let parts = data.parts(of: split, excludesKnown: judging.excludeKnown != nil)
        guard !parts.test.isEmpty else { throw .input("the recordings hold no labelled event of the days of --test") }
        let test = data.rows.selecting(parts.test)
        let scores = binding.scores(of: test.columns)
        let report = ProtocolReport(folds: [Judgement(data, parts, scores: scores, split: split, options: judging)])
        if let path = judging.scores {
            let file = try ScoreFile(path)
            try file.append(fold: 0, data, rows: parts.test, scores: scores)
            try file.close()
        }
        report.write(as: format)
        if let alerts = judging.alerts {
            try report.note(in: alerts, command: "evaluate", plan: plan, modelID: binding.id)
        }
    }
}

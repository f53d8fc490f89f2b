import ArgumentParser
import Base
import Console
import Engine
import Evaluation
import Learning
import Models
import PipelineFiles
import Plan
import Recordings

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
        var plan = try PipelineFile.loaded(pipeline).plan
        guard let rule = plan.labels else {
            throw .plan("the pipeline \(plan.name) has no labels section: there is nothing to compare with")
        }
        if let split = try judging.split(plan) { return try judge(plan, rule, split) }
        let (bindings, evaluation) = try CommandError.running { () throws(LearningError) in
            let (bindings, _) = try ModelDirectory.bind(&plan, path: model)
            return (bindings, try EvaluationRun(plan: plan, rule: rule, models: bindings))
        }
        let run = OfflineRun(plan: plan, models: bindings, reading: recordings.reading(inputFormat))
        try run.run(files, progress: ProgressBar("evaluate", isQuiet: quiet)) {
            share,
            _,
            output throws(LearningError) in
            try evaluation.append(share, &output)
        }
        let report = try CommandError.running { () throws(LearningError) in try evaluation.report() }
        switch format {
        case .json: Output.data(report.json, .json)
        case .table: Output.data(report.table)
        }
    }

    /// Judges the model on some days.
    private func judge(_ source: PipelinePlan, _ rule: LabelRule, _ split: DelayedSplit) throws(CommandError) {
        var plan = source
        let binding = try CommandError.running { () throws(LearningError) in
            try ModelDirectory.judged(of: &plan, path: model, negative: rule.negative)
        }
        let data = try judging.data(
            files,
            recordings.reading(inputFormat),
            plan: plan,
            rule: rule,
            splits: [split],
            progress: ProgressBar("evaluate", isQuiet: quiet)
        )
        let report = try CommandError.running { () throws(LearningError) in
            let (parts, scores) = try data.scores(of: binding, split)
            if let path = judging.scores {
                let file = try ScoreFile(path)
                try file.append(fold: 0, data, rows: parts.test, scores: scores)
                try file.close()
            }
            return ProtocolReport(folds: [Judgement(data, parts, scores: scores, split: split)])
        }
        report.write(as: format)
        if let alerts = judging.alerts {
            try report.note(in: alerts, command: "evaluate", plan: plan, modelID: binding.id)
        }
    }
}

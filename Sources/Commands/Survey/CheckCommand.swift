import ArgumentParser
import Base
import Console
import Engine
import Learning
import PipelineFiles
import Plan
import Recordings

/// `check`: what is wrong with a pipeline, what of it nothing uses, and whether files have what it reads.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a pipeline file, and whether files of events fit it.",
        discussion: """
            Every mistake is reported as file:line:column, with what was probably meant, and ends the check with exit code \
            3. What nothing uses is named, too, which is no mistake.

              patternalarm check pipeline.yaml
              patternalarm check pipeline.yaml payments.csv
              patternalarm check pipeline.yaml --parts

            With files their events are read as a replay reads them, without models and without a data directory: how many \
            are accepted, why others are not, which fields no event has and what they may be called there, and how many \
            alerts the rules give. Exit code 4: no event is accepted, or a field has another spelling in the file.

            With --parts, what the pipeline and each part of it are known by: hashes of what they mean, whatever their \
            order, titles and comments. Between two files those of the parts that a change touches differ, and as long as \
            the pipeline's is the same, alerts and checkpoints stay as they are.
            """
    )

    @Argument(help: "Pipeline file, or the name of a built-in one.")
    var pipeline: String

    @Argument(help: "Files of events (JSON lines or CSV, each also compressed), in the order of time.")
    var files: [String] = []

    @Flag(help: "List the parts, and what each is known by.")
    var parts = false

    @Option(help: "How to write the parts.")
    var format: OutputFormat = .table

    @OptionGroup var options: SurveyOptions

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let file = try PipelineFile.loaded(pipeline)
            let plan = file.plan
            if parts { return PlanParts(plan).listing.write(as: format) }
            Output.data(
                "\(Output.safe(file.path)): fine: \(plan.schema.fields.count) fields, \(plan.entities.count) entities, "
                    + "\(plan.features.count) features, \(plan.detectors.count) detectors, \(plan.queries.count) queries\n"
            )
            for note in PipelineNotes(file).lines { Output.data(note + "\n") }
            guard !files.isEmpty else { return }
            try read(plan)
        }
    }

    private func read(_ plan: PipelinePlan) throws(CommandError) {
        var rules = plan
        rules.detectors = plan.detectors.filter { detector in
            if case .rule = detector.kind { true } else { false }
        }
        var findings = RecordingFindings(plan)
        var ledger = Ledger()
        var alerts: [String: Int] = [:]
        var bases = Array(repeating: Int64(0), count: plan.partitionCount)
        let run = OfflineRun(plan: rules, models: [:], reading: options.reading)
        var unended: [String] = []
        let progress = ProgressBar("check", isQuiet: options.quiet)
        let note = { (recording: Recording) in if recording.lacksEnd { unended.append(Output.safe(recording.path)) } }
        try run.run(files, progress: progress, atEnd: note) { share, chunk, output in
            let engine = share.engine
            if engine.partition == 0 { findings.note(chunk) }
            for alert in output.alerts where alert.openedOffset >= bases[engine.partition] {
                alerts[alert.detector.name, default: 0] += 1
            }
            ledger += output.ledger
            bases[engine.partition] = output.nextOffset
            output.removeAll()
        }
        Output.data(
            "\(grouped(ledger.events)) events = \(grouped(ledger.ok)) ok + \(grouped(ledger.late)) late + "
                + "\(grouped(ledger.duplicate)) duplicate + \(grouped(ledger.rejected)) rejected\n"
        )
        for detector in rules.detectors {
            Output.data("\(detector.name): \(grouped(alerts[detector.name] ?? 0)) alerts\n")
        }
        for path in unended {
            Output.data(
                "\(path): its last line has no line end: a replay leaves it, because more may come, unless you add --finished\n"
            )
        }
        let name = files.count == 1 ? Output.safe(files[0]) : "the files"
        for reason in findings.reasons { Output.data("\(name): rejected: \(reason)\n") }
        if let words = findings.aheadWords { Output.data("\(name): \(words)\n") }
        if let late = findings.lateWords(Int(ledger.late), of: Int(ledger.events)) { Output.data("\(name): \(late)\n") }
        for line in findings.absentWords(of: name) { Output.data(line + "\n") }
        if let wrong = findings.absent().misnamed.first(where: \.isSame) {
            throw .input("\(name): it has \(Output.safe(wrong.name)), but the field of the pipeline is \(wrong.field)")
        }
    }
}

import ArgumentParser
import Base
import Bytes
import Console
import Draft
import Engine
import FirstLook
import Foundation
import Ingest
import Learning
import Recordings
import Survey

/// `init`: from a file that nobody has seen to a pipeline that runs.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Draft a pipeline for a file: schema, entities, features, rules with thresholds from the file.",
        discussion: """
            The file is read as `patternalarm inspect` reads it; then the drafted pipeline runs over it, as often as its \
            rules need to find thresholds that few events reach, and once more to see that no event is lost. Every part of \
            the pipeline has a comment that says why it is there.

              patternalarm init payments.csv > pipeline.yaml
              patternalarm check pipeline.yaml payments.csv
              patternalarm replay payments.csv --pipeline pipeline.yaml --data-dir work

            Several files are taken as one, in the order in which they are named. What the commands above need to read the \
            file, where its name does not say it (--format, --separator, --encoding, --finished), stands at the head of the \
            pipeline, and is said on standard error in the end.
            """
    )

    @Argument(help: "Files of events (JSON lines or CSV, each also compressed), in the order of time.")
    var files: [String]

    @Option(help: "Name of the pipeline; that of the first file otherwise.")
    var name: String?

    @OptionGroup var options: SurveyOptions

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("Name a file.") }
        guard !files.contains("-") else {
            throw ValidationError("A pipe can be read once only: save it as a file first.")
        }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let given = options.reading
            let inspection = ProgressBar("inspect", isQuiet: options.quiet)
            let reader = SurveyReader(reading: given) { inspection.update("\(grouped($0)) records", fraction: $1) }
            let found = try CommandError.running { () throws(RecordingError) in try reader.survey(files) }
            inspection.finish()
            let path = Output.safe(found.path)
            guard found.profile.records > 0 || found.profile.refused > 0 else { throw CommandError(found.nothingRead) }
            if let line = found.shape.headerLine {
                let command = SourceWords(found.path, found.shape).belowPreamble(line)
                throw .input(
                    "\(path): the names of the columns are probably in line \(line): make it the first one with: \(command)"
                )
            }
            guard found.shape.format == .jsonl || found.shape.header != nil else {
                throw .input("\(path): its first line names no columns: put a line of names in front of it")
            }
            let reading = SurveyedReading(found, given: given)
            var draft = try draft(found)
            draft.summary = summary(found)
            draft.commands = reading.commands(files, of: found)
            let run = ProgressBar("init", isQuiet: options.quiet)
            let trial = DraftTrial(files: files, reading: reading.reading) {
                run.update("\(grouped($0)) events", fraction: $1)
            }
            let outcome = try CommandError.running { () throws(LearningError) in try trial.fit(&draft) }
            run.finish()
            Output.data(draft.text)
            talk(path, draft, outcome)
            Output.talk("to go on, with the draft in pipeline.yaml:")
            for command in draft.commands where !command.hasPrefix("patternalarm check") {
                Output.talk("  " + Output.safe(command))
            }
            guard outcome.ledger.ok > 0 else { throw .input("\(path): no event was accepted") }
        }
    }

    private func draft(_ found: SurveyedFile) throws(CommandError) -> PipelineDraft {
        do throws(Drafting.Fault) {
            return try Drafting.draft(found.profile, name: pipelineName, hasDecimalComma: found.shape.hasDecimalComma)
        } catch {
            let path = Output.safe(found.path)
            switch error {
            case .noRecords: throw CommandError(found.nothingRead)
            case .noTime:
                throw .input(
                    "\(path): no column has the times of the events, which a pipeline needs; see what it has, and what is to be "
                        + "done, with: patternalarm inspect \(shellWord(found.path))"
                )
            }
        }
    }

    /// A name of the letters that one may have: the log's folders are called by it.
    private var pipelineName: String {
        let base = name ?? URL(fileURLWithPath: files[0]).lastPathComponent.prefix { $0 != "." }.lowercased()
        let letters = base.unicodeScalars.map { scalar -> Character in
            let isPlain =
                scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789_-".unicodeScalars.contains(scalar))
            return isPlain ? Character(scalar) : "_"
        }
        return letters.contains { $0 != "_" } ? String(letters.prefix(60)) : "events"
    }

    private func summary(_ found: SurveyedFile) -> String {
        let profile = found.profile
        let more = files.count > 1 ? " and \(files.count - 1) more" : ""
        var span = ""
        if let time = profile.time, case .form = time.spelling {
            span =
                ", \(ProfileWords.time(time.least, isDate: true)) to \(ProfileWords.time(time.largest, isDate: true))"
        }
        let name = URL(fileURLWithPath: found.path).lastPathComponent
        return
            "Drafted by patternalarm init from \(name)\(more): \(grouped(profile.records)) events\(span). Change what you "
            + "know better."
    }

    private func talk(_ path: String, _ draft: PipelineDraft, _ outcome: DraftTrial.Outcome) {
        let ledger = outcome.ledger
        Output.talk(
            "\(path): \(grouped(ledger.events)) events = \(grouped(ledger.ok)) ok + \(grouped(ledger.late)) late + "
                + "\(grouped(ledger.duplicate)) duplicate + \(grouped(ledger.rejected)) rejected; "
                + "\(draft.features.count) features; \(grouped(outcome.alertCount)) alerts"
        )
        for reason in outcome.firstReasons { Output.talk("\(path): rejected: \(Output.safe(reason))") }
        for warning in draft.warnings { Output.talk("\(path): \(warning)") }
        if draft.rules.isEmpty { Output.talk("\(path): no rule finds anything in it: try another file, or write one") }
    }
}

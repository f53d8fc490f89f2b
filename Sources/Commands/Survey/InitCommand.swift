import ArgumentParser
import Base
import Bytes
import Console
import Draft
import Engine
import Foundation
import Ingest
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
            let found = try SurveyReader(reading: given, isQuiet: options.quiet).survey(files)
            let path = Output.safe(found.path)
            guard found.profile.records > 0 || found.profile.refused > 0 else { throw found.nothingRead }
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
            let trial = DraftTrial(files: files, reading: reading.reading, isQuiet: options.quiet)
            let outcome = try trial.fit(&draft)
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
            case .noRecords: throw found.nothingRead
            case .noTime:
                throw .input(
                    "\(path): no column has the times of the events, which a pipeline needs; see what it has with: "
                        + "patternalarm inspect \(shellWord(found.path))"
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

/// How a file that has been looked at is to be read, and what a command line has to say for it.
struct SurveyedReading {
    let reading: RecordingReading
    private let options: [String]
    private let isFinished: Bool

    init(_ file: SurveyedFile, given: RecordingReading) {
        var reading = given
        var options: [String] = []
        let format: RecordingFormat = file.shape.format == .csv ? .csv : .jsonl
        // What the name does not say is told by the first line.
        if given.format != nil || RecordingFormat.named(file.path).map({ $0 != format }) ?? false {
            options += ["--format", format.rawValue]
        }
        reading.format = format
        if format == .csv {
            let separator = CSVSeparator.allCases.first { $0.grammar.separator == file.shape.separator } ?? .comma
            if given.separator != nil || given.separator(of: file.path) != separator {
                options += ["--separator", shellWord(separator.rawValue)]
            }
            reading.separator = separator
            // The schema says it of each number.
            reading.decimal = .point
        }
        if file.shape.encodingIsGuessed { reading.encoding = .windows1252 }
        if let encoding = reading.encoding { options += ["--encoding", encoding.rawValue] }
        self.reading = reading
        self.options = options
        isFinished = file.lacksEnd
    }

    /// What a reader does next; a file that begins with its newest event is turned round first.
    func commands(_ files: [String], of found: SurveyedFile) -> [String] {
        let source = SourceWords(found.path, found.shape)
        guard found.profile.time?.isReversed ?? false else { return commands(files, options, isFinished: isFinished) }
        guard files.count == 1 else { return [source.turning] + commands(files, options, isFinished: isFinished) }
        var turned = found
        turned.path = source.turned
        turned.shape.isSequence = false
        var plain = RecordingReading()
        // What is turned round is written as it was, but for what needs a wide character's order.
        if reading.encoding == .windows1252 || reading.encoding == .latin1 { plain.encoding = reading.encoding }
        let own = SurveyedReading(turned, given: plain).options
        // In another order it is another draft.
        return [source.turning, "patternalarm init \(source.turned) > pipeline.yaml"]
            + commands([source.turned], own, isFinished: false)
    }

    private func commands(_ files: [String], _ options: [String], isFinished: Bool) -> [String] {
        let names = files.count > 4 ? "FILES" : shellWords(files)
        let words = options.isEmpty ? "" : " " + options.joined(separator: " ")
        let checked = words.replacing("--format", with: "--input-format")
        return [
            "patternalarm check pipeline.yaml \(names)\(checked)",
            "patternalarm replay \(names) --pipeline pipeline.yaml --data-dir work\(words)"
                + (isFinished ? " --finished" : ""),
            "patternalarm alerts list --data-dir work",
        ]
    }
}

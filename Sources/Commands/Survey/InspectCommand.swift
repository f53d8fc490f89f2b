import ArgumentParser
import Base
import Bytes
import Console
import FirstLook
import Recordings
import Survey

/// `inspect`: what is in a file that nobody has seen.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Look at a file: format, columns, times and their order, ids, entities, labels, mistakes.",
        discussion: """
            Every record is looked at, once and in bounded memory. Format, separator and decimal sign are told by the first \
            bytes, if no option says them; types by all values.

            Distinct values, events of a key and repeated records are exact up to some ten thousand different ones; beyond \
            that they are estimated from an even sample of the keys, within about 1 %, and marked with ~. Quantiles are \
            within 1 % of their value.

              patternalarm inspect payments.csv
              patternalarm inspect events.jsonl payments.csv
              patternalarm inspect events.jsonl --json

            JSON is one object a file, as described in Sources/Survey/README.md. Records that cannot be read are listed \
            with their lines; the exit code is 4 only if none can be read. A pipeline for the file: `patternalarm init`.
            """
    )

    @Argument(help: "Files of events (JSON lines or CSV, each also compressed); - is standard input.")
    var files: [String]

    @Flag(help: "Write JSON: a list with an object for each file.")
    var json = false

    @OptionGroup var options: SurveyOptions

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("Name a file, or - for standard input.") }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let found = try survey()
            if json {
                var bytes: [UInt8] = []
                JSONValue.list(found.map(ProfileJSON.object)).write(into: &bytes)
                Output.data(bytes + [0x0A], .json)
            } else {
                Output.data(found.map { ProfileText($0).text }.joined(separator: "\n"))
            }
            if let empty = found.first(where: { $0.profile.records == 0 }) {
                throw CommandError(empty.nothingRead)
            }
        }
    }

    /// Looks at each file by itself.
    private func survey() throws(CommandError) -> [SurveyedFile] {
        var found: [SurveyedFile] = []
        for file in files {
            let progress = ProgressBar("inspect", isQuiet: options.quiet)
            defer { progress.finish() }
            let reader = SurveyReader(reading: options.reading) {
                progress.update("\(grouped($0)) records", fraction: $1)
            }
            found.append(try CommandError.running { () throws(RecordingError) in try reader.survey([file]) })
        }
        return found
    }
}

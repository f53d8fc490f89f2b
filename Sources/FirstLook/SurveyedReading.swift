import Base
import Bytes
import Ingest
public import Recordings
public import Survey

/// How a file that has been looked at is to be read, and what a command line has to say for it.
public struct SurveyedReading {
    public let reading: RecordingReading
    private let options: [String]
    private let isFinished: Bool

    /// What was given comes first; what is left open, the survey says.
    public init(_ file: SurveyedFile, given: RecordingReading) {
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
    public func commands(_ files: [String], of found: SurveyedFile) -> [String] {
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

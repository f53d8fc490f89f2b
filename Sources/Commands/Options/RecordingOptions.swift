import ArgumentParser
import Console
import Ingest
import Recordings

extension RecordingFormat: ExpressibleByArgument {}

extension CSVSeparator: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(rawValue: argument == "\t" || argument == "\\t" ? "tab" : argument)
    }
}

extension DecimalSign: ExpressibleByArgument {}

extension TextEncoding: ExpressibleByArgument {
    public init?(argument: String) {
        switch argument.lowercased() {
        case "utf8": self = .utf8
        case "utf-16", "utf16", "utf16le": self = .utf16LittleEndian
        case "utf16be": self = .utf16BigEndian
        case "cp1252", "windows1252", "ansi": self = .windows1252
        case "latin1", "iso-8859-1": self = .latin1
        case let name: self.init(rawValue: name)
        }
    }
}

/// How recordings are read, as far as their bytes do not say it.
struct RecordingOptions: ParsableArguments {
    @Option(help: "What separates the fields of CSV recordings: , ; | or tab (default: tab for .tsv, else a comma).")
    var separator: CSVSeparator?

    @Option(help: "The decimal sign of CSV recordings: . or , (then 1.234,50 is a number, too).")
    var decimal = DecimalSign.point

    @Option(
        help: "Of recordings' text: utf-8, utf-16le, utf-16be, windows-1252, latin-1 (default: what their bytes say)."
    )
    var encoding: TextEncoding?

    /// How recordings are to be read that are of a format; told by their names otherwise.
    func reading(_ format: RecordingFormat?) -> RecordingReading {
        var reading = RecordingReading(format: format, separator: separator, decimal: decimal, encoding: encoding)
        reading.say = { Output.talk($0) }
        return reading
    }
}

extension FileOrder: ExpressibleByArgument {}

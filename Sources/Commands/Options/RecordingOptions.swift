import ArgumentParser
import Bytes

/// What stands between the fields of a CSV recording.
enum CSVSeparator: String, ExpressibleByArgument, CaseIterable {
    case comma = ","
    case semicolon = ";"
    case tab = "tab"
    case pipe = "|"

    init?(argument: String) {
        self.init(rawValue: argument == "\t" || argument == "\\t" ? "tab" : argument)
    }

    var grammar: CSVGrammar {
        switch self {
        case .comma: CSVGrammar(separator: 0x2C)
        case .semicolon: CSVGrammar(separator: 0x3B)
        case .tab: CSVGrammar(separator: 0x09)
        case .pipe: CSVGrammar(separator: 0x7C)
        }
    }
}

/// What stands before a number's fraction.
enum DecimalSign: String, ExpressibleByArgument, CaseIterable {
    case point = "."
    case comma = ","
}

/// How recordings are read, as far as their bytes do not say it.
struct RecordingOptions: ParsableArguments {
    @Option(help: "What separates the fields of CSV recordings: , ; | or tab (default: tab for .tsv, else a comma).")
    var separator: CSVSeparator?

    @Option(help: "The decimal sign of CSV recordings: . or , (then 1.234,50 is a number, too).")
    var decimal = DecimalSign.point

    /// How recordings are to be read that are of a format; told by their names otherwise.
    func reading(_ format: RecordingFormat?) -> RecordingReading {
        RecordingReading(format: format, separator: separator, decimal: decimal)
    }
}

/// How a recording is to be read; what is not given is told by the file's name.
struct RecordingReading {
    var format: RecordingFormat?
    var separator: CSVSeparator?
    var decimal = DecimalSign.point
    /// Whether a file's last line is whole even if it has no end.
    var isFinished = false

    func format(of path: String) -> RecordingFormat { format ?? (Self.ending(path) == "jsonl" ? .jsonl : .csv) }

    func separator(of path: String) -> CSVSeparator { separator ?? (Self.ending(path) == "tsv" ? .tab : .comma) }

    /// The kind of file that a name says, whatever its case and if it is compressed.
    private static func ending(_ path: String) -> String {
        var name = path.lowercased()
        if name.hasSuffix(".lz4") { name.removeLast(4) }
        if name.hasSuffix(".csv") { return "csv" }
        return name.hasSuffix(".tsv") || name.hasSuffix(".tab") ? "tsv" : "jsonl"
    }
}

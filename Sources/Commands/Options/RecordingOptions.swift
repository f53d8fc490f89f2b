import ArgumentParser
import Bytes
import Ingest

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
        RecordingReading(format: format, separator: separator, decimal: decimal, encoding: encoding)
    }
}

/// How a recording is to be read; what is not given is told by the file's name.
struct RecordingReading {
    var format: RecordingFormat?
    var separator: CSVSeparator?
    var decimal = DecimalSign.point
    /// What the bytes do not say.
    var encoding: TextEncoding?
    /// Whether a file's last line is whole even if it has no end.
    var isFinished = false

    func separator(of path: String) -> CSVSeparator {
        separator ?? (["tsv", "tab"].contains(Self.ending(path)) ? .tab : .comma)
    }

    /// What a file's name ends in, in small letters, without the ending of what it is packed in.
    static func ending(_ path: String) -> String {
        var name = path.lowercased()
        if let packed = Container.allCases.flatMap(\.endings).first(where: name.hasSuffix) {
            name.removeLast(packed.count)
        }
        guard let dot = name.lastIndex(of: "."), !name[dot...].contains("/") else { return "" }
        return String(name[name.index(after: dot)...])
    }
}

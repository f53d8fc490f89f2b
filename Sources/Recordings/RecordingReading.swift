public import Bytes
public import Ingest

/// What a recording's lines are.
public enum RecordingFormat: String, Sendable, CaseIterable {
    case jsonl, csv

    /// What a file's name says, whatever its case and if it is compressed; nil if nothing.
    public static func named(_ path: String) -> RecordingFormat? {
        switch RecordingReading.ending(path) {
        case "csv", "tsv", "tab": .csv
        case "jsonl", "ndjson", "json": .jsonl
        default: nil
        }
    }
}

/// What stands between the fields of a CSV recording.
public enum CSVSeparator: String, Sendable, CaseIterable {
    case comma = ","
    case semicolon = ";"
    case tab = "tab"
    case pipe = "|"

    public var grammar: CSVGrammar {
        switch self {
        case .comma: CSVGrammar(separator: 0x2C)
        case .semicolon: CSVGrammar(separator: 0x3B)
        case .tab: CSVGrammar(separator: 0x09)
        case .pipe: CSVGrammar(separator: 0x7C)
        }
    }
}

/// What stands before a number's fraction.
public enum DecimalSign: String, Sendable, CaseIterable {
    case point = "."
    case comma = ","
}

/// How a recording is to be read; what is not given is told by the file's name.
public struct RecordingReading {
    public var format: RecordingFormat?
    public var separator: CSVSeparator?
    public var decimal: DecimalSign
    /// What the bytes do not say.
    public var encoding: TextEncoding?
    /// Whether a file's last line is whole even if it has no end.
    public var isFinished = false
    /// Told what a person should know of a recording, a line each, before its first event.
    public var say: (String) -> Void = { _ in }
    /// Whether the person has asked for the end: nobody waits for a live source then.
    public var isInterrupted: () -> Bool = { false }

    public init(
        format: RecordingFormat? = nil,
        separator: CSVSeparator? = nil,
        decimal: DecimalSign = .point,
        encoding: TextEncoding? = nil
    ) {
        self.format = format
        self.separator = separator
        self.decimal = decimal
        self.encoding = encoding
    }

    /// What separates the fields of a CSV file, by its name where nothing was said.
    public func separator(of path: String) -> CSVSeparator {
        separator ?? (["tsv", "tab"].contains(Self.ending(path)) ? .tab : .comma)
    }

    /// What a file's name ends in, in small letters, without the ending of what it is packed in.
    public static func ending(_ path: String) -> String {
        var name = path.lowercased()
        if let packed = Container.allCases.flatMap(\.endings).first(where: name.hasSuffix) {
            name.removeLast(packed.count)
        }
        guard let dot = name.lastIndex(of: "."), !name[dot...].contains("/") else { return "" }
        return String(name[name.index(after: dot)...])
    }
}

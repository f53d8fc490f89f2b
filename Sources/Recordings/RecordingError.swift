import Base

/// Why a recording cannot be read, in words that a person can act on.
public enum RecordingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file cannot be opened, or what it holds cannot be read.
    case unreadable(String)
    /// What a data directory has taken of it, it has taken by another pipeline.
    case otherReading(String)
    /// Nothing in it can be used.
    case nothing(String)

    public var description: String {
        switch self {
        case .unreadable(let words), .otherReading(let words), .nothing(let words): words
        }
    }

    /// Files in which no event is.
    public static func noEvent(in paths: [String]) -> RecordingError {
        let lines = paths.map { "no event in \($0 == "-" ? "standard input" : TerminalText.escaped($0))" }
        return .nothing(lines.joined(separator: "\n"))
    }
}

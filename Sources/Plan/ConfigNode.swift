/// A place in a text file, both counted from 1.
public struct SourcePosition: Sendable, Equatable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A node of a pipeline file with its place: what a YAML reader hands over, so that this target knows no YAML.
public indirect enum ConfigNode: Sendable, Equatable {
    /// `contentColumns` = how far the text starts behind the node's position: 1 for a quoted scalar, 0 for a plain one.
    case scalar(String, SourcePosition, contentColumns: Int)
    case list([ConfigNode], SourcePosition)
    case map([Entry], SourcePosition)

    public struct Entry: Sendable, Equatable {
        public var key: String
        public var keyPosition: SourcePosition
        public var value: ConfigNode

        public init(key: String, keyPosition: SourcePosition, value: ConfigNode) {
            self.key = key
            self.keyPosition = keyPosition
            self.value = value
        }
    }

    public var position: SourcePosition {
        switch self {
        case .scalar(_, let position, _), .list(_, let position), .map(_, let position): position
        }
    }
}

/// One thing that is wrong with a pipeline file, where, and what was probably meant.
public struct Diagnostic: Sendable, Equatable, CustomStringConvertible {
    public var file: String
    public var position: SourcePosition
    public var message: String
    public var suggestion: String?

    public init(file: String, position: SourcePosition, message: String, suggestion: String? = nil) {
        self.file = file
        self.position = position
        self.message = message
        self.suggestion = suggestion
    }

    /// What is wrong, without where.
    public var words: String { message + (suggestion.map { "; did you mean \"\($0)\"?" } ?? "") }

    public var description: String { "\(file):\(position.line):\(position.column): error: \(words)" }
}

/// A pipeline file that cannot run: everything that was found wrong with it, in the order of the file.
public struct PlanError: Error, Sendable, Equatable, CustomStringConvertible {
    public var diagnostics: [Diagnostic]

    public init(_ diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics
    }

    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

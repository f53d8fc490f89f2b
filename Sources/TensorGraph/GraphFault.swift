/// Why a graph cannot be built, or cannot be run on some rows.
public enum GraphFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// The graph needs this operator, or this way of using it.
    case unsupported(operation: String, words: String)
    case malformed(String)
    /// A value that an operator has no answer for.
    case value(String)
    case tooLarge

    public var description: String {
        switch self {
        case .unsupported(let operation, let words):
            words.isEmpty ? "the graph's operation \(operation)" : "the graph's operation \(operation): \(words)"
        case .malformed(let words): words
        case .value(let words): words
        case .tooLarge: "it would need far more memory than rows of numbers do"
        }
    }
}

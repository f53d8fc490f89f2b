public import Plan

/// Why there is no pipeline, in words that a person can act on.
public enum PipelineFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no such file, it cannot be read, or nobody can say where in it something is wrong.
    case unreadable(String)
    /// Everything that is wrong with it, and where.
    case wrong([Diagnostic])

    /// A line for each mistake: file:line:column.
    public var description: String {
        switch self {
        case .unreadable(let words): words
        case .wrong(let mistakes): mistakes.map(\.description).joined(separator: "\n")
        }
    }
}

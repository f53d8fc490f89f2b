/// Why there is no pipeline, in words that a person can act on.
public enum PipelineFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Everything that is wrong with it, a line each: file:line:column.
    case wrong(String)

    public var description: String {
        switch self {
        case .wrong(let words): words
        }
    }
}

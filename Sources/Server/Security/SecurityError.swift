public import FileStore

/// Why the server does not start, or cannot be asked; the words say what a person can do.
public enum SecurityError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Others could read or change what must be the owner's alone.
    case exposed(String)
    /// A file cannot be read or written.
    case file(String)
    /// The address or the port cannot be used, or nobody answers there.
    case address(String)
    /// The call is wrong: an address that is none, or one that others can reach.
    case usage(String)

    public var description: String {
        switch self {
        case .exposed(let words), .file(let words), .address(let words), .usage(let words): words
        }
    }
}

extension SecurityError {
    /// What a private file says.
    public init(_ error: PrivateFileError) {
        switch error {
        case .exposed(let words): self = .exposed(words)
        case .file(let words): self = .file(words)
        }
    }

    /// Runs calls about private files.
    static func running<Result>(_ body: () throws(PrivateFileError) -> Result) throws(SecurityError) -> Result {
        do throws(PrivateFileError) { return try body() } catch { throw SecurityError(error) }
    }
}

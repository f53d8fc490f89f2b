public import FileStore

/// What can go wrong with checkpoints: each case is one thing that a person can act on.
public enum StateError: Error, Equatable, Sendable, CustomStringConvertible {
    case file(FileError)
    /// What a checkpoint would build on is not certain to survive a power cut.
    case unsound(String)
    /// A file is not what was written. The next start finds it out, and does without it.
    case damaged(file: String, words: String)

    /// Whether the same checkpoint may be written later: for want of space or of open files now.
    public var passes: Bool { if case .file(let error) = self { error.passes } else { false } }

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .unsound: words
        case .damaged: "\(words); run the same command again: it goes on from an older checkpoint, or from the log"
        }
    }

    /// What is wrong, without advice.
    public var words: String {
        switch self {
        case .file(let error): error.words
        case .unsound(let words): "no checkpoint is made, because the alerts before it cannot be synced: \(words)"
        case .damaged(let file, let words): "the checkpoint file \(file) is damaged: \(words)"
        }
    }
}

/// Runs calls of the file store, whose errors become the state's.
func files<Result: ~Copyable>(_ body: () throws(FileError) -> Result) throws(StateError) -> Result {
    do throws(FileError) { return try body() } catch { throw .file(error) }
}

import FileStore

/// What can go wrong with the log: each case is one thing that an operator can act on.
public enum LogError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file system refused.
    case file(FileError)
    /// A batch is not what was written: acknowledged data was damaged later.
    case damaged(file: String, position: Int, offset: Int64, words: String)
    /// An earlier write or sync failed; what is on disk is unknown until the log is opened anew.
    case failed(directory: String)
    /// A batch is larger than the limit.
    case tooLarge(bytes: Int, limit: Int)

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .damaged(let file, let position, let offset, let words):
            "\(file) is damaged at byte \(position) (offset \(offset)): \(words); "
                + "the batches around it are intact: run `patternalarm log verify` and restore the file from a copy"
        case .failed(let directory):
            "the log \(directory) takes nothing more after a failed write; run the command again to reopen it"
        case .tooLarge(let bytes, let limit): "a batch of \(bytes) bytes is over the limit of \(limit)"
        }
    }
}

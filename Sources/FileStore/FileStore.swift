/// The files of one data directory. Everything that the core does to a disk goes through here, so that tests can make any
/// call fail, tear any write, and forget whatever was not synced.
///
/// Names are relative to the store's root, with `/` between folders. A store belongs to one thread.
public protocol FileStore: AnyObject {
    /// Makes a folder and those above it, if they are missing.
    func createDirectory(_ name: String) throws(FileError)

    /// The names in a folder, sorted; empty if there is no such folder.
    func list(_ directory: String) throws(FileError) -> [String]

    /// Size of a file in bytes, or nil if there is none.
    func size(of name: String) throws(FileError) -> Int?

    /// Appends to a file, which is created if it is missing. Not durable until ``sync(_:)`` returns.
    func append(_ bytes: UnsafeRawBufferPointer, to name: String) throws(FileError)

    /// Reads from a position of a file; returns fewer bytes than asked for only at its end.
    func read(_ name: String, at position: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int

    /// Cuts a file to its first bytes.
    func truncate(_ name: String, to size: Int) throws(FileError)

    /// Makes what was appended to a file survive a power cut.
    func sync(_ name: String) throws(FileError)

    /// Makes created, renamed and removed names of a folder survive a power cut.
    func syncDirectory(_ name: String) throws(FileError)

    func remove(_ name: String) throws(FileError)
}

/// A call that the operating system refused: what was tried, on which file, and the error number.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Operation: String, Sendable {
        case open, append, read, sync, truncate, list, remove, create
    }

    public let operation: Operation
    public let file: String
    public let errno: Int32
    /// The system's words for the error number.
    public let words: String

    public init(_ operation: Operation, _ file: String, errno: Int32, words: String) {
        self.operation = operation
        self.file = file
        self.errno = errno
        self.words = words
    }

    public var description: String {
        let advice =
            switch errno {
            case 28, 122: "; free some space and run the same command again"
            case 13, 1, 30: "; check who owns the data directory, or choose another with --data-dir"
            case 24, 23: "; raise the limit of open files (ulimit -n)"
            case 5: "; the disk reports a fault: copy the data directory to another disk before going on"
            default: ""
            }
        return "cannot \(operation.rawValue) \(file): \(words)\(advice)"
    }
}

import Glibc

/// A call that the operating system refused: what was tried, on which file, and the error number.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Operation: String, Sendable {
        case createDirectory = "create the folder"
        case list = "list the folder"
        case open = "open"
        case read = "read"
        case write = "write to"
        case sync = "sync"
        case truncate = "truncate"
        case rename = "rename"
        case remove = "remove"
        case lock = "lock"
    }

    public let operation: Operation
    public let file: String
    /// The number of the error as in `errno.h`.
    public let code: Int32

    public init(_ operation: Operation, _ file: String, code: Int32) {
        self.operation = operation
        self.file = file
        self.code = code
    }

    /// The disk, the quota or the file size limit is used up: freeing space is the way out.
    public var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }

    public var description: String {
        let name = file.isEmpty ? "the data directory" : file
        return "cannot \(operation.rawValue) \(name): \(reason) (errno \(code)); \(advice)"
    }

    private var reason: String {
        guard let text = strerror(code) else { return "unknown error" }
        return String(cString: text)
    }

    private var advice: String {
        switch code {
        case ENOSPC, EDQUOT: "free some space on this disk and start again"
        case EFBIG: "raise the file size limit (ulimit -f) and start again"
        case EACCES, EPERM: "give this user the right to read and write it"
        case EROFS: "the file system is mounted read-only: remount it or use another data directory"
        case EIO: "the disk reports a fault: check it (dmesg, smartctl), and copy the data directory to a sound one"
        case EMFILE, ENFILE: "too many files are open: raise the limit (ulimit -n)"
        case ENOENT: "it was moved or deleted: restore it, or check the path"
        case ENOTDIR, EISDIR, EEXIST: "something else has this name: move it away"
        case ENOMEM: "the machine is out of memory"
        default: "check the disk and the path"
        }
    }
}

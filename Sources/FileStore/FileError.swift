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

    /// What is in a file's place and cannot be the file: it is neither read nor waited for.
    public enum Misfit: Hashable, Sendable {
        /// A folder, a named pipe, a device: in words.
        case kind(String)
        case size(Int, max: Int)
    }

    public let operation: Operation
    public let file: String
    /// The number of the error as in `errno.h`.
    public let code: Int32
    /// Why the file cannot be one of ours; nil if a call has failed.
    public let misfit: Misfit?

    /// What the system refused, with its `errno`.
    public init(_ operation: Operation, _ file: String, code: Int32) {
        self.operation = operation
        self.file = file
        self.code = code
        misfit = nil
    }

    /// A file that is not what is expected there.
    public init(_ operation: Operation, _ file: String, _ misfit: Misfit) {
        self.operation = operation
        self.file = file
        code = EINVAL
        self.misfit = misfit
    }

    /// Something else is where a file or a folder should be: what was there is lost, or was never there.
    public var isMisfit: Bool { misfit != nil || operation == .list && code == ENOTDIR }

    /// The disk, the quota or the file size limit is used up: freeing space is the way out.
    public var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }

    /// Too many files are open, in this process or on this machine.
    public var isOutOfFiles: Bool { code == EMFILE || code == ENFILE }

    /// Whether nothing is doubtful, and the same call may succeed later by itself: for want of space or of open files.
    /// After a failed sync nobody knows what is on the disk, whatever it says.
    public var passes: Bool { operation != .sync && (code == ENOSPC || code == EDQUOT || isOutOfFiles) }

    public var description: String {
        if let misfit { return "\(name) \(misfit): move it away, and put the file back from a copy" }
        return "\(words) (errno \(code)); \(advice)"
    }

    /// What was tried and why it failed, without advice.
    public var words: String {
        "cannot \(operation.rawValue) \(name): \(reason)"
    }

    private var name: String { file.isEmpty ? "the data directory" : file }

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

extension FileError.Misfit: CustomStringConvertible {
    public var description: String {
        switch self {
        case .kind(let words): "is \(words), not a file"
        case .size(let size, let max): "has \(size) bytes, and no such file has more than \(max)"
        }
    }
}

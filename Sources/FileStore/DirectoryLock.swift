import Glibc

/// Why a data directory could not be locked.
public enum LockError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another process writes to this directory; `process` is its id where it could be read.
    case held(path: String, process: Int32?)
    /// The lock file itself could not be used.
    case file(FileError)

    public var description: String {
        switch self {
        case .held(let path, .some(let process)):
            "the data directory is in use by process \(process), which holds \(path): stop it, or use another directory"
        case .held(let path, .none):
            "the data directory is in use: another process holds \(path): stop it, or use another directory"
        case .file(let error): error.description
        }
    }
}

/// The right to write to a data directory, held by at most one process and gone with it, however it ends.
///
/// The lock is an advisory `flock` on a file that holds the process id as text. The file stays: a leftover one means
/// nothing, only the lock on it does.
public final class DirectoryLock: Sendable {
    public let path: String

    private let descriptor: Int32

    /// Locks the file at `path`, creating it if needed.
    public init(path: String) throws(LockError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .file(FileError(.lock, path, code: errno)) }
        do throws(LockError) {
            try Self.lock(descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit {
        close(descriptor)
    }

    private static func lock(_ descriptor: Int32, _ path: String) throws(LockError) {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { throw .file(FileError(.lock, path, code: errno)) }
            throw .held(path: path, process: holder(descriptor))
        }
        var text = "\(getpid())\n"
        let written = text.withUTF8 { bytes in
            ftruncate(descriptor, 0) == 0 && pwrite(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count
        }
        guard written else { throw .file(FileError(.lock, path, code: errno)) }
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var text = [UInt8](repeating: 0, count: 16)
        let count = text.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return nil }
        return Int32(String(decoding: text[..<count].prefix { $0 != 0x0A }, as: UTF8.self))
    }
}

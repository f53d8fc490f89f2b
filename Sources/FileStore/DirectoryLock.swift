import Glibc

/// The right to write to a data directory: one writer, readers are free. The kernel lets go of it when the process
/// ends, however it ends.
///
/// It is an advisory `flock` on the file `lock`, which holds the writer's process id as text. The file stays: a
/// leftover one means nothing, only the lock on it does.
public final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Why a lock was not to be had.
    public enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
        case heldBy(pid: String, directory: String)
        case file(FileError)

        public var description: String {
            switch self {
            case .heldBy(let pid, let directory):
                "\(directory) is in use by process \(pid); wait for it, stop it, or choose another --data-dir"
            case .file(let error): error.description
            }
        }
    }

    /// Locks an existing directory.
    public init(_ directory: String) throws(Failure) {
        let path = directory + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .file(Self.failure(path)) }
        do throws(Failure) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw .file(FileError(.lock, path, code: errno)) }
            if let misfit = FileError.Misfit(status) { throw .file(FileError(.lock, path, misfit)) }
            try Self.lock(descriptor, path, directory)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit {
        // A program that is just being started elsewhere in the process has a copy of the descriptor until it runs.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func lock(_ descriptor: Int32, _ path: String, _ directory: String) throws(Failure) {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { throw .file(FileError(.lock, path, code: errno)) }
            throw .heldBy(pid: holder(descriptor), directory: directory)
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
            throw .file(FileError(.lock, path, code: errno))
        }
    }

    /// Why the file could not be opened. A socket or a folder cannot even be opened.
    private static func failure(_ path: String) -> FileError {
        let code = errno
        var status = stat()
        if stat(path, &status) == 0, let misfit = FileError.Misfit(status) { return FileError(.lock, path, misfit) }
        return FileError(.lock, path, code: code)
    }

    private static func holder(_ descriptor: Int32) -> String {
        var text = [UInt8](repeating: 0, count: 16)
        let count = text.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        let digits = text.prefix(max(0, count)).prefix { $0 >= 0x30 && $0 <= 0x39 }
        return digits.isEmpty ? "unknown" : String(decoding: digits, as: UTF8.self)
    }
}

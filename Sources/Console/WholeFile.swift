import FileStore
import Glibc

/// A new file that has its name only when it is whole: until then, and after a kill, it is called `NAME.part`. An
/// existing file is never overwritten; what a kill has left under the other name is.
public final class WholeFile {
    private let path: String
    private let part: String
    private let descriptor: Int32
    private var isDone = false

    /// Begins a file that must not exist yet. Throws what the disk says.
    public init(_ path: String) throws(CommandError) {
        self.path = path
        part = scratchPath(for: path, ".part")
        guard access(path, F_OK) != 0 else { throw .storage("cannot write \(path): it exists already") }
        descriptor = open(part, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(part) }
        // The lock dies with the process: what nobody holds is left over.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            Glibc.close(descriptor)
            isDone = true
            throw .storage("cannot write \(path): another program is writing it")
        }
        guard ftruncate(descriptor, 0) == 0 else { throw Self.failure(part) }
    }

    /// What has not been closed is not whole: it is removed.
    deinit {
        guard !isDone else { return }
        unlink(part)
        Glibc.close(descriptor)
    }

    /// Adds bytes to what will be the file. Throws what the disk says.
    public func write(_ bytes: [UInt8]) throws(CommandError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
            }
            if count >= 0 { done += count } else if errno != EINTR { throw Self.failure(part) }
        }
    }

    /// Makes the file durable and gives it its name.
    public func close() throws(CommandError) {
        guard fsync(descriptor) == 0, rename(part, path) == 0 else { throw Self.failure(path) }
        isDone = true
        guard Glibc.close(descriptor) == 0 else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> CommandError {
        .storage("cannot write \(path): \(String(cString: strerror(errno)))")
    }
}

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A folder of a real file system.
///
/// Files that were appended to stay open until they are removed or the store is released.
public final class DiskStore: FileStore {
    public let root: String
    private var writers: [String: Int32] = [:]

    public init(root: String) {
        self.root = root
    }

    deinit { for descriptor in writers.values { close(descriptor) } }

    private func path(_ name: String) -> String { name.isEmpty ? root : root + "/" + name }

    private func failure(_ operation: FileError.Operation, _ name: String) -> FileError {
        let number = errno
        return FileError(operation, path(name), errno: number, words: String(cString: strerror(number)))
    }

    public func createDirectory(_ name: String) throws(FileError) {
        var made = ""
        for part in path(name).split(separator: "/", omittingEmptySubsequences: false) {
            made += made.isEmpty && part.isEmpty ? "/" : part + "/"
            guard !part.isEmpty else { continue }
            if mkdir(made, 0o755) != 0, errno != EEXIST { throw failure(.create, name) }
        }
    }

    public func list(_ directory: String) throws(FileError) -> [String] {
        guard let handle = opendir(path(directory)) else {
            if errno == ENOENT { return [] }
            throw failure(.list, directory)
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    public func size(of name: String) throws(FileError) -> Int? {
        var status = stat()
        if stat(path(name), &status) == 0 { return Int(status.st_size) }
        if errno == ENOENT { return nil }
        throw failure(.open, name)
    }

    private func writer(_ name: String) throws(FileError) -> Int32 {
        if let open = writers[name] { return open }
        let descriptor = open(path(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(.open, name) }
        writers[name] = descriptor
        return descriptor
    }

    public func append(_ bytes: UnsafeRawBufferPointer, to name: String) throws(FileError) {
        let descriptor = try writer(name)
        var position = 0
        while position < bytes.count {
            let written = write(descriptor, bytes.baseAddress.map { $0 + position }, bytes.count - position)
            if written > 0 {
                position += written
            } else if errno != EINTR {
                throw failure(.append, name)
            }
        }
    }

    public func read(
        _ name: String,
        at position: Int,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(FileError) -> Int {
        let descriptor = open(path(name), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(.open, name) }
        defer { close(descriptor) }
        var filled = 0
        while filled < buffer.count {
            let count = pread(
                descriptor,
                buffer.baseAddress.map { $0 + filled },
                buffer.count - filled,
                position + filled
            )
            if count == 0 { break }
            if count > 0 {
                filled += count
            } else if errno != EINTR {
                throw failure(.read, name)
            }
        }
        return filled
    }

    public func truncate(_ name: String, to size: Int) throws(FileError) {
        guard Glibc.truncate(path(name), size) == 0 else { throw failure(.truncate, name) }
    }

    public func sync(_ name: String) throws(FileError) {
        guard fdatasync(try writer(name)) == 0 else { throw failure(.sync, name) }
    }

    public func syncDirectory(_ name: String) throws(FileError) {
        let descriptor = open(path(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(.open, name) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(.sync, name) }
    }

    public func remove(_ name: String) throws(FileError) {
        if let open = writers.removeValue(forKey: name) { close(open) }
        guard unlink(path(name)) == 0 || errno == ENOENT else { throw failure(.remove, name) }
    }
}

/// The lock of a data directory: one writer, readers are free. The kernel lets go of it when the process ends, however.
public final class DirectoryLock {
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

    public init(_ directory: String) throws(Failure) {
        let path = directory + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let number = errno
            throw .file(FileError(.open, path, errno: number, words: String(cString: strerror(number))))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var digits = [UInt8](repeating: 0, count: 20)
            let count = digits.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
            close(descriptor)
            let pid = String(decoding: digits.prefix(max(0, count)).prefix { $0 >= 0x30 && $0 <= 0x39 }, as: UTF8.self)
            throw .heldBy(pid: pid.isEmpty ? "unknown" : pid, directory: directory)
        }
        self.descriptor = descriptor
        let pid = Array("\(getpid())\n".utf8)
        // The number is for people; the lock holds without it.
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, pid, pid.count, 0) == pid.count else {
            let number = errno
            close(descriptor)
            throw .file(FileError(.append, path, errno: number, words: String(cString: strerror(number))))
        }
    }

    deinit { close(descriptor) }
}

import Glibc
import Synchronization

/// The files below a folder of the real disk.
///
/// Descriptors stay open between calls, the least recently used are closed beyond ``openFilesMax``. Interrupted calls
/// are repeated and short writes are carried on; any other failure is a ``FileError`` at once. A failed sync is never
/// repeated here: the kernel may have dropped the pages, and a second sync would wrongly succeed.
public final class DiskStore: FileStore {
    public static let openFilesMax = 64

    /// The folder that all names are relative to.
    public let root: String

    private let table = Mutex(FileTable())

    /// Touches nothing: the folder is made by the first ``createDirectory(_:)``.
    public init(root: String) {
        self.root = root
    }

    /// Makes a folder and those that it is in, each durable on return; one that is there is left as it is.
    public func createDirectory(_ directory: String) throws(FileError) {
        let whole = absolute(directory)
        let bytes = Array(whole.utf8)
        var start = 0
        for end in 0...bytes.count where end == bytes.count || bytes[end] == 0x2F {
            let part = bytes[start..<end]
            start = end + 1
            if part.allSatisfy({ $0 == 0x2E }), part.count <= 2 { continue }
            let path = String(decoding: bytes[..<end], as: UTF8.self)
            if mkdir(path, 0o755) == 0 {
                try syncPath(parentDirectory(of: path), as: directory)
            } else if errno != EEXIST {
                throw FileError(.createDirectory, directory, code: errno)
            }
        }
        var status = stat()
        guard stat(whole, &status) == 0 else { throw FileError(.createDirectory, directory, code: errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw FileError(.createDirectory, directory, code: ENOTDIR) }
    }

    /// The names in a folder, sorted; none if it is missing.
    public func list(_ directory: String) throws(FileError) -> [String] {
        guard let stream = opendir(absolute(directory)) else {
            if errno == ENOENT { return [] }
            throw FileError(.list, directory, code: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw FileError(.list, directory, code: errno) }
        return names.sorted()
    }

    /// Bytes of a file; nil if it is missing.
    public func size(of file: String) throws(FileError) -> Int? {
        var status = stat()
        let size = try Self.size(at: absolute(file), as: file, &status)
        // Another program may have put another file in its place since it was opened.
        if size != nil { table.withLock { $0.keep(file, if: status) } }
        return size
    }

    /// The size of a file by its whole path, or nil if there is none; anything but a file is refused.
    public static func size(at path: String) throws(FileError) -> Int? {
        var status = stat()
        return try size(at: path, as: path, &status)
    }

    private static func size(at path: String, as file: String, _ status: inout stat) throws(FileError) -> Int? {
        if stat(path, &status) == 0 {
            if let misfit = FileError.Misfit(status) { throw FileError(.open, file, misfit) }
            return Int(status.st_size)
        }
        let code = errno
        guard code == ENOENT else { throw FileError(.open, file, code: code) }
        if lstat(path, &status) == 0 { throw FileError(.open, file, .kind("a link to nothing")) }
        return nil
    }

    /// Opens a file, so that it can be read from now on, whoever takes its name away; as long as no more than
    /// ``openFilesMax`` files of this store are used meanwhile.
    ///
    /// - Returns: Its size; nil if there is none.
    public func hold(_ file: String) throws(FileError) -> Int? {
        guard try size(of: file) != nil else { return nil }
        let held: OpenFile
        do throws(FileError) { held = try open(file, writable: false) } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
        var status = stat()
        guard fstat(held.descriptor, &status) == 0 else { throw FileError(.open, file, code: errno) }
        return Int(status.st_size)
    }

    /// Reads as much as there is from a position on, and returns how much that was.
    public func read(
        _ file: String,
        at position: Int,
        into target: UnsafeMutableRawBufferPointer
    ) throws(FileError) -> Int {
        guard let base = target.baseAddress else { return 0 }
        let open = try open(file, writable: false)
        var done = 0
        while done < target.count {
            let count = pread(open.descriptor, base + done, target.count - done, off_t(position + done))
            if count == 0 { break }
            if count > 0 {
                done += count
            } else if errno != EINTR {
                throw FileError(.read, file, code: errno)
            }
        }
        return done
    }

    /// Writes all of the bytes at a position; the file is made if it is missing.
    public func write(_ bytes: UnsafeRawBufferPointer, to file: String, at position: Int) throws(FileError) {
        let open = try open(file, writable: true)
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let count = pwrite(open.descriptor, base + done, bytes.count - done, off_t(position + done))
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                throw FileError(.write, file, code: errno)
            }
        }
    }

    /// Writes that many zeros at a position.
    public func fill(_ file: String, at position: Int, count: Int) throws(FileError) {
        let zeros = [UInt8](repeating: 0, count: min(count, 1 << 20))
        var done = 0
        while done < count {
            let size = min(zeros.count, count - done)
            try zeros.span.bytes.withUnsafeBytes { (buffer: UnsafeRawBufferPointer) throws(FileError) in
                try write(UnsafeRawBufferPointer(rebasing: buffer[..<size]), to: file, at: position + done)
            }
            done += size
        }
    }

    /// Makes what was written to a file survive a power cut.
    public func sync(_ file: String) throws(FileError) {
        let open = try open(file, writable: true)
        while fdatasync(open.descriptor) != 0 {
            guard errno == EINTR else { throw FileError(.sync, file, code: errno) }
        }
    }

    /// Makes the names in a folder survive a power cut.
    public func syncDirectory(_ directory: String) throws(FileError) {
        try syncPath(absolute(directory), as: directory)
    }

    /// Makes a file that many bytes long.
    public func truncate(_ file: String, to size: Int) throws(FileError) {
        let open = try open(file, writable: true)
        while ftruncate(open.descriptor, off_t(size)) != 0 {
            guard errno == EINTR else { throw FileError(.truncate, file, code: errno) }
        }
    }

    /// Gives a file another name, at once for everybody; what had that name is gone.
    public func rename(_ source: String, to target: String) throws(FileError) {
        forget(source)
        forget(target)
        guard Glibc.rename(absolute(source), absolute(target)) == 0 else {
            throw FileError(.rename, source, code: errno)
        }
    }

    /// Removes a file; one that is missing is none to remove.
    public func remove(_ file: String) throws(FileError) {
        forget(file)
        guard unlink(absolute(file)) == 0 || errno == ENOENT else { throw FileError(.remove, file, code: errno) }
    }
}

// MARK: - Open files

extension DiskStore {
    /// The descriptor of the file, opened now or kept from an earlier call. Writing creates the file.
    private func open(_ file: String, writable: Bool) throws(FileError) -> OpenFile {
        if let known = table.withLock({ $0.find(file, writable: writable) }) { return known }
        // O_NONBLOCK: a pipe or a device in the file's place is not waited for. To files it means nothing.
        let flags = (writable ? O_RDWR | O_CREAT : O_RDONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        while true {
            let descriptor = Glibc.open(absolute(file), flags, 0o644)
            if descriptor >= 0 {
                var status = stat()
                let isKnown = fstat(descriptor, &status) == 0
                let code = errno
                let opened = OpenFile(descriptor, status, writable: writable)
                guard isKnown else { throw FileError(.open, file, code: code) }
                if let misfit = FileError.Misfit(status) { throw FileError(.open, file, misfit) }
                table.withLock { $0.insert(opened, as: file) }
                return opened
            }
            let code = errno
            // A socket or a folder cannot even be opened so.
            if code == ENXIO || code == EISDIR { _ = try size(of: file) }
            guard code == EINTR else { throw FileError(.open, file, code: code) }
        }
    }

    private func forget(_ file: String) {
        table.withLock { $0.remove(file) }
    }

    private func syncPath(_ path: String, as name: String) throws(FileError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(.open, name, code: errno) }
        defer { close(descriptor) }
        while fsync(descriptor) != 0 {
            guard errno == EINTR else { throw FileError(.sync, name, code: errno) }
        }
    }

    private func absolute(_ name: String) -> String {
        name.isEmpty ? root : root + "/" + name
    }
}

/// A descriptor that closes when its last user lets go of it, so that a reader never sees it closed, or used for
/// another file, under its feet.
private final class OpenFile: Sendable {
    let descriptor: Int32
    let writable: Bool
    private let device: dev_t
    private let inode: ino_t

    init(_ descriptor: Int32, _ status: stat, writable: Bool) {
        self.descriptor = descriptor
        self.writable = writable
        device = status.st_dev
        inode = status.st_ino
    }

    func isSame(as status: stat) -> Bool { device == status.st_dev && inode == status.st_ino }

    deinit {
        // The result says nothing that a sync did not: unsynced bytes are not promised to anyone.
        _ = close(descriptor)
    }
}

extension FileError.Misfit {
    /// Nil for a file.
    init?(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: return nil
        case S_IFDIR: self = .kind("a folder")
        case S_IFIFO: self = .kind("a named pipe")
        case S_IFSOCK: self = .kind("a socket")
        case S_IFCHR, S_IFBLK: self = .kind("a device")
        default: self = .kind("something else")
        }
    }
}

/// The kept-open files, the least recently used of which goes first.
private struct FileTable {
    private struct Slot {
        let file: OpenFile
        var used: Int
    }

    private var slots: [String: Slot] = [:]
    private var clock = 0

    mutating func find(_ name: String, writable: Bool) -> OpenFile? {
        guard let index = slots.index(forKey: name) else { return nil }
        let file = slots.values[index].file
        if writable, !file.writable { return nil }
        clock += 1
        slots.values[index].used = clock
        return file
    }

    mutating func insert(_ file: OpenFile, as name: String) {
        clock += 1
        slots[name] = Slot(file: file, used: clock)
        guard slots.count > DiskStore.openFilesMax else { return }
        if let oldest = slots.min(by: { $0.value.used < $1.value.used }) { slots[oldest.key] = nil }
    }

    mutating func remove(_ name: String) {
        slots[name] = nil
    }

    /// Lets go of a file that is not the one with that status, which has its name.
    mutating func keep(_ name: String, if status: stat) {
        if let slot = slots[name], !slot.file.isSame(as: status) { slots[name] = nil }
    }
}

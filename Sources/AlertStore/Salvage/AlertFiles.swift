import FileStore
import Glibc

/// An alerts file and what lies beside it, as files: copied, renamed, put in one another's place.
public enum AlertFiles {
    /// What SQLite puts beside a file.
    private static let companions = ["-wal", "-shm", "-journal"]

    /// Where a rebuild puts the new alerts, what it takes out of a damaged file, and a copy of that.
    public enum Draft: String, CaseIterable {
        case alerts = ".rebuild-alerts"
        case salvaged = ".rebuild-salvaged"
        case copy = ".rebuild-copy"

        /// Where this file of an alerts file is.
        public func path(for path: String) -> String { path + rawValue }
    }

    /// The file that a name leads to, through symbolic links: what is beside it has its name.
    public static func resolved(_ path: String) -> String {
        guard let found = realpath(path, nil) else { return path }
        defer { free(found) }
        return String(cString: found)
    }

    /// Removes a file that is ours alone, and what SQLite has put beside it.
    public static func remove(_ path: String) {
        for suffix in [""] + companions { unlink(path + suffix) }
    }

    /// Makes a file whole and durable under its last name: from now on it counts. See ``finishSalvage(of:)``.
    public static func declareSalvaged(_ draft: String, of path: String) throws(AlertStoreError) {
        try sync(draft, O_RDWR)
        try checking(path) { rename(draft, salvaged(path)) == 0 }
        try sync(parentDirectory(of: path), O_RDONLY | O_DIRECTORY)
    }

    /// Puts a salvaged file in the place of the damaged one, which is kept under another name; does nothing if there is
    /// none. After a kill at any point the next call goes on. What a rebuild was killed over before is removed. Returns
    /// the damaged file's new name.
    ///
    /// Whoever calls this has the data directory's lock.
    @discardableResult
    public static func finishSalvage(of path: String) throws(AlertStoreError) -> String? {
        let path = resolved(path)
        for draft in Draft.allCases { remove(draft.path(for: path)) }
        guard access(salvaged(path), F_OK) == 0 else { return nil }
        let kept = nameForDamaged(path)
        if inode(path) != nil, inode(kept) == nil {
            // Some file systems know no second name: then the first one is gone for a moment, which is made good here,
            // too.
            try checking(path) { link(path, kept) == 0 || rename(path, kept) == 0 }
        }
        for suffix in companions where access(path + suffix, F_OK) == 0 {
            try checking(path) { rename(path + suffix, kept + suffix) == 0 }
        }
        let folder = parentDirectory(of: path)
        try sync(folder, O_RDONLY | O_DIRECTORY)
        try checking(path) { rename(salvaged(path), path) == 0 }
        try sync(folder, O_RDONLY | O_DIRECTORY)
        return kept
    }

    private static func salvaged(_ path: String) -> String { path + ".rebuild-done" }

    /// The first name that is free, or is the damaged file's already.
    private static func nameForDamaged(_ path: String) -> String {
        let wanted = inode(path)
        var number = 1
        while let found = inode("\(path).damaged-\(number)"), found != wanted {
            // Without the file itself, the last of the kept ones was it.
            if wanted == nil, inode("\(path).damaged-\(number + 1)") == nil { break }
            number += 1
        }
        return "\(path).damaged-\(number)"
    }

    private static func inode(_ path: String) -> ino_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_ino : nil
    }

    private static func sync(_ path: String, _ flags: Int32) throws(AlertStoreError) {
        let descriptor = open(path, flags | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        try checking(path) { descriptor >= 0 && fsync(descriptor) == 0 }
    }

    static func checking(_ path: String, _ call: () -> Bool) throws(AlertStoreError) {
        guard !call() else { return }
        if errno == ENOSPC || errno == EDQUOT { throw .full(path: path) }
        throw .other(path: path, words: String(cString: strerror(errno)))
    }

    // MARK: - Damaged files

    /// Copies a file, if there is one, with zeros for what the disk cannot read.
    static func copy(_ path: String, to target: String) throws(AlertStoreError) {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 || errno != ENOENT else { return }
        try checking(path) { source >= 0 }
        defer { close(source) }
        let copy = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try checking(target) { copy >= 0 }
        defer { close(copy) }
        let size = Int(lseek(source, 0, SEEK_END))
        var buffer = [UInt8](repeating: 0, count: 4096)
        for position in stride(from: 0, to: size, by: buffer.count) {
            let wanted = min(buffer.count, size - position)
            let read = buffer.withUnsafeMutableBytes { pread(source, $0.baseAddress, wanted, off_t(position)) }
            if read != wanted { buffer = [UInt8](repeating: 0, count: buffer.count) }
            let written = buffer.withUnsafeBytes { pwrite(copy, $0.baseAddress, wanted, off_t(position)) }
            try checking(target) { written == wanted }
        }
    }

    private static let magic = Array("SQLite format 3\0".utf8)
    private static let usualPageSize = 4096

    /// The size of a file's pages: what its header says if it can be, else what ours is.
    static func pageSize(_ descriptor: Int32) -> Int {
        var header = [UInt8](repeating: 0, count: 18)
        let count = header.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == header.count, header.starts(with: magic) else { return usualPageSize }
        let size = Int(header[16]) << 8 | Int(header[17])
        if size == 1 { return 65536 }
        return size >= 512 && size & (size - 1) == 0 ? size : usualPageSize
    }

    /// Gives a copy the header that our files have: SQLite opens none without.
    static func mendHeader(_ path: String) throws(AlertStoreError) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let pages = UInt32(clamping: Int(lseek(descriptor, 0, SEEK_END)) / usualPageSize)
        // Page size, journal by write-ahead log, nothing reserved, and what SQLite asks for; then the number of pages,
        // no free ones, schema format 4, UTF-8.
        let front = magic + [0x10, 0, 2, 2, 0, 64, 32, 32]
        let parts: [(Int, [UInt8])] = [
            (0, front), (24, [0, 0, 0, 1]), (28, withUnsafeBytes(of: pages.bigEndian) { Array($0) }),
            (32, [UInt8](repeating: 0, count: 8)), (44, [0, 0, 0, 4]), (52, [UInt8](repeating: 0, count: 4)),
            (56, [0, 0, 0, 1]), (60, [0, 0, 0, UInt8(Schema.version)]), (64, [UInt8](repeating: 0, count: 8)),
            (92, [0, 0, 0, 1]),
        ]
        for (position, bytes) in parts {
            let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(position)) }
            try checking(path) { count == bytes.count }
        }
    }
}

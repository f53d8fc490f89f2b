import Base

/// The files of one data directory. Everything that touches a disk goes through here, so that tests can make any call
/// fail, tear any write, and forget whatever was not synced.
///
/// Names are paths relative to the root, with `/` between folders. Every call may come from any thread; calls on the
/// same file are the caller's to order. Nothing is durable until ``sync(_:)`` has returned, and no new, renamed or
/// removed name is until ``syncDirectory(_:)`` has.
public protocol FileStore: AnyObject, Sendable {
    /// Creates the folder and the folders above it; no error if they exist. The new names are durable on return.
    func createDirectory(_ directory: String) throws(FileError)

    /// The names in the folder, sorted; none if the folder does not exist.
    func list(_ directory: String) throws(FileError) -> [String]

    /// The size of the file in bytes, or nil if there is none. Anything but a file is refused (``FileError/misfit``).
    func size(of file: String) throws(FileError) -> Int?

    /// Reads up to `target.count` bytes from `position`; fewer only at the end of the file.
    func read(_ file: String, at position: Int, into target: UnsafeMutableRawBufferPointer) throws(FileError) -> Int

    /// Writes all bytes at `position`, creating the file and extending it as needed.
    func write(_ bytes: UnsafeRawBufferPointer, to file: String, at position: Int) throws(FileError)

    /// Writes `count` zero bytes at `position`, so that later writes there need no change of the file's size: syncing
    /// an overwrite is far quicker and steadier than syncing a growing file.
    func fill(_ file: String, at position: Int, count: Int) throws(FileError)

    /// Makes everything written to the file so far survive a power cut.
    func sync(_ file: String) throws(FileError)

    /// Makes every new, renamed and removed name in the folder survive a power cut.
    func syncDirectory(_ directory: String) throws(FileError)

    /// Cuts the file to its first `size` bytes.
    func truncate(_ file: String, to size: Int) throws(FileError)

    /// Renames a file, replacing what has the new name.
    func rename(_ source: String, to target: String) throws(FileError)

    /// Removes a file; no error if there is none.
    func remove(_ file: String) throws(FileError)
}

extension FileStore {
    /// Writes the bytes behind the last one.
    public func append(_ bytes: UnsafeRawBufferPointer, to file: String) throws(FileError) {
        try write(bytes, to: file, at: try size(of: file) ?? 0)
    }

    /// The size of the file, or nil if there is none.
    ///
    /// - Throws: ``FileError``, with a ``FileError/misfit`` if the file is larger than it can be.
    public func size(of file: String, max: Int) throws(FileError) -> Int? {
        guard let size = try size(of: file) else { return nil }
        guard size <= max else { throw FileError(.read, file, .size(size, max: max)) }
        return size
    }

    /// The whole content of the file, or nil if there is none. A file that is larger than `max` is refused, not read.
    public func contents(of file: String, max: Int = 64 << 20) throws(FileError) -> [UInt8]? {
        guard let size = try size(of: file, max: max) else { return nil }
        var bytes = [UInt8](repeating: 0, count: size)
        let count = try read(file, into: &bytes)
        bytes.removeLast(size - count)
        return bytes
    }

    /// Replaces the content of the file: a power cut at any moment leaves the old content or the new.
    public func replace(_ file: String, with bytes: [UInt8]) throws(FileError) {
        let scratch = file + ".new"
        try remove(scratch)
        try write(bytes, to: scratch, at: 0)
        try sync(scratch)
        try rename(scratch, to: file)
        try syncDirectory(directoryName(of: file))
    }

    /// Writes an array at `position`.
    public func write(_ bytes: [UInt8], to file: String, at position: Int) throws(FileError) {
        // A span keeps the type of the error; the array's own method would widen it.
        try bytes.span.bytes.withUnsafeBytes { (buffer: UnsafeRawBufferPointer) throws(FileError) in
            try write(buffer, to: file, at: position)
        }
    }

    private func read(_ file: String, into bytes: inout [UInt8]) throws(FileError) -> Int {
        var span = bytes.mutableSpan
        return try span.withUnsafeMutableBytes { (buffer: UnsafeMutableRawBufferPointer) throws(FileError) in
            try read(file, at: 0, into: buffer)
        }
    }
}

/// The folder part of a path: `a/b` of `a/b/c`, and the empty path of `c`.
public func directoryName(of path: String) -> String {
    // By bytes: an accent at the beginning of a name joins the slash before it to one character.
    guard let slash = path.utf8.lastIndex(of: 0x2F) else { return "" }
    return String(path[..<slash])
}

/// The folder that a path of the file system is in: `/` of `/a`, and `.` of `a`.
public func parentDirectory(of path: String) -> String {
    let directory = directoryName(of: path)
    guard directory.isEmpty else { return directory }
    return path.utf8.first == 0x2F ? "/" : "."
}

/// Another name beside a path, such as `a/b.part` for `a/b`: the same one each time, and not too long for the file
/// system where the path's own is not.
public func scratchPath(for path: String, _ suffix: String) -> String {
    var bytes = Array(path.utf8)
    while bytes.count > 1, bytes.last == 0x2F { bytes.removeLast() }
    let start = bytes.lastIndex(of: 0x2F).map { $0 + 1 } ?? 0
    let spare = fileNameBytesMax - suffix.utf8.count
    if bytes.count - start > spare {
        let hash = String(Text(String(decoding: bytes[start...], as: UTF8.self)).low, radix: 16)
        var end = start + spare - hash.utf8.count
        while end > start, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        bytes.replaceSubrange(end..., with: hash.utf8)
    }
    return String(decoding: bytes, as: UTF8.self) + suffix
}

/// How long a file's name may be, on all usual file systems.
private let fileNameBytesMax = 255

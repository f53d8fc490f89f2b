import Glibc

/// Why a file is not kept to its owner; the words say what a person can do.
public enum PrivateFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Others could read or change it.
    case exposed(String)
    /// It cannot be read or written.
    case file(String)

    public var description: String {
        switch self {
        case .exposed(let words), .file(let words): words
        }
    }
}

/// Small files that only their owner may read: made whole or not at all, never through a link.
public enum PrivateFile {
    /// Writes a file under its name when it is whole and on disk, with mode 0600.
    ///
    /// - Throws: ``PrivateFileError/file(_:)``.
    public static func write(_ text: String, to path: String) throws(PrivateFileError) {
        let part = path + ".part"
        // Left over from a process that was killed in between; the directory's lock is held.
        unlink(part)
        let descriptor = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("write", part) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
            }
            if count >= 0 { done += count } else if errno != EINTR { throw failure("write", part) }
        }
        guard fsync(descriptor) == 0, rename(part, path) == 0 else { throw failure("write", path) }
        try syncDirectory(of: path)
    }

    /// The text of a regular file of ours that nobody else may read; nil if there is none.
    ///
    /// - Throws: ``PrivateFileError/exposed(_:)`` if it is a link, no regular file, or open to others.
    public static func read(_ path: String, sizeMax: Int = 4096) throws(PrivateFileError) -> String? {
        // O_NONBLOCK: a pipe in the file's place must not make us wait.
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            if errno == ELOOP { throw .exposed("\(path) is a symbolic link: remove it") }
            throw failure("read", path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("read", path) }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
            throw .exposed("\(path) is not a plain file with one name: remove it")
        }
        guard status.st_uid == geteuid() else { throw .exposed("\(path) belongs to another user: remove it") }
        guard status.st_mode & 0o7177 == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw .exposed("\(path) has mode 0\(mode), others may have read it: remove it, and a new one is made")
        }
        var bytes = [UInt8](repeating: 0, count: sizeMax + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            if got == 0 { break }
            if got > 0 { count += got } else if errno != EINTR { throw failure("read", path) }
        }
        guard count <= sizeMax else { throw .file("\(path) is longer than \(sizeMax) bytes") }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Whether a directory is one that only its owner can put files into.
    ///
    /// - Throws: ``PrivateFileError/exposed(_:)``; not if the directory is missing.
    public static func checkDirectory(_ path: String) throws(PrivateFileError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw failure("read", path)
        }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw .exposed("\(path) belongs to another user, who could read the token: choose another --data-dir")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw .exposed("others may write to \(path) and could replace the token: chmod go-w \(path)")
        }
    }

    private static func syncDirectory(of path: String) throws(PrivateFileError) {
        let parent = parentDirectory(of: path)
        let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("write", parent) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("write", parent) }
    }

    private static func failure(_ verb: String, _ path: String) -> PrivateFileError {
        .file("cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}

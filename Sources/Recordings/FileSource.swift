// Some C declarations, `stat` among them, reach the compiler through this module first.
import CDispatch
import Foundation
public import Ingest

/// The bytes of a file or of standard input.
public final class FileSource: ByteSource {
    public let path: String
    private let descriptor: Int32
    /// Bytes of the file as it lies on disk, if that is known, and how many of them have been read.
    public let size: Int?
    public private(set) var bytesRead = 0

    /// Opens a path; `-` is standard input.
    public init(_ path: String) throws(InputError) {
        self.path = path
        descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileSource.failure(path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileSource.failure(path) }
        if status.st_mode & S_IFMT == S_IFDIR {
            throw .unreadable(path: path, errno: EISDIR, words: "it is a folder")
        }
        size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    /// Whether it can be read more than once.
    public static func isFile(_ path: String) -> Bool {
        var status = stat()
        return path != "-" && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    deinit { if descriptor > 0 { close(descriptor) } }

    /// Reads what there is, and returns how many bytes that were: 0 at the end.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
        while true {
            let count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 {
                bytesRead += count
                return count
            }
            if errno != EINTR { throw Self.failure(path) }
        }
    }

    /// Whether there is something to read, or the end, within so many milliseconds, or somebody has interrupted the
    /// wait; true at once for a file.
    public func hasMore(within milliseconds: Int32, unless isInterrupted: () -> Bool) -> Bool {
        guard size == nil else { return true }
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&request, 1, milliseconds)
            // What cannot be waited for says so when it is read.
            if count >= 0 || errno != EINTR || isInterrupted() { return count != 0 }
        }
    }

    private static func failure(_ path: String) -> InputError {
        .unreadable(path: path, errno: errno, words: String(cString: strerror(errno)))
    }
}

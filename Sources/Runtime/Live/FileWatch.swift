import Foundation
import Glibc
import Synchronization

/// Tells when a file has been written anew, by the kernel's word: editors write a file in place, or put another one in
/// its place.
public final class FileWatch: Sendable {
    private let descriptor: Int32
    /// A pipe that says that it is time to end.
    private let ending: (read: Int32, write: Int32)
    private let ended = DispatchSemaphore(value: 0)

    /// Why a file cannot be watched.
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    /// Begins to watch.
    ///
    /// - Parameters:
    ///   - path: A file, which may be taken away and come again; its folder must be there.
    ///   - changed: Called on a thread of its own, once for each time that the file has been written, or for several
    ///     that came close behind one another.
    /// - Throws: ``Failure`` if its folder cannot be watched.
    public init(_ path: String, changed: @escaping @Sendable () -> Void) throws(Failure) {
        let url = URL(fileURLWithPath: path)
        let (folder, name) = (url.deletingLastPathComponent().path, url.lastPathComponent)
        descriptor = inotify_init1(Int32(IN_CLOEXEC))
        var ends: [Int32] = [-1, -1]
        let hasPipe = pipe(&ends) == 0
        for end in ends where hasPipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        ending = (ends[0], ends[1])
        let mask = UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO)
        guard descriptor >= 0, hasPipe, inotify_add_watch(descriptor, folder, mask) >= 0 else {
            let words = String(cString: strerror(errno))
            for open in [descriptor] + ends where open >= 0 { close(open) }
            throw Failure(description: "\(path) cannot be watched: \(words)")
        }
        let thread = Thread { [descriptor, end = ending.read, ended] in
            while Self.wait(descriptor, end) {
                if Self.read(descriptor).contains(name) { changed() }
            }
            ended.signal()
        }
        thread.name = "watch"
        thread.start()
    }

    /// Returns when nothing more is told.
    public func stop() {
        close(ending.write)
        ended.wait()
        close(descriptor)
        close(ending.read)
    }

    /// Waits for news; false if it is time to end.
    private static func wait(_ descriptor: Int32, _ ending: Int32) -> Bool {
        var waited = [descriptor, ending].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while poll(&waited, 2, -1) < 0, errno == EINTR {}
        return waited[1].revents == 0
    }

    /// The names of the files of which there is news.
    private static func read(_ descriptor: Int32) -> Set<String> {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        var names: Set<String> = []
        var position = 0
        let head = MemoryLayout<inotify_event>.size
        while position + head <= count {
            let length = buffer.withUnsafeBytes {
                Int($0.loadUnaligned(fromByteOffset: position, as: inotify_event.self).len)
            }
            let name = buffer[position + head..<min(count, position + head + length)].prefix { $0 != 0 }
            names.insert(String(decoding: name, as: UTF8.self))
            position += head + length
        }
        return names
    }
}

import Foundation

/// A file that is written once; an existing one is never overwritten.
public final class NewFile {
    private let descriptor: Int32
    private let path: String
    private var isOpen = true

    /// - Throws: ``TableError/unwritable(_:)`` if there is a file of that name already.
    public init(_ path: String) throws(TableError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let reason = errno == EEXIST ? "it exists already" : String(cString: strerror(errno))
            throw .unwritable("cannot write \(path): \(reason)")
        }
    }

    deinit { if isOpen { Glibc.close(descriptor) } }

    /// Writes behind what was written last.
    public func write(_ bytes: [UInt8]) throws(TableError) {
        var failure: TableError?
        bytes.withUnsafeBytes { buffer in
            do throws(TableError) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Writes behind what was written last.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(TableError) {
        try put(bytes) { Glibc.write(descriptor, $0, $1) }
    }

    /// Replaces bytes that were written before, such as a header that is known last.
    public func overwrite(_ bytes: [UInt8], at position: Int) throws(TableError) {
        var failure: TableError?
        bytes.withUnsafeBytes { buffer in
            do throws(TableError) {
                var at = off_t(position)
                try put(buffer) {
                    let count = pwrite(descriptor, $0, $1, at)
                    at += off_t(max(0, count))
                    return count
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func put(
        _ bytes: UnsafeRawBufferPointer,
        _ call: (UnsafeRawPointer?, Int) -> Int
    ) throws(TableError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = call(UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw .unwritable("cannot write \(path): \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Says if not everything has reached the system.
    public func close() throws(TableError) {
        guard isOpen else { return }
        isOpen = false
        // After EINTR the descriptor is gone all the same.
        guard Glibc.close(descriptor) == 0 || errno == EINTR else {
            throw .unwritable("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Removes the file: half of one would look like a whole one.
    public func discard() {
        unlink(path)
    }
}

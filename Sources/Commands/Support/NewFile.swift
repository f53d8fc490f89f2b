import Foundation

/// A file that is written once; an existing one is never overwritten.
final class NewFile {
    private let descriptor: Int32
    private let path: String
    private var isOpen = true

    init(_ path: String) throws(CommandError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let reason = errno == EEXIST ? "it exists already" : String(cString: strerror(errno))
            throw .storage("cannot write \(path): \(reason)")
        }
    }

    deinit { if isOpen { Glibc.close(descriptor) } }

    func write(_ bytes: [UInt8]) throws(CommandError) {
        var failure: CommandError?
        bytes.withUnsafeBytes { buffer in
            do throws(CommandError) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Writes behind what was written last.
    func write(_ bytes: UnsafeRawBufferPointer) throws(CommandError) {
        try put(bytes) { Glibc.write(descriptor, $0, $1) }
    }

    /// Replaces bytes that were written before, such as a header that is known last.
    func overwrite(_ bytes: [UInt8], at position: Int) throws(CommandError) {
        var failure: CommandError?
        bytes.withUnsafeBytes { buffer in
            do throws(CommandError) {
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
    ) throws(CommandError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = call(UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw .storage("cannot write \(path): \(String(cString: strerror(errno)))")
            }
        }
    }

    func close() throws(CommandError) {
        guard isOpen else { return }
        isOpen = false
        // After EINTR the descriptor is gone all the same.
        guard Glibc.close(descriptor) == 0 || errno == EINTR else {
            throw .storage("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Removes the file: half of one would look like a whole one.
    func discard() {
        unlink(path)
    }
}

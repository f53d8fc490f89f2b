import FileStore
import Glibc

/// How SQLite is told of a file, whatever its name: some names mean something else to it.
package enum FileLocation {
    /// A file's name as it is. SQLite takes `file:…` for a URI, `:memory:` for memory, and no letters for a file that
    /// is gone when it is closed.
    package static func plain(_ path: String) -> String {
        let isSpecial = path.isEmpty || path.utf8.first == 0x3A || path.utf8.starts(with: "file:".utf8)
        return isSpecial ? "./" + path : path
    }

    /// A file and how to open it.
    package static func uri(_ path: String, _ parameters: [String: String]) -> String {
        var out = Array((path.utf8.first == 0x2F ? "file://" : "file:").utf8)
        for byte in path.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F, 0x7E: out.append(byte)
            default: out += [0x25, hexadecimal(byte >> 4), hexadecimal(byte & 15)]
            }
        }
        let query = parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
        return String(decoding: out, as: UTF8.self) + (query.isEmpty ? "" : "?" + query)
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 { digit + (digit < 10 ? 0x30 : 0x37) }

    /// What lies beside a file, and whether something can be put there.
    package struct Surroundings: Equatable, Sendable {
        package var canWriteFolder: Bool
        /// Bytes of the write-ahead log; nil = there is none.
        package var logBytes: Int?
        package var journalBytes: Int?
        package var hasSharedMemory: Bool

        package init(canWriteFolder: Bool, logBytes: Int?, journalBytes: Int?, hasSharedMemory: Bool) {
            self.canWriteFolder = canWriteFolder
            self.logBytes = logBytes
            self.journalBytes = journalBytes
            self.hasSharedMemory = hasSharedMemory
        }
    }

    package enum Reading: Equatable, Sendable {
        /// As SQLite does it, beside a writer; takes a file of shared memory, made if it is missing.
        case shared
        /// The file alone, which nobody changes: nothing is looked for beside it, nothing is locked.
        case closed
        /// Something beside the file belongs to it and cannot be read without writing.
        case impossible(bytes: Int)
    }

    package static func reading(_ beside: Surroundings) -> Reading {
        // Where a write-ahead log and its shared memory are, a writer may be at work: SQLite can join in without
        // writing.
        if beside.canWriteFolder || beside.hasSharedMemory && beside.logBytes != nil { return .shared }
        let bytes = (beside.logBytes ?? 0) + (beside.journalBytes ?? 0)
        return bytes > 0 ? .impossible(bytes: bytes) : .closed
    }

    static func forReading(_ path: String) throws(AlertStoreError) -> String {
        let beside = Surroundings(
            canWriteFolder: faccessat(AT_FDCWD, parentDirectory(of: path), W_OK, AT_EACCESS) == 0,
            logBytes: size(path + "-wal"),
            journalBytes: size(path + "-journal"),
            hasSharedMemory: size(path + "-shm") != nil
        )
        switch reading(beside) {
        case .shared: return plain(path)
        case .closed: return uri(path, ["immutable": "1", "mode": "ro"])
        case .impossible(let bytes): throw .unwritableLog(path: path, bytes: bytes)
        }
    }

    private static func size(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }
}

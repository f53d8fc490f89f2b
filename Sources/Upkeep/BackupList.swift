import Activations
import Bytes
// Some C declarations, `stat` among them, reach the compiler through this module first.
import CDispatch
import EventLog
public import FileStore
import Glibc

/// The files of a backup with their sizes and checksums: tab-separated lines, and the checksum of all lines at the end.
/// Tabs, ends of lines and backslashes in names are written as `\\t`, `\\n`, `\\r` and `\\\\`.
public struct BackupList: Sendable {
    public struct File: Equatable, Sendable {
        public var name: String
        public var bytes: Int
        public var checksum: UInt32
    }

    /// What its file is called.
    public static let name = "backup.txt"
    /// No state or model is as large.
    private static let fileBytesMax = 1 << 38

    public private(set) var files: [File] = []
    /// What was in a file's place and could not be copied, in words.
    public private(set) var left: [String] = []

    public var bytes: Int { files.reduce(0) { $0 + $1.bytes } }

    public init() {}

    /// Nil if the list is damaged.
    public init?(_ bytes: [UInt8]) {
        // By bytes: an accent at the beginning of a name joins what is before it to one character.
        var lines = bytes.split(separator: 0x0A)
        guard let last = lines.popLast(), last.starts(with: "crc32c\t".utf8) else { return nil }
        let body = lines.flatMap { $0 + [0x0A] }
        guard UInt32(String(decoding: last.dropFirst(7), as: UTF8.self), radix: 16) == Checksum.crc32c(body) else {
            return nil
        }
        for line in lines {
            let parts = line.split(separator: 0x09).map { String(decoding: $0, as: UTF8.self) }
            guard parts.count == 3, let size = Int(parts[1]), let checksum = UInt32(parts[2], radix: 16) else {
                return nil
            }
            let name = Self.unescaped(parts[0])
            let isBelow = !name.utf8.split(separator: 0x2F).contains { $0.elementsEqual("..".utf8) }
            guard isBelow, name.utf8.first != 0x2F else { return nil }
            files.append(File(name: name, bytes: size, checksum: checksum))
        }
    }

    /// The list's file.
    public func encoded() -> [UInt8] {
        let body = files.map { "\(Self.escaped($0.name))\t\($0.bytes)\t\(String($0.checksum, radix: 16))\n" }.joined()
        return Array((body + "crc32c\t\(String(Checksum.crc32c(Array(body.utf8)), radix: 16))\n").utf8)
    }

    private static let escapes: [(UInt8, UInt8)] = [(0x5C, 0x5C), (0x09, 0x74), (0x0A, 0x6E), (0x0D, 0x72)]

    private static func escaped(_ name: String) -> String {
        let bytes = name.utf8.flatMap { byte -> [UInt8] in
            escapes.first { $0.0 == byte }.map { [0x5C, $0.1] } ?? [byte]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func unescaped(_ text: String) -> String {
        var out: [UInt8] = []
        var isEscape = false
        for byte in text.utf8 {
            if isEscape {
                out.append(escapes.first { $0.1 == byte }?.0 ?? byte)
                isEscape = false
            } else if byte == 0x5C {
                isEscape = true
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    // MARK: - Copying

    /// Folders are no deeper: one that leads back to itself ends somewhere.
    private static let depthMax = 8

    /// Copies a folder with everything below it as it is now. What a writer takes away meanwhile is passed over, and so
    /// is what it has not finished; the files of a folder of checkpoints belong together, and are copied as of one
    /// moment.
    public mutating func copyFolder(
        _ folder: String,
        from source: DiskStore,
        to target: DiskStore,
        depth: Int = 0
    ) throws(FileError) {
        guard depth < Self.depthMax else { return left.append("\(folder) lies too deep") }
        try target.createDirectory(folder)
        let isState = folder.hasPrefix("state/")
        let held = isState ? try Held(folder, root: source.root) : nil
        // Segments last: a mark of what the log holds could claim more than was copied before it. Activations after the
        // events: none may be missing whose events are there.
        let listed = if let held { held.names } else { try source.list(folder) }
        let names = listed.filter { !$0.hasSuffix(".new") }.sorted {
            (Self.rank($0), $0) < (Self.rank($1), $1)
        }
        for name in names where folder != "log" || !name.hasPrefix(LogManifest.name) {
            let path = folder + "/" + name
            var status = stat()
            if let held, let size = held.sizes[name] {
                try copy(path, from: held.store, to: target, bytes: size)
            } else if stat(source.root + "/" + path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                guard !isState, !folder.hasPrefix("log/") || !Self.isSegment(name) else {
                    left.append(FileError(.open, path, .kind("a folder")).description)
                    continue
                }
                try copyFolder(path, from: source, to: target, depth: depth + 1)
            } else if lstat(source.root + "/" + path, &status) != 0, try source.list(folder).contains(name) {
                left.append("\(path) has a name that is no text")
            } else {
                try copy(path, from: source, to: target)
            }
        }
    }

    private static func rank(_ name: String) -> Int {
        if isSegment(name) { return 1 }
        return name == ActivationTopic.partition ? 2 : 0
    }

    private static func isSegment(_ name: String) -> Bool {
        [".log", ".index", ".timeindex"].contains { name.hasSuffix($0) }
    }

    /// The files of a folder as of one moment, held open: they are read to their ends, though a writer may remove them.
    /// Folders of checkpoints have far fewer than a store keeps open.
    private struct Held {
        let store: DiskStore
        let names: [String]
        private(set) var sizes: [String: Int] = [:]

        init(_ folder: String, root: String) throws(FileError) {
            while true {
                let store = DiskStore(root: root)
                let names = try store.list(folder)
                var sizes: [String: Int] = [:]
                for name in names {
                    do throws(FileError) { sizes[name] = try store.hold(folder + "/" + name) } catch {
                        guard error.isMisfit else { throw error }
                    }
                }
                // What has changed meanwhile may be of two moments.
                guard try store.list(folder) == names else { continue }
                (self.store, self.names, self.sizes) = (store, names, sizes)
                return
            }
        }
    }

    /// Copies a file as it is now, or as many bytes as it had, and notes it; durable on return. A file that is gone is
    /// passed over: retention takes some away. Anything else that is no file is noted as left.
    public mutating func copy(
        _ name: String,
        from source: DiskStore,
        to target: DiskStore,
        bytes: Int? = nil
    ) throws(FileError) {
        do throws(FileError) {
            let max = name.hasPrefix("log/") ? LogLimits.segmentBytes : Self.fileBytesMax
            let found = if let bytes { bytes } else { try source.size(of: name, max: max) }
            guard let size = found else { return }
            let checksum = try Self.pass(name, size, from: source) { (bytes, position) throws(FileError) in
                try target.write(bytes, to: name, at: position)
            }
            if size == 0 { try target.write([], to: name, at: 0) }
            try target.sync(name)
            try target.syncDirectory(directoryName(of: name))
            files.append(File(name: name, bytes: size, checksum: checksum))
        } catch {
            if error.isMisfit { return left.append(error.description) }
            guard error.code == ENOENT else { throw error }
        }
    }

    /// Notes a file that is there already, after making it durable.
    public mutating func add(_ name: String, in target: DiskStore) throws(FileError) {
        let size = try target.size(of: name) ?? 0
        let checksum = try Self.pass(name, size, from: target) { _, _ in }
        try target.sync(name)
        files.append(File(name: name, bytes: size, checksum: checksum))
    }

    private static func pass(
        _ name: String,
        _ size: Int,
        from source: DiskStore,
        _ body: (UnsafeRawBufferPointer, Int) throws(FileError) -> Void
    ) throws(FileError) -> UInt32 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var checksum: UInt32 = 0
        var position = 0
        while position < size {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, size - position)])
            let count = try source.read(name, at: position, into: part)
            guard count > 0 else { break }
            let bytes = UnsafeRawBufferPointer(rebasing: part[..<count])
            checksum = Checksum.crc32c(bytes, continuing: checksum)
            try body(bytes, position)
            position += count
        }
        return checksum
    }
}

public import Base
import Bytes
public import FileStore
import Synchronization

/// How far named consumers have read: one small file a consumer, replaced as a whole at each commit, so that a power cut
/// leaves the old offsets or the new ones.
///
/// The file, big-endian: int32 version 1, int32 number of partitions, for each in the order of their names: int32 length
/// and bytes of the name, int64 offset of the next record to read; uint32 CRC-32C of what is before it.
///
/// May be used by any thread; commits go one after another.
public final class ConsumerOffsets: Sendable {
    /// How far a consumer is behind a partition's end.
    public struct Lag: Sendable, Equatable {
        public var partition: String
        /// The next record to read; nil if the consumer has never committed this partition.
        public var committed: LogOffset?
        public var end: LogOffset
        /// Records between them; none if the log has lost what was read.
        public var records: Int64 { max(0, end.rawValue - (committed?.rawValue ?? 0)) }
    }

    public let directory: String
    private let store: any FileStore
    private let commits = Mutex(())

    private static let version: Int32 = 1
    private static let nameBytesMax = 100

    /// Touches nothing: the folder, `log/consumers` by custom, is made by the first commit.
    public init(directory: String = "log/consumers", store: any FileStore) {
        self.directory = directory
        self.store = store
    }

    /// Remembers the offset of the next record to read in each of the partitions; what is known of others stays. Durable
    /// on return. An offset may go back, to read again.
    ///
    /// - Throws: ``LogError/badName(_:)`` unless the consumer's name is 1 to 100 of `A-Z a-z 0-9 . _ -`, not beginning with
    ///   a dot nor ending with `.new`; ``LogError/damagedOffsets(file:)``; what the disk says.
    public func commit(_ offsets: [String: LogOffset], for consumer: String) throws(LogError) {
        let file = try file(of: consumer)
        let result: Result<Void, LogError> = commits.withLock { _ in
            do throws(LogError) {
                var all = try read(file) ?? [:]
                all.merge(offsets) { _, new in new }
                try files { () throws(FileError) in
                    try store.createDirectory(directory)
                    try store.replace(file, with: Self.encode(all))
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// The offset of the next record to read in each partition; none if the consumer has never committed.
    public func offsets(of consumer: String) throws(LogError) -> [String: LogOffset] {
        try read(try file(of: consumer)) ?? [:]
    }

    /// The names of the consumers that have committed, sorted.
    public func consumers() throws(LogError) -> [String] {
        try files { () throws(FileError) in try store.list(directory) }.filter { Self.isName($0) }
    }

    /// How far the consumer is behind these ends, by the partitions' names.
    public func lag(of consumer: String, ends: [String: LogOffset]) throws(LogError) -> [Lag] {
        let committed = try offsets(of: consumer)
        return ends.sorted { $0.key < $1.key }.map { partition, end in
            Lag(partition: partition, committed: committed[partition], end: end)
        }
    }

    /// Forgets a consumer; no error if there is none. Durable on return.
    public func remove(_ consumer: String) throws(LogError) {
        let file = try file(of: consumer)
        try files { () throws(FileError) in
            guard try store.size(of: file) != nil else { return }
            try store.remove(file)
            try store.syncDirectory(directory)
        }
    }

    // MARK: - Files

    private func file(of consumer: String) throws(LogError) -> String {
        guard Self.isName(consumer) else { throw .badName(consumer) }
        return directory + "/" + consumer
    }

    /// A name is a file's name, and not that of one that is being written.
    private static func isName(_ name: String) -> Bool {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        guard isPlain, (1...nameBytesMax).contains(name.utf8.count) else { return false }
        return !name.hasPrefix(".") && !name.hasSuffix(".new")
    }

    private func read(_ file: String) throws(LogError) -> [String: LogOffset]? {
        guard let bytes = try files({ () throws(FileError) in try store.contents(of: file) }) else { return nil }
        guard let offsets = bytes.withUnsafeBytes({ Self.decode($0) }) else { throw .damagedOffsets(file: file) }
        return offsets
    }

    private static func encode(_ offsets: [String: LogOffset]) -> [UInt8] {
        var bytes = ByteWriter()
        bytes.appendBigEndian(version)
        bytes.appendBigEndian(Int32(offsets.count))
        for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
            let name = Array(partition.utf8)
            bytes.appendBigEndian(Int32(name.count))
            bytes.append(name)
            bytes.appendBigEndian(offset.rawValue)
        }
        bytes.appendBigEndian(Checksum.crc32c(bytes.bytes))
        return Array(bytes.bytes)
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer) -> [String: LogOffset]? {
        guard bytes.count >= 12 else { return nil }
        let covered = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
        let stored = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: covered.count, as: UInt32.self))
        guard stored == Checksum.crc32c(covered) else { return nil }
        var reader = ByteReader(covered)
        var offsets: [String: LogOffset] = [:]
        do throws(ByteError) {
            guard try reader.readBigEndian(Int32.self) == version else { return nil }
            for _ in 0..<max(0, try reader.readBigEndian(Int32.self)) {
                let name = try reader.read(count: Int(try reader.readBigEndian(Int32.self)))
                offsets[String(decoding: name, as: UTF8.self)] = LogOffset(try reader.readBigEndian(Int64.self))
            }
        } catch {
            return nil
        }
        return reader.remaining == 0 ? offsets : nil
    }
}

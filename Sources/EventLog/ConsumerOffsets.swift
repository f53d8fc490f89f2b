public import Base
public import FileStore
import Synchronization

/// How far named consumers have read: one small file a consumer, replaced as a whole at each commit, so that a power
/// cut leaves the old offsets or the new ones.
///
/// The file is one of ``NamedOffsets``, version 1: under each partition's name the offset of the next record to read.
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

    private static let format = NamedOffsets(version: 1, width: 1)
    private static let nameBytesMax = 100

    /// Touches nothing: the folder, `log/consumers` by custom, is made by the first commit.
    public init(directory: String = "log/consumers", store: any FileStore) {
        self.directory = directory
        self.store = store
    }

    /// Remembers the offset of the next record to read in each of the partitions; what is known of others stays.
    /// Durable on return. An offset may go back, to read again.
    ///
    /// - Throws: ``LogError/badName(_:)`` unless the consumer's name is 1 to 100 of `A-Z a-z 0-9 . _ -`, not beginning
    ///   with a dot nor ending with `.new`; ``LogError/damagedOffsets(file:)``; what the disk says.
    public func commit(_ offsets: [String: LogOffset], for consumer: String) throws(LogError) {
        let file = try file(of: consumer)
        let result: Result<Void, LogError> = commits.withLock { _ in
            do throws(LogError) {
                var all = try read(file) ?? [:]
                all.merge(offsets) { _, new in new }
                try files { () throws(FileError) in
                    try store.createDirectory(directory)
                    try store.replace(file, with: Self.format.encode(all.mapValues { [$0] }))
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
        let bytes = try files { () throws(FileError) in try store.contents(of: file, max: NamedOffsets.bytesMax) }
        guard let bytes else { return nil }
        guard let offsets = Self.format.decode(bytes) else { throw .damagedOffsets(file: file) }
        return offsets.compactMapValues(\.first)
    }
}

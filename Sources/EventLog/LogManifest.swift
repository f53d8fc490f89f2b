public import Base
public import FileStore
import Synchronization

/// What a log is meant to hold: its partitions, the offset that each begins at, and how far each was durable. It is
/// kept apart from the partitions' folders, so that a folder or a first segment that is gone is missed.
///
/// Invariants: a partition is in it before its first append returns, and its first segment is durable before that; the
/// first offset is moved on, durably, before retention removes what lies before it, and by nothing else but a repair
/// that accepts a loss. So a crash at any moment leaves a log that begins where the manifest says, or earlier.
///
/// The file `manifest` beside the folders is one of ``NamedOffsets``, version 1: under each partition's name its first
/// offset and the offset behind its last record when a segment was last completed. A log of an older program has none:
/// a partition is taken in, as it is, when it is next opened for writing.
public struct LogManifest: Sendable, Equatable {
    public struct Bounds: Sendable, Equatable {
        /// The offset that the log begins at.
        public var first: LogOffset
        /// The log does not end before this offset.
        public var end: LogOffset
    }

    /// By the names of the partitions' folders.
    public internal(set) var partitions: [String: Bounds] = [:]

    /// The file's name.
    public static let name = "manifest"

    private static let format = NamedOffsets(version: 1, width: 2)
    /// Partitions of one log may be completed by several threads.
    private static let changes = Mutex(())

    /// Reads the manifest of the partitions in a folder; nil if there is none.
    ///
    /// - Throws: ``LogError/damagedManifest(file:)``; what the disk says.
    public static func read(_ folder: String = "log", store: any FileStore) throws(LogError) -> LogManifest? {
        let file = path(folder)
        let bytes = try files { () throws(FileError) in try store.contents(of: file, max: NamedOffsets.bytesMax) }
        guard let bytes else { return nil }
        guard let manifest = LogManifest(bytes) else { throw .damagedManifest(file: file) }
        return manifest
    }

    /// Whether each partition begins where it did when the manifest was read before, if there was one: nothing that it
    /// said was there has been removed since.
    public func begins(as earlier: LogManifest?) -> Bool {
        partitions.allSatisfy { name, bounds in bounds.first == earlier?.partitions[name]?.first ?? LogOffset(0) }
    }

    /// The bytes of the file.
    public var encoded: [UInt8] { Self.format.encode(partitions.mapValues { [$0.first, $0.end] }) }

    /// Puts a manifest of the segments that are there in the place of a damaged one, which is copied to `quarantine`.
    /// Whoever does that holds the directory's lock. What was missing before can no longer be told.
    public static func rebuild(
        _ folder: String = "log",
        partitions names: [String],
        quarantine: String,
        store: any FileStore
    ) throws(LogError) {
        var manifest = LogManifest()
        for name in names {
            let directory = folder + "/" + name
            // One that has no segment can be told by its own mark only.
            guard try !files({ () throws(FileError) in try Segment.bases(directory, store) }).isEmpty else { continue }
            let (start, end) = try PartitionReader.bounds(directory: directory, store: store)
            manifest.partitions[name] = Bounds(first: start, end: end)
        }
        let file = path(folder)
        try files { () throws(FileError) in
            try store.createDirectory(quarantine)
            if let old = try store.contents(of: file) { try store.replace("\(quarantine)/\(name).bad", with: old) }
            try store.replace(file, with: manifest.encoded)
        }
    }

    // MARK: - Changes

    /// Changes what is known of a partition, given by its folder; durable on return, and nothing is written if it is
    /// the same.
    static func change(
        _ directory: String,
        _ store: any FileStore,
        _ body: (Bounds?) -> Bounds
    ) throws(LogError) {
        let (folder, partition) = split(directory)
        let result: Result<Void, LogError> = changes.withLock { _ in
            do throws(LogError) {
                var manifest = try read(folder, store: store) ?? LogManifest()
                let known = manifest.partitions[partition]
                let wanted = body(known)
                guard wanted != known else { return .success(()) }
                manifest.partitions[partition] = wanted
                try files { () throws(FileError) in try store.replace(path(folder), with: manifest.encoded) }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Notes how far a partition is durable. What a damaged manifest said is not made up: opening the log reports it.
    static func note(
        _ end: Int64,
        of directory: String,
        from first: LogOffset,
        _ store: any FileStore
    ) throws(FileError) {
        do throws(LogError) {
            try change(directory, store) { Bounds(first: $0?.first ?? first, end: LogOffset(end)) }
        } catch {
            if case .file(let error) = error { throw error }
        }
    }

    /// What is known of the partition with this folder.
    static func bounds(_ directory: String, _ store: any FileStore) throws(LogError) -> Bounds? {
        let (folder, partition) = split(directory)
        return try read(folder, store: store)?.partitions[partition]
    }

    private init?(_ bytes: [UInt8]) {
        guard let found = Self.format.decode(bytes) else { return nil }
        for (name, offsets) in found { partitions[name] = Bounds(first: offsets[0], end: offsets[1]) }
    }

    private init() {}

    private static func path(_ folder: String) -> String { folder.isEmpty ? name : folder + "/" + name }

    private static func split(_ directory: String) -> (folder: String, partition: String) {
        let folder = directoryName(of: directory)
        return (folder, String(folder.isEmpty ? directory[...] : directory.dropFirst(folder.utf8.count + 1)))
    }
}

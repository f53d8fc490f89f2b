import Base
import FileStore

/// How a partition's log is kept.
public struct LogSettings: Sendable {
    /// A segment is closed before it would grow beyond this.
    public var segmentBytes = 128 << 20

    public init() {}
}

/// What opening a log found and did.
public struct RecoveryReport: Sendable, Equatable {
    /// Bytes of a batch that a crash left unfinished at the end, and that were cut off. Never acknowledged.
    public var tornBytes = 0
    /// Damage with whole batches behind it: it stays where it is.
    public var damage: [LogDamage] = []
}

/// A stretch of a segment that is no longer what was written.
public struct LogDamage: Sendable, Equatable {
    public var file: String
    public var position: Int
    public var words: String
}

/// The log of one partition: segments of record batches in Kafka's format, in one folder.
///
/// Invariants: offsets have no gaps; a segment's name is its first offset; whatever `append` returned for is in the file
/// system when the process dies, and on the platter once ``sync()`` has returned. Owned by one thread.
public final class PartitionLog {
    public let directory: String
    public private(set) var endOffset = LogOffset(0)
    public private(set) var recovery = RecoveryReport()
    private let store: any FileStore
    private let settings: LogSettings
    private var bases: [Int64] = []
    private var active: Segment
    private var isDirty = false
    private var hasFailed = false

    /// Opens the log of a folder, made if it is missing, and repairs what a crash left at its end.
    public init(directory: String, store: any FileStore, settings: LogSettings = LogSettings()) throws(LogError) {
        self.directory = directory
        self.store = store
        self.settings = settings
        active = Segment(baseOffset: 0, directory: directory)
        do throws(FileError) {
            try store.createDirectory(directory)
            bases = try Self.bases(directory, store)
            if bases.isEmpty {
                bases = [0]
            } else {
                try recover()
            }
        } catch {
            throw .file(error)
        }
    }

    /// First offsets of the segments in a folder.
    static func bases(_ directory: String, _ store: any FileStore) throws(FileError) -> [Int64] {
        try store.list(directory).compactMap { $0.hasSuffix(".log") ? Int64($0.dropLast(4)) : nil }.sorted()
    }

    /// Walks the last segment: rebuilds its indexes, cuts a torn tail, notes damage that is not one.
    private func recover() throws(FileError) {
        active = Segment(baseOffset: bases[bases.count - 1], directory: directory)
        let scanner = SegmentScanner(active.log, store: store)
        var next: Int64? = active.baseOffset
        scan: while true {
            switch try scanner.next(expectedOffset: next) {
            case .batch(let header, _):
                active.append(header)
                next = header.lastOffset + 1
            case .end: break scan
            case .damaged(let position, let words):
                let size = try store.size(of: active.log) ?? position
                guard let whole = try scanner.findNext(after: position) else {
                    recovery.tornBytes = size - position
                    try store.truncate(active.log, to: position)
                    break scan
                }
                recovery.damage.append(LogDamage(file: active.log, position: position, words: words))
                scanner.seek(to: whole)
                next = nil
            }
        }
        endOffset = LogOffset(next ?? active.baseOffset)
        try active.writeIndexes(store)
    }

    /// Appends the builder's records as one batch and returns the offset of the first.
    public func append(_ batch: RecordBatchBuilder) throws(LogError) -> LogOffset {
        guard !hasFailed else { throw .failed(directory: directory) }
        let base = endOffset
        let bytes = batch.encode(baseOffset: base.rawValue)
        guard bytes.count <= SegmentScanner.batchLimit else {
            throw .tooLarge(bytes: bytes.count, limit: SegmentScanner.batchLimit)
        }
        do throws(FileError) {
            if active.size > 0, active.size + bytes.count > settings.segmentBytes { try roll() }
            try store.append(bytes, to: active.log)
            if active.size == 0 { try store.syncDirectory(directory) }
        } catch {
            // How much of it is on disk is unknown: only reopening can tell.
            hasFailed = true
            throw .file(error)
        }
        isDirty = true
        active.append(
            BatchHeader(
                position: active.size,
                size: bytes.count,
                baseOffset: base.rawValue,
                lastOffset: base.rawValue + Int64(batch.count) - 1,
                largestTimestamp: batch.largestTimestamp,
                recordCount: batch.count
            )
        )
        endOffset = base.advanced(by: batch.count)
        return base
    }

    /// Makes everything that was appended survive a power cut.
    public func sync() throws(LogError) {
        guard !hasFailed else { throw .failed(directory: directory) }
        guard isDirty else { return }
        do throws(FileError) {
            try store.sync(active.log)
            isDirty = false
        } catch {
            // A failed sync may have dropped the pages: trying again would only seem to succeed.
            hasFailed = true
            throw .file(error)
        }
    }

    /// Syncs and writes the indexes: the files are then what Kafka would have written.
    public func close() throws(LogError) {
        try sync()
        do throws(FileError) {
            guard active.size > 0 else { return }
            active.seal()
            try active.writeIndexes(store)
        } catch {
            throw .file(error)
        }
    }

    private func roll() throws(FileError) {
        try store.sync(active.log)
        active.seal()
        try active.writeIndexes(store)
        active = Segment(baseOffset: endOffset.rawValue, directory: directory)
        bases.append(endOffset.rawValue)
    }

    /// A reader from an offset to the end as it is when it gets there.
    public func reader(from offset: LogOffset) -> PartitionReader {
        PartitionReader(directory: directory, store: store, from: offset)
    }
}

/// Reads a partition's batches in order. Needs no writer, and does not disturb one.
public final class PartitionReader {
    private let directory: String
    private let store: any FileStore
    private var nextOffset: Int64
    private var scanner: SegmentScanner?
    private var bases: [Int64] = []

    public init(directory: String, store: any FileStore, from offset: LogOffset) {
        self.directory = directory
        self.store = store
        nextOffset = offset.rawValue
    }

    /// Reads the next batch that holds the wanted offset or a later one; false at the end.
    ///
    /// - Throws: ``LogError/damaged(file:position:offset:words:)`` where a batch is not what was written.
    public func next(into batch: RecordBatch) throws(LogError) -> Bool {
        let found: Found
        do throws(FileError) { found = try step(batch) } catch { throw .file(error) }
        switch found {
        case .batch: return true
        case .end: return false
        case .damaged(let file, let position, let words):
            throw .damaged(file: file, position: position, offset: nextOffset, words: words)
        }
    }

    private enum Found {
        case batch
        case end
        case damaged(file: String, position: Int, words: String)
    }

    private func step(_ batch: RecordBatch) throws(FileError) -> Found {
        while true {
            if scanner == nil, try !open() { return .end }
            guard let scanner else { return .end }
            switch try scanner.next(expectedOffset: nil) {
            case .end:
                guard try hasLaterSegment() else { return .end }
                self.scanner = nil
            case .damaged(let position, let words):
                // A torn tail that a writer is about to finish, or that recovery will cut, is the end.
                let whole = try scanner.findNext(after: position)
                if whole == nil, try !hasLaterSegment() { return .end }
                return .damaged(file: scanner.file, position: position, words: words)
            case .batch(let header, let bytes):
                guard header.lastOffset >= nextOffset else { continue }
                if let fault = batch.decode(bytes) {
                    return .damaged(file: scanner.file, position: header.position, words: fault)
                }
                nextOffset = header.lastOffset + 1
                return .batch
            }
        }
    }

    private func hasLaterSegment() throws(FileError) -> Bool {
        bases = try PartitionLog.bases(directory, store)
        return bases.contains {
            $0 == nextOffset && $0 > 0 && scanner?.file != Segment(baseOffset: $0, directory: directory).log
        }
    }

    private func open() throws(FileError) -> Bool {
        bases = try PartitionLog.bases(directory, store)
        guard let base = bases.last(where: { $0 <= nextOffset }) ?? bases.first else { return false }
        let segment = Segment(baseOffset: base, directory: directory)
        guard try store.size(of: segment.log) != nil else { return false }
        let position = try Segment.position(of: nextOffset, segment: segment, store: store)
        scanner = SegmentScanner(segment.log, store: store, from: position)
        return true
    }
}

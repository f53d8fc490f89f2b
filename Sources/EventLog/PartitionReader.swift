public import Base
public import FileStore

/// Reads a partition's batches in order. Needs no writer, and does not disturb one: at the end it returns false, and a
/// later call goes on with what has been written since. Owned by one thread.
public final class PartitionReader {
    public let directory: String

    /// The offset of the first record that has not been returned yet.
    public private(set) var nextOffset: LogOffset

    /// Batches that begin at or after this offset are not read; nil = all that are whole. Set it to a log's
    /// ``PartitionLog/durableOffset`` to see nothing that a power cut could take back.
    public var endOffset: LogOffset?

    let store: any FileStore
    private var scanner: SegmentScanner?
    private var mark: DurableMark?
    /// What the last call could not read. It is thrown again until ``skipUnreadable()``.
    private var unreadable: LogError?
    private var afterUnreadable = LogOffset(0)
    private var hasToldLoss = false

    /// A reader of the log in a folder, from the record at an offset on. Nothing is read yet.
    public init(directory: String, store: any FileStore, from offset: LogOffset = LogOffset(0)) {
        self.directory = directory
        self.store = store
        nextOffset = offset
    }

    /// Reads the next batch that holds the wanted offset or a later one; false at the end. A batch is always whole: its
    /// first records may lie before the wanted offset.
    ///
    /// - Throws: ``LogError/damaged(_:)`` where a batch is not what was written or cannot be unpacked, and where the
    ///   log's beginning is missing; ``skipUnreadable()`` then goes on behind it.
    public func next(into batch: RecordBatch) throws(LogError) -> Bool {
        if let unreadable { throw unreadable }
        while true {
            if let endOffset, nextOffset >= endOffset { return false }
            if scanner == nil, try !open() { return false }
            guard let scanner else { return false }
            switch try files({ () throws(FileError) in try scanner.next() }) {
            case .batch(let header, let bytes):
                guard header.lastOffset >= nextOffset.rawValue else { continue }
                try decode(header, bytes, batch)
                nextOffset = LogOffset(header.lastOffset + 1)
                return true
            case .damaged(let damage):
                guard let after = damage.nextOffset else {
                    try refuse(.damaged(damage), goingOnAt: try laterSegment(than: scanner) ?? nextOffset)
                    return false
                }
                // Damage before the wanted offset is none of this reader's business.
                if after > nextOffset { try refuse(.damaged(damage), goingOnAt: after) }
            case .torn(var damage):
                // At the end of the log a writer is about to finish it, or recovery will cut it.
                guard let later = try laterSegment(than: scanner) else { return try end(scanner, torn: damage) }
                damage.nextOffset = later
                if later > nextOffset { try refuse(.damaged(damage), goingOnAt: later) }
                self.scanner = nil
            case .end:
                guard let later = try laterSegment(than: scanner) else { return try end(scanner, torn: nil) }
                self.scanner = nil
                if later > nextOffset, later.rawValue > scanner.expectedOffset {
                    try refuse(.damaged(LogDamage(behind: scanner, before: later.rawValue)), goingOnAt: later)
                }
            }
        }
    }

    /// Moves behind what the last call of ``next(into:)`` could not read, and returns the offset it goes on at.
    @discardableResult
    public func skipUnreadable() -> LogOffset {
        guard unreadable != nil else { return nextOffset }
        unreadable = nil
        nextOffset = afterUnreadable
        return nextOffset
    }

    /// Goes on at another offset.
    public func seek(to offset: LogOffset) {
        unreadable = nil
        hasToldLoss = false
        scanner = nil
        nextOffset = offset
    }

    /// Starts in a segment whose index is still in memory.
    func start(in segment: Segment, at entry: SegmentIndex.OffsetPoint?) {
        let scanner = SegmentScanner(segment, store: store)
        do throws(FileError) {
            if let entry { _ = try scanner.start(at: entry) }
            self.scanner = scanner
        } catch {
            // The first read meets the same error and throws it.
            self.scanner = nil
        }
    }

    private func decode(_ header: BatchHeader, _ bytes: UnsafeRawBufferPointer, _ batch: RecordBatch) throws(LogError) {
        guard let fault = batch.decode(bytes, header), let scanner else { return }
        var damage = LogDamage(header, scanner.segment, fault)
        var after = LogOffset(header.lastOffset + 1)
        if case .records = fault {
            let limit = try laterSegment(than: scanner)?.rawValue ?? .max
            after = LogOffset(try files { () throws(FileError) in try scanner.distrust(header, limit: limit) })
            damage.nextOffset = after
        }
        try refuse(.damaged(damage), goingOnAt: after)
    }

    private func refuse(_ error: LogError, goingOnAt after: LogOffset) throws(LogError) {
        unreadable = error
        afterUnreadable = after
        throw error
    }

    /// The end of the last segment is the end of the log, unless more than that was durable.
    private func end(_ scanner: SegmentScanner, torn: LogDamage?) throws(LogError) -> Bool {
        let end = scanner.expectedOffset
        let lost = mark?.damage(scanner.segment, position: scanner.position, endOffset: end, torn: torn)
        if let lost, let after = lost.nextOffset, after > nextOffset { try refuse(.damaged(lost), goingOnAt: after) }
        return false
    }

    private func laterSegment(than scanner: SegmentScanner) throws(LogError) -> LogOffset? {
        let bases = try files { () throws(FileError) in try Segment.bases(directory, store) }
        return bases.first { $0 > scanner.segment.baseOffset }.map { LogOffset($0) }
    }

    /// Opens the segment that holds the wanted offset, at its index entry; false if there is no segment.
    private func open() throws(LogError) -> Bool {
        mark = try files { () throws(FileError) in try DurableMark.read(directory, store) }
        let bases = try files { () throws(FileError) in try Segment.bases(directory, store) }
        // Only who asks for what lies before the first segment wants to know whether that was there.
        if bases.first ?? .max > nextOffset.rawValue, !hasToldLoss,
            let loss = try PartitionFiles(directory, store).loss, loss.nextOffset.map({ $0 > nextOffset }) ?? true
        {
            hasToldLoss = true
            try refuse(.damaged(loss), goingOnAt: loss.nextOffset ?? nextOffset)
        }
        return try files { () throws(FileError) in
            guard let base = bases.last(where: { $0 <= nextOffset.rawValue }) ?? bases.first else { return false }
            let segment = Segment(baseOffset: base, directory: directory)
            _ = try segment.size(store)
            let scanner = SegmentScanner(segment, store: store)
            let files = IndexFiles(segment, store)
            if let entry = try files.offsetPoint(for: nextOffset.rawValue) { _ = try scanner.start(at: entry) }
            self.scanner = scanner
            return true
        }
    }
}

import Base
public import FileStore

/// One whole batch, as its header tells it.
public struct BatchSummary: Sendable, Equatable {
    public var file: String
    /// Where in the file it begins.
    public var position: Int
    /// Bytes as stored.
    public var byteCount: Int
    public var firstOffset: Int64
    public var lastOffset: Int64
    public var recordCount: Int
    public var checksum: UInt32
    /// none, gzip, snappy, lz4 or zstd.
    public var codec: String
    public var firstTimestampMilliseconds: Int64
    public var largestTimestampMilliseconds: Int64
}

/// Walks over everything in a partition's files, in order: segments, whole batches, and what is not whole. Changes nothing
/// and disturbs no writer; what a writer adds meanwhile may be seen or not.
public final class LogWalk {
    public enum Item: Sendable, Equatable {
        case segmentBegan(file: String, byteCount: Int, baseOffset: Int64, isLast: Bool)
        /// If it cannot be unpacked, a ``damaged(_:)`` follows.
        case batch(BatchSummary)
        case damaged(LogDamage)
        /// An unfinished batch at the log's end: what a crash leaves, and opening the log cuts.
        case torn(LogDamage)
        case segmentEnded(endOffset: Int64)
    }

    public let directory: String
    /// Everything before this offset was durable when the walk began; nil if nothing is known.
    public let durableOffset: Int64?

    private let store: any FileStore
    private let mark: DurableMark?
    private let bases: [Int64]
    private var opened = 0
    private var scanner: SegmentScanner?
    private var fileSize = 0
    private var isUndecidable = false
    private var pending: [Item] = []

    public init(directory: String, store: any FileStore) throws(LogError) {
        self.directory = directory
        self.store = store
        // First the mark, then the files: what the mark says is in them by then, even beside a writer.
        mark = try files { () throws(FileError) in try DurableMark.read(directory, store) }
        durableOffset = mark?.endOffset
        bases = try files { () throws(FileError) in try Segment.bases(directory, store) }
        if bases.isEmpty, let mark, mark.endOffset > 0 {
            let segment = Segment(baseOffset: 0, directory: directory)
            if let lost = mark.damage(segment, position: 0, endOffset: 0, torn: nil) { pending.append(.damaged(lost)) }
        }
    }

    /// The next thing in the log; nil at its end. With a batch to unpack into, its content is checked, too.
    public func next(into batch: RecordBatch? = nil) throws(LogError) -> Item? {
        while pending.isEmpty {
            guard let scanner else {
                guard opened < bases.count else { return nil }
                try files { () throws(FileError) in try open() }
                continue
            }
            try files { () throws(FileError) in try step(scanner, batch) }
        }
        return pending.removeFirst()
    }

    private func open() throws(FileError) {
        let segment = Segment(baseOffset: bases[opened], directory: directory)
        opened += 1
        // Retention may have removed it since the folder was listed.
        guard let size = try store.size(of: segment.log) else { return }
        fileSize = size
        isUndecidable = false
        scanner = SegmentScanner(segment, store: store)
        pending.append(
            .segmentBegan(
                file: segment.log,
                byteCount: size,
                baseOffset: segment.baseOffset,
                isLast: opened == bases.count
            )
        )
    }

    private func step(_ scanner: SegmentScanner, _ batch: RecordBatch?) throws(FileError) {
        switch try scanner.next() {
        case .batch(let header, let bytes):
            pending.append(.batch(BatchSummary(header, scanner.segment)))
            if let batch, case .malformed(let words) = batch.decode(bytes, header) {
                pending.append(.damaged(LogDamage(malformed: header, scanner.segment, words)))
            }
        case .damaged(let damage):
            // Behind the last sync, holes are what a power cut leaves: opening the log cuts there.
            if opened == bases.count, let mark, damage.offset.rawValue >= mark.endOffset {
                pending += [.torn(damage), .segmentEnded(endOffset: damage.offset.rawValue)]
                self.scanner = nil
                return
            }
            isUndecidable = damage.fault == .undecidable
            pending.append(.damaged(damage))
        case .torn(let damage): finish(scanner, torn: damage)
        case .end: finish(scanner, torn: nil)
        }
    }

    private func finish(_ scanner: SegmentScanner, torn: LogDamage?) {
        let end = scanner.expectedOffset
        if opened < bases.count {
            let next = bases[opened]
            if var torn {
                // Only the last segment can have a torn tail.
                torn.nextOffset = LogOffset(next)
                pending.append(.damaged(torn))
            } else if end != next, !isUndecidable {
                pending.append(.damaged(missing(scanner, before: LogOffset(next))))
            }
        } else if let lost = mark?.damage(scanner.segment, position: scanner.position, endOffset: end, torn: torn) {
            // What was durable once is no torn tail.
            pending.append(.damaged(lost))
        } else if let torn {
            pending.append(.torn(torn))
        }
        pending.append(.segmentEnded(endOffset: end))
        self.scanner = nil
    }

    private func missing(_ scanner: SegmentScanner, before next: LogOffset) -> LogDamage {
        LogDamage(
            file: scanner.segment.log,
            position: scanner.position,
            byteCount: max(0, fileSize - scanner.position),
            offset: LogOffset(scanner.expectedOffset),
            nextOffset: next,
            fault: .missing(before: next)
        )
    }
}

extension BatchSummary {
    init(_ header: BatchHeader, _ segment: Segment) {
        file = segment.log
        position = header.position
        byteCount = header.size
        firstOffset = header.baseOffset
        lastOffset = header.lastOffset
        recordCount = header.recordCount
        checksum = header.checksum
        codec = ["none", "gzip", "snappy", "lz4", "zstd", "5", "6", "7"][header.codec]
        firstTimestampMilliseconds = header.firstTimestamp
        largestTimestampMilliseconds = header.largestTimestamp
    }

    /// The checksum in eight hexadecimal digits.
    public var checksumText: String { hexadecimal(checksum) }

    /// This program reads batches that are not compressed, or with LZ4.
    public var isSupported: Bool { codec == "none" || codec == "lz4" }
}

extension LogDamage {
    /// A batch with a right checksum whose content cannot be read.
    init(malformed header: BatchHeader, _ segment: Segment, _ words: String) {
        self.init(
            file: segment.log,
            position: header.position,
            byteCount: header.size,
            offset: LogOffset(header.baseOffset),
            nextOffset: LogOffset(header.lastOffset + 1),
            fault: .records(words)
        )
    }
}

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

/// Walks over everything in a partition's files, in order: segments, whole batches, and what is not whole. Changes
/// nothing and disturbs no writer; what a writer adds meanwhile may be seen or not.
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

    /// `durable` is an offset that somebody has built on: the log does not end before it.
    public init(
        directory: String,
        store: any FileStore,
        durable: LogOffset = LogOffset(0)
    ) throws(LogError) {
        self.directory = directory
        self.store = store
        let files = try PartitionFiles(directory, store, durable: durable.rawValue)
        mark = files.mark
        durableOffset = files.mark?.endOffset
        bases = files.bases
        if let loss = files.loss { pending.append(.damaged(loss)) }
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
        var misfit: String?
        var found: Int?
        do throws(FileError) {
            found = try segment.size(store)
        } catch {
            guard let known = error.misfit else { throw error }
            misfit = known.description
        }
        // Retention may have removed it since the folder was listed.
        if found == nil, misfit == nil { return }
        fileSize = found ?? 0
        isUndecidable = false
        pending.append(
            .segmentBegan(
                file: segment.log,
                byteCount: fileSize,
                baseOffset: segment.baseOffset,
                isLast: opened == bases.count
            )
        )
        if let misfit {
            pass(segment, misfit)
        } else {
            scanner = SegmentScanner(segment, store: store)
        }
    }

    /// What has the segment's name is none: all that it held is lost.
    private func pass(_ segment: Segment, _ words: String) {
        let end = opened < bases.count ? bases[opened] : mark?.endOffset ?? 0
        let next = end > segment.baseOffset ? LogOffset(end) : nil
        let offset = LogOffset(segment.baseOffset)
        pending.append(
            .damaged(
                LogDamage(
                    file: segment.log,
                    position: 0,
                    byteCount: 0,
                    offset: offset,
                    nextOffset: next,
                    fault: .unfit(words)
                )
            )
        )
        pending.append(.segmentEnded(endOffset: (next ?? offset).rawValue))
    }

    private func step(_ scanner: SegmentScanner, _ batch: RecordBatch?) throws(FileError) {
        switch try scanner.next() {
        case .batch(let header, let bytes):
            pending.append(.batch(BatchSummary(header, scanner.segment)))
            if let batch, let fault = batch.decode(bytes, header) {
                var damage = LogDamage(header, scanner.segment, fault)
                if case .records = fault {
                    let limit = opened < bases.count ? bases[opened] : .max
                    damage.nextOffset = LogOffset(try scanner.distrust(header, limit: limit))
                }
                pending.append(.damaged(damage))
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
                let left = max(0, fileSize - scanner.position)
                pending.append(.damaged(LogDamage(behind: scanner, byteCount: left, before: next)))
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
        codec = BatchHeader.codecs[header.codec]
        firstTimestampMilliseconds = header.firstTimestamp
        largestTimestampMilliseconds = header.largestTimestamp
    }

    /// The checksum in eight hexadecimal digits.
    public var checksumText: String { hexadecimal(checksum) }
}

extension LogDamage {
    /// How many offsets it takes; 0 if that is not known.
    var span: Int64 { nextOffset.map { max(0, $0.rawValue - offset.rawValue) } ?? 0 }

    /// What is missing between the end of a segment's batches and the next segment.
    init(behind scanner: SegmentScanner, byteCount: Int = 0, before next: Int64) {
        self.init(
            file: scanner.segment.log,
            position: scanner.position,
            byteCount: byteCount,
            offset: LogOffset(scanner.expectedOffset),
            nextOffset: LogOffset(next),
            fault: .missing(before: LogOffset(next))
        )
    }

    /// A batch with a right checksum whose content cannot be read.
    init(_ header: BatchHeader, _ segment: Segment, _ fault: BatchFault) {
        self.init(
            file: segment.log,
            position: header.position,
            byteCount: header.size,
            offset: LogOffset(header.baseOffset),
            nextOffset: LogOffset(header.lastOffset + 1),
            fault: fault
        )
    }
}

import Base
public import FileStore

/// What a walk over all of a partition's segments found.
public struct LogReport: Sendable, Equatable {
    public struct Segment: Sendable, Equatable {
        public var file: String
        public var bytes = 0
        public var batches = 0
        public var records = 0
        public var firstOffset: Int64
        /// Behind the last record.
        public var endOffset: Int64
        /// Of all records; `Int64.min` if there are none.
        public var largestTimestampMilliseconds = Int64.min
    }

    public var segments: [Segment] = []
    /// Stretches that are not what was written, in order.
    public var damage: [LogDamage] = []
    /// An unfinished batch at the log's end: what a crash leaves, and opening the log cuts.
    public var tornTail: LogDamage?
    /// Whole batches that are compressed in a way that this program does not read.
    public var unsupportedBatches = 0
    /// What index entries are not true. Indexes can be deleted: they are made anew.
    public var indexFaults: [String] = []
    /// Where the last segment's last whole batch ends.
    private var endPosition = 0

    public var batches: Int { segments.reduce(0) { $0 + $1.batches } }
    public var records: Int { segments.reduce(0) { $0 + $1.records } }
    public var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }

    /// Checks every batch of a partition: header, checksum, continuity, and that it can be unpacked; and every index entry
    /// by the rules of Kafka's own dump tool. Changes nothing.
    public static func verify(directory: String, store: any FileStore) throws(LogError) -> LogReport {
        try files { () throws(FileError) in
            var report = LogReport()
            let mark = try DurableMark.read(directory, store)
            let bases = try EventLog.Segment.bases(directory, store)
            for (number, base) in bases.enumerated() {
                let segment = EventLog.Segment(baseOffset: base, directory: directory)
                if let last = report.segments.last, last.endOffset != base {
                    report.noteGap(after: last, before: LogOffset(base))
                }
                try report.walk(segment, store, isLast: number == bases.count - 1, mark)
            }
            if let last = bases.last, let mark {
                report.compare(EventLog.Segment(baseOffset: last, directory: directory), with: mark)
            }
            return report
        }
    }

    private mutating func walk(
        _ segment: EventLog.Segment,
        _ store: any FileStore,
        isLast: Bool,
        _ mark: DurableMark?
    ) throws(FileError) {
        let size = try store.size(of: segment.log) ?? 0
        let base = segment.baseOffset
        var summary = Segment(file: segment.log, bytes: size, firstOffset: base, endOffset: base)
        let scanner = SegmentScanner(segment, store: store)
        let batch = RecordBatch()
        var check = IndexCheck(try SegmentIndex(segment, logSize: size, store), segment)
        walk: while true {
            switch try scanner.next() {
            case .end: break walk
            case .torn(let damage):
                if isLast { tornTail = damage } else { self.damage.append(damage) }
                break walk
            case .damaged(let damage):
                // Behind the last sync, holes are what a power cut leaves: opening the log cuts there.
                if isLast, let mark, damage.offset.rawValue >= mark.endOffset {
                    tornTail = damage
                    summary.endOffset = damage.offset.rawValue
                    endPosition = damage.position
                    segments.append(summary)
                    return
                }
                self.damage.append(damage)
            case .batch(let header, let bytes):
                check.add(header)
                summary.batches += 1
                summary.records += header.recordCount
                if header.recordCount > 0 {
                    let largest = max(summary.largestTimestampMilliseconds, header.largestTimestamp)
                    summary.largestTimestampMilliseconds = largest
                }
                note(batch.decode(bytes, header), header, segment)
            }
        }
        summary.endOffset = scanner.expectedOffset
        endPosition = scanner.position
        segments.append(summary)
        // The last segment's index is written when the log is closed, so a live log has none.
        let hasIndex = try store.size(of: segment.index) != nil
        if hasIndex || !isLast { indexFaults += check.faults(isComplete: !isLast) }
    }

    private mutating func note(
        _ fault: RecordBatch.DecodeFault?,
        _ header: BatchHeader,
        _ segment: EventLog.Segment
    ) {
        switch fault {
        case .none: break
        case .unsupported: unsupportedBatches += 1
        case .malformed(let words):
            damage.append(
                LogDamage(
                    file: segment.log,
                    position: header.position,
                    byteCount: header.size,
                    offset: LogOffset(header.baseOffset),
                    nextOffset: LogOffset(header.lastOffset + 1),
                    fault: .records(words)
                )
            )
        }
    }

    /// What was durable once is no torn tail.
    private mutating func compare(_ segment: EventLog.Segment, with mark: DurableMark) {
        guard let last = segments.last else { return }
        let lost = mark.damage(segment, position: endPosition, endOffset: last.endOffset, torn: tornTail)
        guard let lost else { return }
        damage.append(lost)
        tornTail = nil
    }

    private mutating func noteGap(after last: Segment, before base: LogOffset) {
        // A torn end of that segment tells the same story already.
        guard damage.last.map({ $0.file != last.file || $0.nextOffset != nil }) ?? true else { return }
        damage.append(
            LogDamage(
                file: last.file,
                position: last.bytes,
                byteCount: 0,
                offset: LogOffset(last.endOffset),
                nextOffset: base,
                fault: .missing(before: base)
            )
        )
    }
}

/// Compares a segment's index files with its batches, as they pass.
private struct IndexCheck {
    private let index: SegmentIndex?
    private let segment: EventLog.Segment
    private var offsetsSeen = 0
    private var timesSeen = 0
    private var largestTimestamp: Int64 = -1

    init(_ index: SegmentIndex?, _ segment: EventLog.Segment) {
        self.index = index
        self.segment = segment
    }

    mutating func add(_ header: BatchHeader) {
        guard let index else { return }
        largestTimestamp = max(largestTimestamp, header.largestTimestamp)
        let offset = SegmentIndex.OffsetPoint(lastOffset: header.lastOffset, position: header.position)
        if offsetsSeen < index.offsets.count, index.offsets[offsetsSeen] == offset { offsetsSeen += 1 }
        let time = SegmentIndex.TimePoint(timestamp: largestTimestamp, lastOffset: header.lastOffset)
        if timesSeen < index.times.count, index.times[timesSeen] == time { timesSeen += 1 }
    }

    func faults(isComplete: Bool) -> [String] {
        guard let index else { return ["\(segment.index): missing, or not an index"] }
        var faults: [String] = []
        if offsetsSeen < index.offsets.count {
            let entry = index.offsets[offsetsSeen]
            faults.append("\(segment.index): no batch at byte \(entry.position) ends with offset \(entry.lastOffset)")
        }
        if timesSeen < index.times.count {
            let entry = index.times[timesSeen]
            faults.append("\(segment.timeIndex): \(entry.timestamp) is not the latest time up to \(entry.lastOffset)")
        } else if isComplete, index.times.last?.timestamp ?? -1 < largestTimestamp {
            faults.append("\(segment.timeIndex): it does not end with the latest time, \(largestTimestamp)")
        }
        return faults
    }
}

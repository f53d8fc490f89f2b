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
        /// Of all records; `Int64.max` if there are none.
        public var smallestTimestampMilliseconds = Int64.max
        /// Bytes of the records before compression.
        public var uncompressedBytes = 0
    }

    public var segments: [Segment] = []
    /// Stretches that are not what was written, in order.
    public var damage: [LogDamage] = []
    /// An unfinished batch at the log's end: what a crash leaves, and opening the log cuts.
    public var tornTail: LogDamage?
    /// What index entries are not true. Indexes can be deleted: they are made anew.
    public var indexFaults: [String] = []
    /// Offsets whose records were lost to damage and that a repair has marked as lost.
    public var lost: [LostRange] = []
    /// Everything before this offset was durable when the log was last closed or began a segment; nil if it never was.
    public var durableOffset: Int64?

    public var batches: Int { segments.reduce(0) { $0 + $1.batches } }
    public var records: Int { segments.reduce(0) { $0 + $1.records } }
    public var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }

    /// Checks every batch of a partition: header, checksum, continuity, and that it can be unpacked; and every index
    /// entry by the rules of Kafka's own dump tool. Changes nothing. `durable` is an offset that somebody has built on.
    public static func verify(
        directory: String,
        store: any FileStore,
        durable: LogOffset = LogOffset(0)
    ) throws(LogError) -> LogReport {
        var report = LogReport()
        let walk = try LogWalk(directory: directory, store: store, durable: durable)
        report.durableOffset = walk.durableOffset
        let batch = RecordBatch()
        var check: IndexCheck?
        while let item = try walk.next(into: batch) {
            switch item {
            case .segmentBegan(let file, let byteCount, let base, let isLast):
                report.segments.append(Segment(file: file, bytes: byteCount, firstOffset: base, endOffset: base))
                let segment = EventLog.Segment(baseOffset: base, directory: directory)
                check = try files { () throws(FileError) in
                    // The last segment's index is written when the log is closed, so a live log has none.
                    if isLast, try store.size(of: segment.index) == nil { return nil }
                    let index = try SegmentIndex(segment, logSize: byteCount, store)
                    return IndexCheck(index, segment, isComplete: !isLast)
                }
            case .batch(let summary):
                check?.add(summary)
                report.note(summary, batch)
            case .damaged(let damage): report.damage.append(damage)
            case .torn(let damage): report.tornTail = damage
            case .segmentEnded(let end):
                report.segments[report.segments.count - 1].endOffset = end
                report.indexFaults += check?.faults() ?? []
            }
        }
        return report
    }

    private mutating func note(_ summary: BatchSummary, _ batch: RecordBatch) {
        let last = segments.count - 1
        segments[last].batches += 1
        segments[last].records += summary.recordCount
        segments[last].uncompressedBytes += batch.byteCount
        for record in batch.records {
            let time = record.timestampMilliseconds
            segments[last].smallestTimestampMilliseconds = min(segments[last].smallestTimestampMilliseconds, time)
        }
        if summary.recordCount > 0 {
            let largest = max(segments[last].largestTimestampMilliseconds, summary.largestTimestampMilliseconds)
            segments[last].largestTimestampMilliseconds = largest
        }
        if let range = batch.lostRange { lost.append(range) }
    }
}

/// Compares a segment's index files with its batches, as they pass.
private struct IndexCheck {
    private let index: SegmentIndex?
    private let segment: EventLog.Segment
    private let isComplete: Bool
    private var offsetsSeen = 0
    private var timesSeen = 0
    private var largestTimestamp: Int64 = -1

    init(_ index: SegmentIndex?, _ segment: EventLog.Segment, isComplete: Bool) {
        self.index = index
        self.segment = segment
        self.isComplete = isComplete
    }

    mutating func add(_ header: BatchSummary) {
        guard let index else { return }
        largestTimestamp = max(largestTimestamp, header.largestTimestampMilliseconds)
        let offset = SegmentIndex.OffsetPoint(lastOffset: header.lastOffset, position: header.position)
        if offsetsSeen < index.offsets.count, index.offsets[offsetsSeen] == offset { offsetsSeen += 1 }
        let time = SegmentIndex.TimePoint(timestamp: largestTimestamp, lastOffset: header.lastOffset)
        if timesSeen < index.times.count, index.times[timesSeen] == time { timesSeen += 1 }
    }

    func faults() -> [String] {
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

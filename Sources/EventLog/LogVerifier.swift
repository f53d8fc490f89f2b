import Base
import FileStore

/// What a walk over all of a partition's segments found.
public struct LogReport: Sendable {
    public struct Segment: Sendable {
        public var file: String
        public var bytes = 0
        public var batches = 0
        public var records = 0
        public var firstOffset: Int64
        /// Behind the last record.
        public var endOffset: Int64
        public var largestTimestampMilliseconds = Int64.min
    }

    public var segments: [Segment] = []
    public var damage: [LogDamage] = []

    /// Checks every batch of a partition: header, checksum, continuity, and that it can be unpacked.
    public static func verify(directory: String, store: any FileStore) throws(LogError) -> LogReport {
        var report = LogReport()
        do throws(FileError) {
            var expected: Int64?
            for base in try PartitionLog.bases(directory, store) {
                if let end = expected, end != base {
                    let words = "it starts at offset \(base), the one before ends at \(end)"
                    let file = EventLog.Segment(baseOffset: base, directory: directory).log
                    report.damage.append(LogDamage(file: file, position: 0, words: words))
                }
                expected = try report.walk(base, directory, store)
            }
        } catch {
            throw .file(error)
        }
        return report
    }

    private mutating func walk(_ base: Int64, _ directory: String, _ store: any FileStore) throws(FileError) -> Int64 {
        let file = EventLog.Segment(baseOffset: base, directory: directory).log
        var segment = Segment(file: file, firstOffset: base, endOffset: base)
        let scanner = SegmentScanner(file, store: store)
        let batch = RecordBatch()
        var expected: Int64? = base
        walk: while true {
            switch try scanner.next(expectedOffset: expected) {
            case .end: break walk
            case .damaged(let position, let words):
                damage.append(LogDamage(file: file, position: position, words: words))
                guard let whole = try scanner.findNext(after: position) else { break walk }
                scanner.seek(to: whole)
                expected = nil
            case .batch(let header, let bytes):
                if let fault = batch.decode(bytes) {
                    damage.append(LogDamage(file: file, position: header.position, words: fault))
                }
                segment.batches += 1
                segment.records += header.recordCount
                segment.endOffset = header.lastOffset + 1
                segment.largestTimestampMilliseconds = max(
                    segment.largestTimestampMilliseconds,
                    header.largestTimestamp
                )
                expected = segment.endOffset
            }
        }
        segment.bytes = try store.size(of: file) ?? 0
        segments.append(segment)
        return segment.endOffset
    }
}

public import Base
import Engine
public import EventLog
import Ingest
public import Plan

/// Appends the events of recordings to a partition's log, each recording's once: what was taken of it is in the log.
public final class Journal {
    public let log: PartitionLog
    /// What this partition has taken of every recording, by its number.
    public internal(set) var recordings: [Int: RecordingMarks] = [:]
    private var keyField: Int?
    private var reading: UInt32
    private let builder = RecordBatchBuilder()
    private var tally = Tally()

    /// What a run has left out of a recording.
    private struct Tally {
        var input = 0
        var range = TimeRange.all
        /// Up to this line.
        var line = 0
        var count = 0
    }

    /// A journal over a partition's log, of recordings as the pipeline reads them.
    public init(plan: PipelinePlan, log: PartitionLog) {
        self.log = log
        reading = plan.readingChecksums[0]
        keyField = plan.entities[plan.partitionEntity].fieldOfKey
    }

    /// From now on events are of another plan.
    func follow(_ plan: PipelinePlan) {
        reading = plan.readingChecksums[0]
        keyField = plan.entities[plan.partitionEntity].fieldOfKey
    }

    /// Reads the marks of all recordings in the log.
    ///
    /// - Throws: ``EventLog/LogError``
    /// - Complexity: O(bytes of the log)
    public func findMarks() throws(LogError) {
        let reader = log.reader(from: log.startOffset)
        let records = RecordBatch()
        while try reader.next(into: records) { note(records) }
    }

    /// Takes note of the mark of a batch that is in the log.
    func note(_ records: RecordBatch) {
        guard let first = records.records.first, let found = SourceMark.read(records.headers(of: first)) else { return }
        recordings[found.mark.input, default: RecordingMarks()].note(found.mark)
    }

    /// A run begins to read a recording, or goes on with it.
    public func begin(_ input: Int, range: TimeRange) {
        let done = (recordings[input] ?? RecordingMarks()).done(in: range)
        tally = Tally(input: input, range: range, line: done.position.line, count: done.leftOut)
    }

    /// How many of the partition's events, of those that the run has read since ``begin(_:range:)`` and before, no run
    /// has taken because they are not in its range.
    public var leftOutCount: Int { tally.count }

    /// Appends the events that are in the run's range and not in the log yet.
    ///
    /// - Parameters:
    ///   - batch: decoded events, of all partitions.
    ///   - rows: positions in the batch of this partition's events, ascending.
    ///   - line: the recording's line of each row of the batch.
    ///   - mark: the recording, and how far it has been read behind the batch.
    /// - Returns: which rows were appended, their lines, and the first one's offset; nil if there were none.
    /// - Throws: ``EventLog/LogError``
    @discardableResult
    public func append(
        _ batch: ColumnBatch,
        rows: [Int32],
        line: (Int32) -> Int,
        mark: SourceMark
    ) throws(LogError) -> (base: LogOffset, rows: [Int32], lines: [Int])? {
        let rows = owed(batch, rows, line, mark)
        guard !rows.isEmpty else { return nil }
        let lines = rows.map(line)
        var mark = mark
        if mark.range != .all {
            mark.leftOut = tally.count
            mark.reading = reading
        }
        let base = try append(batch, rows, mark.headers(lines: lines))
        precondition(base.advanced(by: rows.count) == log.endOffset, "What was appended is the log's end.")
        recordings[mark.input, default: RecordingMarks()].note(mark)
        return (base, rows, lines)
    }

    /// The rows that the mark's run is to take; counts those that it leaves out.
    private func owed(_ batch: ColumnBatch, _ rows: [Int32], _ line: (Int32) -> Int, _ mark: SourceMark) -> [Int32] {
        if tally.input != mark.input || tally.range != mark.range { begin(mark.input, range: mark.range) }
        defer { tally.line = max(tally.line, mark.position.line) }
        guard let first = rows.first else { return rows }
        // What no run has read yet, which is nearly everything, need not be looked for.
        let known = recordings[mark.input].flatMap { $0.furthestLine >= line(first) ? $0 : nil }
        if known == nil, mark.range == .all { return rows }
        return rows.filter { row in
            let line = line(row)
            if let known, known.hasTaken(batch, Int(row), line: line) { return false }
            if mark.range.takes(batch, Int(row)) { return true }
            if line > tally.line { tally.count += 1 }
            return false
        }
    }

    /// Appends events that belong to no recording.
    ///
    /// - Parameters:
    ///   - batch: decoded events, of all partitions.
    ///   - rows: positions in the batch of this partition's events, ascending; at least one.
    ///   - producer: who sends them, if the same events may come twice: what is in the log already is not appended
    ///     again.
    ///   - limit: by which the event clock has judged them; nil if it was not asked.
    /// - Returns: the first one's offset, and whether the events are new.
    /// - Throws: ``EventLog/LogError``
    public func append(
        _ batch: ColumnBatch,
        rows: [Int32],
        from producer: ProducerSequence?,
        judgedBy limit: Int64? = nil
    ) throws(LogError) -> (base: LogOffset, isNew: Bool) {
        let end = log.endOffset
        let headers = limit.map { [RecordHeader(ClockMark.headerName, Array("\($0)".utf8))] } ?? []
        let base = try append(batch, rows, headers, producer)
        precondition(base <= end, "A batch is in the log already, or at what was its end.")
        return (base, base == end)
    }

    private func append(
        _ batch: ColumnBatch,
        _ rows: [Int32],
        _ headers: [RecordHeader],
        _ producer: ProducerSequence? = nil
    ) throws(LogError) -> LogOffset {
        builder.removeAll()
        builder.producer = producer
        var newest: Int64 = 0
        for (index, row) in rows.enumerated() {
            let row = Int(row)
            let event = batch.events[row]
            var headers = index == 0 ? headers : []
            var key: UnsafeRawBufferPointer?
            if batch.status[row] == 0 {
                newest = EventTime(microseconds: batch.times[row]).milliseconds
                if let field = keyField, let spans = batch.columns[field].spans,
                    let texts = batch.columns[field].texts, !texts[row].isAbsent
                {
                    let span = spans[row]
                    key = UnsafeRawBufferPointer(batch.payload[Int(span.start)..<Int(span.start + span.count)])
                }
            } else if let header = SourceMark.header(of: batch.rejections[Int(batch.status[row]) - 1]) {
                headers.append(header)
            }
            builder.add(
                timestampMilliseconds: newest,
                key: key,
                value: UnsafeRawBufferPointer(batch.payload[Int(event.start)..<Int(event.start + event.count)]),
                headers: headers
            )
        }
        return try log.append(builder)
    }
}

extension Entity {
    /// The one text field that is the key, if it is one: its bytes become the record's key.
    fileprivate var fieldOfKey: Int? {
        guard key.count == 1, case .field(let field, _) = key[0] else { return nil }
        return field
    }
}

extension SourceMark {
    /// What the log notes beside an event that was refused; nil where its bytes say so themselves.
    fileprivate static func header(of rejection: ColumnBatch.Rejection) -> RecordHeader? {
        switch rejection.kind {
        case .content: nil
        case .size: RecordHeader(rejectName, Array(rejection.reason.utf8))
        case .ahead(let other):
            RecordHeader(aheadName, Array("\(other.time)\(other.isWallClock ? " clock" : "")".utf8))
        }
    }
}

public import Base
public import EventLog
public import Plan

/// Appends the events of recordings to a partition's log, each recording's once: how far it has been read is in the log.
public final class Journal {
    public let log: PartitionLog
    /// The newest mark of every recording in this partition, by its number.
    public internal(set) var marks: [Int: SourceMark] = [:]
    private let keyField: Int?
    private let builder = RecordBatchBuilder()

    public init(plan: PipelinePlan, log: PartitionLog) {
        self.log = log
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
        marks[found.mark.input] = found.mark
    }

    /// Appends the events that are not in the log yet.
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
        let known = marks[mark.input]?.position.line ?? 0
        var rows = rows
        if known > 0 { rows.removeAll { line($0) <= known } }
        guard !rows.isEmpty else { return nil }
        let lines = rows.map(line)
        let base = try append(batch, rows, mark.headers(lines: lines))
        marks[mark.input] = mark
        return (base, rows, lines)
    }

    /// Appends events that belong to no recording.
    ///
    /// - Parameters:
    ///   - batch: decoded events, of all partitions.
    ///   - rows: positions in the batch of this partition's events, ascending; at least one.
    ///   - producer: who sends them, if the same events may come twice: what is in the log already is not appended again.
    /// - Returns: the first one's offset, and whether the events are new.
    /// - Throws: ``EventLog/LogError``
    public func append(
        _ batch: ColumnBatch,
        rows: [Int32],
        from producer: ProducerSequence?
    ) throws(LogError) -> (base: LogOffset, isNew: Bool) {
        let end = log.endOffset
        let base = try append(batch, rows, [], producer)
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
            } else if event.isCut(in: batch, row) {
                let reason = batch.rejections[Int(batch.status[row]) - 1].reason
                headers.append(RecordHeader(SourceMark.rejectName, Array(reason.utf8)))
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

extension ColumnBatch.ByteSpan {
    /// True if the payload is only the beginning of a line that was too long to keep.
    fileprivate func isCut(in batch: ColumnBatch, _ row: Int) -> Bool {
        let reason = batch.rejections[Int(batch.status[row]) - 1]
        return reason.field == nil && reason.reason.hasPrefix("a line of ")
    }
}

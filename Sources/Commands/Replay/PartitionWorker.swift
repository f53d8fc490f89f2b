import AlertStore
import Base
import Engine
import EventLog
import FileStore
import Plan

/// One partition of a data directory: its log, its engine, and what has not been committed yet.
///
/// Each event goes to the log first, then through the engine; alerts, evidence and offset follow in one transaction, after
/// the log has been synced (C1, C3). Used by one thread at a time.
final class PartitionWorker: @unchecked Sendable {
    // Handed from the opening thread to the partition's own thread and back; never used by two at once.
    let partition: Int
    private let plan: PipelinePlan
    private let log: PartitionLog
    private let database: AlertDatabase
    private let engine: PartitionEngine
    private let decoder: EventDecoder
    private let commits: CommitBuilder
    private let builder = RecordBatchBuilder()
    private let batch: ColumnBatch
    private var output: EngineOutput
    private var rejectLines: [Int?] = []
    private var uncommittedChunks = 0
    private var lastCommit = ContinuousClock.now
    /// How long to collect before the next transaction: a second, and at least ten times what the last one took, so that
    /// writing never takes more than a tenth of the time.
    private var pause = Duration.seconds(1)
    /// The newest mark of every recording in this partition, by its number.
    private(set) var marks: [Int: SourceMark] = [:]
    private(set) var rejectedCount = 0

    static let capacity = 2048

    init(
        plan: PipelinePlan,
        partition: Int,
        models: [Int: ModelBinding],
        topic: String,
        store: any FileStore,
        database: AlertDatabase
    ) throws(CommandError) {
        self.plan = plan
        self.partition = partition
        self.database = database
        commits = CommitBuilder(plan: plan, topic: topic, modelIDs: models.mapValues(\.id))
        decoder = EventDecoder(plan: plan)
        batch = ColumnBatch(schema: plan.schema, capacity: Self.capacity)
        output = EngineOutput(partition: partition)
        do throws(LogError) {
            log = try PartitionLog(directory: "log/\(topic)-\(partition)", store: store)
        } catch {
            throw CommandError(error)
        }
        do throws(EngineError) {
            engine = try PartitionEngine(
                plan: plan,
                models: models,
                partition: partition,
                capacity: Self.capacity
            )
        } catch {
            throw .plan(error.description)
        }
    }

    var endOffset: Int64 { log.endOffset.rawValue }
    var recovery: RecoveryReport { log.recovery }

    /// Brings the engine to the log's end: silently up to the committed offset, emitting behind it.
    func catchUp(committed: Int64, progress: (Int) -> Void) throws(CommandError) {
        let reader = log.reader(from: LogOffset(0))
        let records = RecordBatch()
        var done = 0
        do throws(LogError) {
            while try reader.next(into: records) { done += try replay(records, committed: committed, done, progress) }
        } catch {
            throw CommandError(error)
        }
        if output.nextOffset > committed { try commit() }
    }

    private func replay(
        _ records: RecordBatch,
        committed: Int64,
        _ done: Int,
        _ progress: (Int) -> Void
    ) throws(LogError) -> Int {
        var lines: [Int] = []
        if let first = records.records.first, let found = SourceMark.read(records.headers(of: first)) {
            marks[found.mark.input] = found.mark
            lines = found.lines
        }
        var start = 0
        while start < records.records.count {
            let base = records.baseOffset + Int64(start)
            var end = min(start + Self.capacity, records.records.count)
            // A piece lies wholly before or behind the committed offset.
            if base < committed { end = min(end, start + Int(committed - base)) }
            batch.removeAll()
            for record in records.records[start..<end] {
                let reason =
                    record.hasHeaders
                    ? records.headers(of: record).first { $0.name == SourceMark.rejectName } : nil
                records.bytes.withUnsafeBufferPointer { bytes in
                    let value = UnsafeBufferPointer(rebasing: bytes[record.value])
                    if let reason {
                        let words = String(decoding: reason.value, as: UTF8.self)
                        decoder.reject(value, because: .init(reason: words), into: batch)
                    } else {
                        decoder.decode(value, into: batch)
                    }
                }
            }
            let rows = (0..<Int32(end - start)).map { $0 }
            process(
                batch,
                rows: rows,
                lines: lines.isEmpty ? [] : Array(lines[start..<end]),
                baseOffset: LogOffset(base),
                emits: base >= committed
            )
            start = end
        }
        progress(done + records.records.count)
        return records.records.count
    }

    private func process(_ batch: ColumnBatch, rows: [Int32], lines: [Int], baseOffset: LogOffset, emits: Bool) {
        let before = output.rejected.count
        rows.withUnsafeBufferPointer { rows in
            engine.process(batch, rows: rows, baseOffset: baseOffset, emits: emits, into: &output)
        }
        for reject in output.rejected[before...] {
            let index = Int(reject.offset - baseOffset.rawValue)
            rejectLines.append(lines.indices.contains(index) ? lines[index] : nil)
        }
        rejectedCount += output.rejected.count - before
    }

    /// Takes this partition's share of a chunk of the recording with that number.
    func take(_ chunk: Chunk, input: Int, path: String) throws(CommandError) {
        let known = marks[input]?.position.line ?? 0
        var rows = chunk.partitions[partition]
        // What an earlier, interrupted run of the same recording has put into this partition's log already.
        if known > 0 { rows.removeAll { chunk.lines[Int($0)] <= known } }
        guard !rows.isEmpty else { return }
        let lines = rows.map { chunk.lines[Int($0)] }
        let mark = SourceMark(input: input, position: chunk.end, path: path)
        let base = try append(chunk.batch, rows, mark.headers(lines: lines))
        marks[input] = mark
        process(chunk.batch, rows: rows, lines: lines, baseOffset: base, emits: true)
        uncommittedChunks += 1
        if uncommittedChunks >= 512 || lastCommit.duration(to: .now) > pause { try commit() }
    }

    private func append(
        _ batch: ColumnBatch,
        _ rows: [Int32],
        _ headers: [RecordHeader]
    ) throws(CommandError) -> LogOffset {
        builder.removeAll()
        let keyField = plan.entities[plan.partitionEntity].fieldOfKey
        batch.payload.withUnsafeBytes { payload in
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
                        key = UnsafeRawBufferPointer(rebasing: payload[Int(span.start)..<Int(span.start + span.count)])
                    }
                } else if event.isCut(in: batch, row) {
                    let reason = batch.rejections[Int(batch.status[row]) - 1].reason
                    headers.append(RecordHeader(SourceMark.rejectName, Array(reason.utf8)))
                }
                builder.add(
                    timestampMilliseconds: newest,
                    key: key,
                    value: UnsafeRawBufferPointer(rebasing: payload[Int(event.start)..<Int(event.start + event.count)]),
                    headers: headers
                )
            }
        }
        do throws(LogError) { return try log.append(builder) } catch { throw CommandError(error) }
    }

    /// Makes the log durable up to here, then writes everything that it led to, in one transaction.
    func commit() throws(CommandError) {
        uncommittedChunks = 0
        let start = ContinuousClock.now
        defer {
            lastCommit = .now
            pause = max(.seconds(1), start.duration(to: lastCommit) * 10)
        }
        guard output.ledger.events > 0 || !output.alerts.isEmpty else { return }
        do throws(LogError) { try log.sync() } catch { throw CommandError(error) }
        var commit = commits.build(output, rejectLines: rejectLines)
        for index in commit.events.indices where commit.events[index].payload.isEmpty {
            try fill(&commit.events[index])
        }
        do throws(AlertStoreError) { try database.commit(commit) } catch { throw CommandError(error) }
        output.removeAll()
        rejectLines.removeAll(keepingCapacity: true)
    }

    /// Reads an event that the engine no longer holds from the log again.
    private func fill(_ event: inout AlertEventRecord) throws(CommandError) {
        let records = RecordBatch()
        do throws(LogError) {
            guard try log.reader(from: LogOffset(event.offset)).next(into: records) else { return }
        } catch {
            throw CommandError(error)
        }
        let index = Int(event.offset - records.baseOffset)
        guard records.records.indices.contains(index) else { return }
        let value = records.bytes[records.records[index].value]
        event.payload = String(decoding: value, as: UTF8.self)
        batch.removeAll()
        Array(value).withUnsafeBufferPointer { decoder.decode($0, into: batch) }
        if let field = plan.schema.index(ofRole: .id) { event.eventID = batch.string(field: field, row: 0) }
        if let field = plan.schema.index(ofRole: .amount), let amount = batch.columns[field].numbers?[0], !amount.isNaN
        {
            event.amount = amount
        }
    }

    func close() throws(CommandError) {
        try commit()
        do throws(LogError) { try log.close() } catch { throw CommandError(error) }
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

extension CommandError {
    init(_ error: LogError) {
        switch error {
        case .damaged: self = .damaged(error.description)
        default: self = .storage(error.description)
        }
    }

    init(_ error: AlertStoreError) {
        switch error {
        case .damaged: self = .damaged(error.description)
        default: self = .storage(error.description)
        }
    }
}

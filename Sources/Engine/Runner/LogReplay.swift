import Base
import EventLog
import Plan

/// Turns record batches of the log back into the batches of events that the engine takes.
final class LogReplay {
    private let decoder: EventDecoder
    let batch: ColumnBatch

    /// A stretch of events of one record batch.
    struct Piece {
        var baseOffset: Int64
        var count: Int
        /// The recording's line of each event; empty where it is not known.
        var lines: [Int]
    }

    init(plan: PipelinePlan) {
        decoder = EventDecoder(plan: plan)
        batch = ColumnBatch(schema: plan.schema, capacity: PartitionRunner.capacity)
    }

    /// Decodes the records from `start` on in pieces, none of which crosses one of the `borders` (offsets); each piece is in
    /// ``batch`` during the call of `body`. Returns the number of events.
    func pieces(
        of records: RecordBatch,
        from start: Int64,
        borders: [Int64],
        _ body: (Piece) throws(RunnerError) -> Void
    ) throws(RunnerError) -> Int {
        var lines: [Int] = []
        if let first = records.records.first { lines = SourceMark.read(records.headers(of: first))?.lines ?? [] }
        var index = max(0, Int(start - records.baseOffset))
        let first = index
        while index < records.records.count {
            let base = records.baseOffset + Int64(index)
            var end = min(index + PartitionRunner.capacity, records.records.count)
            for border in borders where border > base { end = Int(min(Int64(end), Int64(index) + (border - base))) }
            decode(records, index..<end)
            let known = lines.count < end ? [] : Array(lines[index..<end])
            try body(Piece(baseOffset: base, count: end - index, lines: known))
            index = end
        }
        return max(0, records.records.count - first)
    }

    private func decode(_ records: RecordBatch, _ range: Range<Int>) {
        batch.removeAll()
        for record in records.records[range] {
            let reason =
                record.hasHeaders ? records.headers(of: record).first { $0.name == SourceMark.rejectName } : nil
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
    }
}

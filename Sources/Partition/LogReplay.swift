import Base
import Decode
import Engine
import EventLog
import Plan

/// Turns record batches of the log back into the batches of events that the engine takes.
final class LogReplay {
    private let plan: PipelinePlan
    private let decoder: EventDecoder
    let batch: ColumnBatch

    /// A stretch of events of one record batch.
    struct Piece {
        var baseOffset: Int64
        var count: Int
        /// The recording's line of each event; empty where it is not known.
        var lines: [Int]
        /// Whether the event clock has seen the events, for a limit that is no larger than the plan's.
        var isJudged: Bool
    }

    init(plan: PipelinePlan) {
        self.plan = plan
        decoder = EventDecoder(plan: plan)
        batch = ColumnBatch(schema: plan.schema, capacity: PartitionRunner.capacity)
    }

    /// Decodes the records from `start` on and before `end` in pieces, none of which crosses one of the `borders`
    /// (offsets); each piece is in ``batch`` during the call of `body`. Returns the number of events.
    func pieces(
        of records: RecordBatch,
        from start: Int64,
        to last: Int64 = .max,
        borders: [Int64],
        _ body: (Piece) throws(RunnerError) -> Void
    ) throws(RunnerError) -> Int {
        let headers = records.records.first.map { records.headers(of: $0) } ?? []
        let source = SourceMark.read(headers)
        let lines = source?.lines ?? []
        let judgedBy = judgedBy(source?.mark.clock?.limit, headers)
        let isJudged = isJudged(judgedBy)
        var index = max(0, Int(start - records.baseOffset))
        let first = index
        let count = Int(min(Int64(records.records.count), max(0, last - records.baseOffset)))
        while index < count {
            let base = records.baseOffset + Int64(index)
            var end = min(index + PartitionRunner.capacity, count)
            for border in borders where border > base { end = Int(min(Int64(end), Int64(index) + (border - base))) }
            precondition(end > index, "A piece has an event.")
            decode(records, index..<end, judgedBy: judgedBy)
            precondition(batch.count == end - index, "Every record is an event, be it a broken one.")
            let known = lines.count < end ? [] : Array(lines[index..<end])
            try body(Piece(baseOffset: base, count: end - index, lines: known, isJudged: isJudged))
            index = end
        }
        return max(0, count - first)
    }

    /// The limit that a batch was judged by: a recording's mark says it, or a server's header.
    private func judgedBy(_ limit: Int64?, _ headers: [RecordHeader]) -> Int64? {
        let header = headers.first { $0.name == ClockMark.headerName }
        return limit ?? header.flatMap { Int64(String(decoding: $0.value, as: UTF8.self)) }
    }

    /// Whether that is no larger than the plan's.
    private func isJudged(_ limit: Int64?) -> Bool {
        guard let most = plan.maximumAhead else { return true }
        return limit.map { (0...most).contains($0) } ?? false
    }

    /// Refuses the newest row if it was too far ahead when it came, and is for this plan, too: what was ahead by no
    /// more than the limit of then was a leap that sources contradicted.
    private func refuse(_ header: RecordHeader, judgedBy: Int64?) {
        let words = String(decoding: header.value, as: UTF8.self).split(separator: " ")
        let row = batch.count - 1
        guard let limit = plan.maximumAhead, let time = words.first.flatMap({ Int64($0) }), batch.status[row] == 0
        else { return }
        let distance = batch.times[row].distance(above: time)
        let isLeap = distance <= judgedBy ?? 0 && distance > EventClock.tolerance(of: plan)
        // By the same limit it is what it was: time may have gone on between its coming and the decision, even past it.
        guard judgedBy == limit || distance > limit || isLeap else { return }
        batch.refuse(row, aheadOf: .init(time, isWallClock: words.count > 1))
    }

    private func decode(_ records: RecordBatch, _ range: Range<Int>, judgedBy: Int64?) {
        batch.removeAll()
        for record in records.records[range] {
            let headers = record.hasHeaders ? records.headers(of: record) : []
            let reason = headers.first { $0.name == SourceMark.rejectName }
            records.bytes.withUnsafeBufferPointer { bytes in
                let value = UnsafeBufferPointer(rebasing: bytes[record.value])
                if let reason {
                    let words = String(decoding: reason.value, as: UTF8.self)
                    decoder.reject(value, because: .init(reason: words, kind: .size), into: batch)
                } else {
                    decoder.decode(value, into: batch)
                    if let ahead = headers.first(where: { $0.name == SourceMark.aheadName }) {
                        refuse(ahead, judgedBy: judgedBy)
                    }
                }
            }
        }
    }
}

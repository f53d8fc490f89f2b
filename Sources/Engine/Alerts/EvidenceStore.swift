import Base
import Plan

/// The original bytes of recent accepted events, by offset, for the evidence of alerts.
///
/// Holds the newest batches up to a limit of bytes (C9); what is older is read again from the log by the caller.
final class EvidenceStore {
    struct Event {
        var offset: Int64
        var time: Int64
        var eventID: String
        var amount: Double?
        var payload: [UInt8]
    }

    private struct Retained {
        var offsets: [Int64]
        var times: [Int64]
        var amounts: [Double]
        var ids: [ColumnBatch.ByteSpan]
        var events: [ColumnBatch.ByteSpan]
        var payload: [UInt8]
    }

    private let limitBytes: Int
    private let idField: Int?
    private let amountField: Int?
    private var batches: [Retained] = []
    private var bytes = 0

    init(plan: PipelinePlan, limitBytes: Int) {
        self.limitBytes = limitBytes
        idField = plan.schema.index(ofRole: .id)
        amountField = plan.schema.index(ofRole: .amount)
    }

    func retain(_ batch: ColumnBatch, rows: UnsafePointer<Int32>, offsets: UnsafePointer<Int64>, count: Int) {
        guard count > 0 else { return }
        var kept = Retained(offsets: [], times: [], amounts: [], ids: [], events: [], payload: [])
        kept.offsets.append(contentsOf: UnsafeBufferPointer(start: offsets, count: count))
        kept.times.reserveCapacity(count)
        kept.events.reserveCapacity(count)
        kept.ids.reserveCapacity(count)
        kept.amounts.reserveCapacity(count)
        var size = 0
        for index in 0..<count { size += Int(batch.events[Int(rows[index])].count) }
        kept.payload.reserveCapacity(size)
        let idSpans = idField.flatMap { batch.columns[$0].spans }
        let amounts = amountField.flatMap { batch.columns[$0].numbers }
        for index in 0..<count {
            let row = Int(rows[index])
            let event = batch.events[row]
            let shift = Int32(kept.payload.count) - event.start
            kept.payload.append(contentsOf: batch.payload[Int(event.start)..<Int(event.start + event.count)])
            kept.events.append(.init(start: event.start + shift, count: event.count))
            kept.times.append(batch.times[row])
            kept.amounts.append(amounts?[row] ?? .nan)
            let id = batch.ids[row].isAbsent ? nil : idSpans?[row]
            kept.ids.append(id.map { .init(start: $0.start + shift, count: $0.count) } ?? .init(start: 0, count: 0))
        }
        bytes += kept.payload.count
        batches.append(kept)
        while bytes > limitBytes, batches.count > 1 { bytes -= batches.removeFirst().payload.count }
    }

    /// The event of an offset, or nil if it is no longer held.
    func event(at offset: Int64) -> Event? {
        for batch in batches.reversed() {
            guard let first = batch.offsets.first, first <= offset else { continue }
            var low = 0
            var high = batch.offsets.count
            while low < high {
                let middle = (low + high) / 2
                if batch.offsets[middle] < offset { low = middle + 1 } else { high = middle }
            }
            guard low < batch.offsets.count, batch.offsets[low] == offset else { return nil }
            let event = batch.events[low]
            let id = batch.ids[low]
            return Event(
                offset: offset,
                time: batch.times[low],
                eventID: String(decoding: batch.payload[Int(id.start)..<Int(id.start + id.count)], as: UTF8.self),
                amount: batch.amounts[low].isNaN ? nil : batch.amounts[low],
                payload: Array(batch.payload[Int(event.start)..<Int(event.start + event.count)])
            )
        }
        return nil
    }
}

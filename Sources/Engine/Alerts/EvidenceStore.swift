import Base
import Plan

/// The original bytes of recent accepted events, by offset, for the evidence of alerts.
///
/// Holds the newest up to a limit of bytes (C9); what is older is read again from the log by the caller.
final class EvidenceStore {
    struct Event {
        var offset: Int64
        var time: Int64
        var eventID: String
        var amount: Double?
        var payload: [UInt8]
    }

    private struct Piece {
        var offsets: [Int64] = []
        var times: [Int64] = []
        var amounts: [Double] = []
        var ids: [ColumnBatch.ByteSpan] = []
        var events: [ColumnBatch.ByteSpan] = []
        var payload: [UInt8] = []

        /// `id` is where the event's id lies in its bytes.
        mutating func add(
            _ bytes: some Collection<UInt8>,
            offset: Int64,
            time: Int64,
            amount: Double,
            id: ColumnBatch.ByteSpan?
        ) {
            let start = Int32(payload.count)
            payload.append(contentsOf: bytes)
            offsets.append(offset)
            times.append(time)
            amounts.append(amount)
            ids.append(.init(start: start + (id?.start ?? 0), count: id?.count ?? 0))
            events.append(.init(start: start, count: Int32(bytes.count)))
        }

        func event(_ index: Int, isText: Bool) -> Event {
            let (event, id) = (events[index], ids[index])
            let name = payload.withUnsafeBufferPointer { bytes in
                let name = UnsafeBufferPointer(rebasing: bytes[Int(id.start)..<Int(id.start + id.count)])
                return isText ? unescaped(name) : String(decoding: name, as: UTF8.self)
            }
            return Event(
                offset: offsets[index],
                time: times[index],
                // The same as when it is read again from the log.
                eventID: name,
                amount: amounts[index].isNaN ? nil : amounts[index],
                payload: Array(payload[Int(event.start)..<Int(event.start + event.count)])
            )
        }
    }

    private let limitBytes: Int
    private let idField: Int?
    private let isTextID: Bool
    private let amountField: Int?
    private var pieces: [Piece] = []
    private var bytes = 0

    init(plan: PipelinePlan, limitBytes: Int) {
        self.limitBytes = limitBytes
        idField = plan.schema.index(ofRole: .id)
        isTextID = idField.map { plan.schema.fields[$0].type == .text } ?? false
        amountField = plan.schema.index(ofRole: .amount)
    }

    func retain(_ batch: ColumnBatch, rows: UnsafePointer<Int32>, offsets: UnsafePointer<Int64>, count: Int) {
        guard count > 0 else { return }
        // Live batches are small: several share a piece, so that there are few to search.
        if pieces.isEmpty || pieces[pieces.count - 1].offsets.count + count > Self.pieceEvents {
            pieces.append(Piece())
        }
        let idSpans = idField.flatMap { batch.columns[$0].spans }
        let amounts = amountField.flatMap { batch.columns[$0].numbers }
        for index in 0..<count {
            let row = Int(rows[index])
            let id = batch.ids[row].isAbsent ? nil : idSpans?[row]
            let event = batch.events[row]
            bytes += Int(event.count)
            pieces[pieces.count - 1].add(
                batch.payload[Int(event.start)..<Int(event.start + event.count)],
                offset: offsets[index],
                time: batch.times[row],
                amount: amounts?[row] ?? .nan,
                id: id.map { .init(start: $0.start - event.start, count: $0.count) }
            )
        }
        while bytes > limitBytes, pieces.count > 1 { bytes -= pieces.removeFirst().payload.count }
    }

    private static let pieceEvents = 2048

    /// The event of an offset, or nil if it is no longer held.
    func event(at offset: Int64) -> Event? {
        let holder = firstIndex(below: pieces.count) { pieces[$0].offsets.first.map { $0 > offset } ?? true } - 1
        guard holder >= 0 else { return nil }
        let index = firstIndex(below: pieces[holder].offsets.count) { pieces[holder].offsets[$0] >= offset }
        return index < pieces[holder].offsets.count && pieces[holder].offsets[index] == offset
            ? pieces[holder].event(index, isText: isTextID) : nil
    }

    /// The first index from which on something holds; `count` if it does nowhere.
    private func firstIndex(below count: Int, where holds: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

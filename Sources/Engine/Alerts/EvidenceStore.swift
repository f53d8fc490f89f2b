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
    }

    private let limitBytes: Int
    private let idField: Int?
    private let amountField: Int?
    private var pieces: [Piece] = []
    private var bytes = 0

    init(plan: PipelinePlan, limitBytes: Int) {
        self.limitBytes = limitBytes
        idField = plan.schema.index(ofRole: .id)
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
        for piece in pieces.reversed() {
            guard let first = piece.offsets.first, first <= offset else { continue }
            var low = 0
            var high = piece.offsets.count
            while low < high {
                let middle = (low + high) / 2
                if piece.offsets[middle] < offset { low = middle + 1 } else { high = middle }
            }
            guard low < piece.offsets.count, piece.offsets[low] == offset else { return nil }
            let event = piece.events[low]
            let id = piece.ids[low]
            return Event(
                offset: offset,
                time: piece.times[low],
                eventID: String(decoding: piece.payload[Int(id.start)..<Int(id.start + id.count)], as: UTF8.self),
                amount: piece.amounts[low].isNaN ? nil : piece.amounts[low],
                payload: Array(piece.payload[Int(event.start)..<Int(event.start + event.count)])
            )
        }
        return nil
    }
}

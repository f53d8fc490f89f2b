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

    /// Events behind one another, in memory that is taken at once: what grew would be half empty.
    private struct Piece {
        struct Entry {
            var offset: Int64
            var time: Int64
            var amount: Double
            var id: ColumnBatch.ByteSpan
            var event: ColumnBatch.ByteSpan
        }

        private(set) var entries: [Entry] = []
        private(set) var payload: [UInt8] = []
        private let room: Int

        init(events: Int, bytes: Int) {
            room = bytes
            entries.reserveCapacity(events)
            payload.reserveCapacity(bytes)
        }

        var lastOffset: Int64? { entries.last?.offset }

        var byteCount: Int { payload.capacity + entries.capacity * MemoryLayout<Entry>.stride }

        func hasRoom(events: Int, bytes: Int) -> Bool {
            entries.count + events <= entries.capacity && payload.count + bytes <= room
        }

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
            entries.append(
                Entry(
                    offset: offset,
                    time: time,
                    amount: amount,
                    id: .init(start: start + (id?.start ?? 0), count: id?.count ?? 0),
                    event: .init(start: start, count: Int32(bytes.count))
                )
            )
        }

        func event(_ index: Int, isText: Bool) -> Event {
            let entry = entries[index]
            let name = payload.withUnsafeBufferPointer { bytes in
                let name = UnsafeBufferPointer(
                    rebasing: bytes[Int(entry.id.start)..<Int(entry.id.start + entry.id.count)]
                )
                return isText ? unescaped(name) : String(decoding: name, as: UTF8.self)
            }
            return Event(
                offset: entry.offset,
                time: entry.time,
                // The same as when it is read again from the log.
                eventID: name,
                amount: entry.amount.isNaN ? nil : entry.amount,
                payload: Array(payload[Int(entry.event.start)..<Int(entry.event.start + entry.event.count)])
            )
        }
    }

    private let limitBytes: Int
    private let idField: Int?
    private let isTextID: Bool
    private let amountField: Int?
    private var pieces: [Piece] = []
    /// Bytes of memory that the events take.
    private(set) var byteCount = 0

    init(plan: PipelinePlan, limitBytes: Int) {
        self.limitBytes = limitBytes
        idField = plan.schema.index(ofRole: .id)
        isTextID = idField.map { plan.schema.fields[$0].type == .text } ?? false
        amountField = plan.schema.index(ofRole: .amount)
    }

    func retain(_ batch: ColumnBatch, rows: UnsafePointer<Int32>, offsets: UnsafePointer<Int64>, count: Int) {
        guard count > 0 else { return }
        precondition(pieces.last?.lastOffset ?? -1 < offsets[0], "Offsets ascend: events are found by them.")
        var added = 0
        for index in 0..<count { added += Int(batch.events[Int(rows[index])].count) }
        // Live batches are small: several share a piece, so that there are few to search.
        if !(pieces.last?.hasRoom(events: count, bytes: added) ?? false) {
            let least = min(Self.pieceBytes, limitBytes / 8)
            pieces.append(Piece(events: max(count, least / Self.usualEvent), bytes: max(added, least)))
            byteCount += pieces[pieces.count - 1].byteCount
        }
        let idSpans = idField.flatMap { batch.columns[$0].spans }
        let amounts = amountField.flatMap { batch.columns[$0].numbers }
        for index in 0..<count {
            let row = Int(rows[index])
            let id = batch.ids[row].isAbsent ? nil : idSpans?[row]
            let event = batch.events[row]
            pieces[pieces.count - 1].add(
                batch.payload[Int(event.start)..<Int(event.start + event.count)],
                offset: offsets[index],
                time: batch.times[row],
                amount: amounts?[row] ?? .nan,
                id: id.map { .init(start: $0.start - event.start, count: $0.count) }
            )
        }
        while byteCount > limitBytes, pieces.count > 1 { byteCount -= pieces.removeFirst().byteCount }
    }

    private static let pieceBytes = 256 << 10
    /// Bytes of an event, about.
    private static let usualEvent = 256

    /// The event of an offset, or nil if it is no longer held.
    func event(at offset: Int64) -> Event? {
        let holder = firstIndex(below: pieces.count) { pieces[$0].entries.first.map { $0.offset > offset } ?? true } - 1
        guard holder >= 0 else { return nil }
        let index = firstIndex(below: pieces[holder].entries.count) { pieces[holder].entries[$0].offset >= offset }
        return index < pieces[holder].entries.count && pieces[holder].entries[index].offset == offset
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

import Bytes
import Plan

/// Turns lines of JSON into the columns of a batch, after a pipeline's schema: one row a line, whatever the line holds.
///
/// A line that is broken, lacks a required field or has a value of the wrong type becomes a rejected row with its
/// reason; nothing traps (C5). Label fields go to the side columns (C7). The usual line takes the indexed way; one that
/// has anything unusual in it, the careful one. Both give the same.
public final class EventDecoder {
    private let indexed: IndexedDecoder?
    private let careful: CarefulDecoder

    /// A decoder of the pipeline's schema.
    public init(plan: PipelinePlan) {
        indexed = IndexedDecoder(plan: plan)
        careful = CarefulDecoder(plan: plan)
    }

    /// A decoder that takes no short way, or one with vectors of so many bytes at most: what tests compare.
    public init(plan: PipelinePlan, vectorWidth: Int?) {
        indexed = vectorWidth.flatMap { IndexedDecoder(plan: plan, vectorWidth: $0) }
        careful = CarefulDecoder(plan: plan)
    }

    /// Appends one event to the batch and decodes it. The batch must have room.
    public func decode(_ line: UnsafeBufferPointer<UInt8>, into batch: ColumnBatch) {
        decode(batch, row: batch.append(line))
    }

    /// Decodes an event that has been appended to the batch; rows come in their order.
    public func decode(_ batch: ColumnBatch, row: Int) {
        decode(batch, rows: row..<row + 1)
    }

    /// Appends an event that cannot be read at all, with its reason.
    public func reject(
        _ line: UnsafeBufferPointer<UInt8>,
        because reason: ColumnBatch.Rejection,
        into batch: ColumnBatch
    ) {
        reject(batch, row: batch.append(line), because: reason)
    }

    /// Decodes events that have been appended to the batch, one behind the other.
    public func decode(_ batch: ColumnBatch, rows: Range<Int>) {
        guard let indexed else {
            for row in rows { decodeCarefully(batch, row: row) }
            return
        }
        // Taken out of the loop, so that nothing is counted by the event.
        for row in rows {
            if indexed.fill(batch, row: row) { batch.closeLists() } else { decodeCarefully(batch, row: row) }
        }
    }

    /// Decodes all events of a batch but those that cannot be events, which are refused with their reasons.
    ///
    /// - Parameters:
    ///   - batch: events that have been appended one behind the other.
    ///   - refusals: rows to refuse, ascending, and why.
    public func decode(_ batch: ColumnBatch, refusing refusals: [(row: Int, rejection: ColumnBatch.Rejection)]) {
        var next = 0
        for refusal in refusals {
            decode(batch, rows: next..<refusal.row)
            reject(batch, row: refusal.row, because: refusal.rejection)
            next = refusal.row + 1
        }
        decode(batch, rows: next..<batch.count)
    }

    private func decodeCarefully(_ batch: ColumnBatch, row: Int) {
        if let rejection = careful.fill(batch, row: row) { reject(rejection, batch, row) }
        batch.closeLists()
    }

    /// Refuses an event that has been appended to the batch, with its reason.
    public func reject(_ batch: ColumnBatch, row: Int, because reason: ColumnBatch.Rejection) {
        reject(reason, batch, row)
        batch.closeLists()
    }

    private func reject(_ rejection: ColumnBatch.Rejection, _ batch: ColumnBatch, _ row: Int) {
        batch.rejections.append(rejection)
        batch.status[row] = Int32(batch.rejections.count)
    }
}

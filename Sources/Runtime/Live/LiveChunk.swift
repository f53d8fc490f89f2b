import Base
import Decode
import Engine
import EventLog
import Plan
import Synchronization

/// Decoded events of one or more submissions, on their way to the partitions.
final class LiveChunk: @unchecked Sendable {
    // One thread fills a chunk; the partitions' threads only read it; it is filled again when all of them are done.
    let batch: ColumnBatch
    /// By which the event clock judges the events.
    let clockLimit: Int64?
    /// Rows of each partition, ascending.
    var partitions: [[Int32]]
    /// Whose events these are, and by row which of them and which line.
    private(set) var owners: [Pending] = []
    private var ownerOfRow: [Int32] = []
    private var lineOfRow: [Int32] = []
    /// Who sends them, by partition, if they may come twice.
    var producers: [ProducerSequence?]
    /// When the oldest of the events came.
    private(set) var received: Int64 = 0
    /// Partitions that have not finished with it.
    let remaining = Atomic<Int>(0)
    private let failure = Mutex<SubmissionError?>(nil)
    private var refusals: [(row: Int, rejection: ColumnBatch.Rejection)] = []

    static let capacity = 1024
    /// A partition's share must fit one record batch of Kafka's usual limit.
    static let byteLimit = 900_000

    init(plan: PipelinePlan) {
        clockLimit = plan.maximumAhead
        batch = ColumnBatch(schema: plan.schema, capacity: Self.capacity)
        partitions = Array(repeating: [], count: plan.partitionCount)
        producers = Array(repeating: nil, count: plan.partitionCount)
    }

    var isEmpty: Bool { batch.count == 0 }
    var isFull: Bool { batch.count == Self.capacity || batch.payload.count >= Self.byteLimit }

    func removeAll() {
        failure.withLock { $0 = nil }
        batch.removeAll()
        owners.removeAll(keepingCapacity: true)
        ownerOfRow.removeAll(keepingCapacity: true)
        lineOfRow.removeAll(keepingCapacity: true)
        refusals.removeAll()
        for partition in partitions.indices {
            partitions[partition].removeAll(keepingCapacity: true)
            producers[partition] = nil
        }
    }

    /// Takes events of a submission from a position on, as many as there is room for; returns the next position.
    func add(_ pending: Pending, from position: Int) -> Int {
        if owners.isEmpty { received = pending.received }
        pending.addChunk()
        owners.append(pending)
        let owner = Int32(owners.count - 1)
        var position = position
        pending.events.bytes.withUnsafeBufferPointer { bytes in
            while position < pending.events.entries.count, !isFull {
                let entry = pending.events.entries[position]
                var event = UnsafeBufferPointer(rebasing: bytes[entry.start..<entry.start + entry.count])
                if event.count > EventList.eventLimit {
                    let reason = "a line of \(event.count) bytes; the limit is \(EventList.eventLimit)"
                    refusals.append((batch.count, .init(reason: reason, kind: .size)))
                    event = UnsafeBufferPointer(rebasing: event[..<EventList.keptOfOversize])
                }
                _ = batch.append(event)
                ownerOfRow.append(owner)
                lineOfRow.append(Int32(entry.line))
                position += 1
            }
        }
        return position
    }

    func decode(_ decoder: EventDecoder) { decoder.decode(batch, refusing: refusals) }

    /// Tells the owner of a row what became of it.
    func note(_ kind: Refusal.Kind, row: Int32) {
        owners[Int(ownerOfRow[Int(row)])].note(kind, line: Int(lineOfRow[Int(row)]))
    }

    /// A partition could not take its share.
    func fail(_ error: SubmissionError) { failure.withLock { $0 = $0 ?? error } }

    /// Tells the owners that this chunk is durable, or has failed. To be called once all partitions are done with it.
    func finish() {
        let failure = failure.withLock { $0 }
        for owner in owners { owner.finishChunk(failure) }
        owners.removeAll(keepingCapacity: true)
    }
}

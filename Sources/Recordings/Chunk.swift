import Decode
public import Engine
public import Ingest
public import Plan
import Windows

/// A piece of a recording: decoded events, which line each came from, and to which partition each belongs.
public final class Chunk: @unchecked Sendable {
    // One thread fills a chunk; the partitions' threads only read it; it is filled again when all of them are done.
    public let batch: ColumnBatch
    /// Line number of each event.
    public var lines: [Int] = []
    /// Rows of each partition, ascending.
    public var partitions: [[Int32]]
    /// Behind the chunk's last line.
    public var end = RecordingPosition()
    /// What the event clock knew there, and in front of the chunk; nil if it has not been asked.
    public var clock: ClockMark?
    public var clockBefore: ClockState?
    /// Rows whose lines cannot be events, and why.
    var refusals: [(row: Int, rejection: ColumnBatch.Rejection)] = []

    /// An empty chunk of so many events at most.
    public init(plan: PipelinePlan, capacity: Int) {
        batch = ColumnBatch(schema: plan.schema, capacity: capacity)
        partitions = Array(repeating: [], count: plan.partitionCount)
    }

    /// Where the recording was before each event, so that a chunk can end earlier.
    var starts: [RecordingPosition] = []

    /// The times of the events that can be read, microseconds.
    var times: [Int64] { (0..<batch.count).lazy.filter { self.batch.status[$0] == 0 }.map { self.batch.times[$0] } }

    /// Leaves out the events from a row on: the recording has then been read up to that event.
    public func cut(at row: Int) {
        if let clockBefore { clock?.cut(batch, at: row, from: clockBefore) }
        for index in partitions.indices { partitions[index].removeAll { $0 >= row } }
        end = starts[row]
    }
}

/// Decodes chunks and says which partition each event belongs to. One a thread.
public final class ChunkDecoder {
    private let decoder: EventDecoder
    private let partitioner: Partitioner

    /// For chunks of so many events at most.
    public init(plan: PipelinePlan, capacity: Int) {
        decoder = EventDecoder(plan: plan)
        partitioner = Partitioner(plan: plan, capacity: capacity)
    }

    /// Fills the columns of a chunk from its lines, and its partitions.
    public func decode(_ chunk: Chunk) {
        decoder.decode(chunk.batch, refusing: chunk.refusals)
        partitioner.assign(chunk.batch, to: &chunk.partitions)
    }
}

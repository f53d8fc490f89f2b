import Base
import Bytes

/// Who made a batch and which of its batches it is, so that a second delivery of the same one can be told.
public struct ProducerSequence: Sendable, Hashable {
    /// Not negative. Each producer has its own.
    public var id: Int64
    /// Counts the producer's lives. A batch of an earlier life is refused; a new life begins with sequence 0.
    public var epoch: Int16
    /// The number of records that the producer has sent before in this epoch. Behind `Int32.max` comes 0.
    public var first: Int32

    /// The first sequence number of a batch, and whose it is; none is negative.
    public init(id: Int64, epoch: Int16, first: Int32) {
        precondition(id >= 0 && epoch >= 0 && first >= 0, "Negative numbers mean that there is no producer.")
        self.id = id
        self.epoch = epoch
        self.first = first
    }

    /// The sequence of the batch after one of so many records.
    public func advanced(by count: Int) -> ProducerSequence {
        ProducerSequence(id: id, epoch: epoch, first: Self.next(first, count))
    }

    static func next(_ first: Int32, _ count: Int) -> Int32 {
        Int32(truncatingIfNeeded: (Int64(first) + Int64(count)) & Int64(Int32.max))
    }
}

/// The last batches of each producer of a partition: what a batch is compared with before it is appended.
///
/// A function of the log's batches in their order and of nothing else, so a walk over the log makes it anew. Bounded by
/// ``LogLimits/producers``: beyond, those that have been silent longest are forgotten.
struct ProducerStates: Equatable {
    struct Batch: Equatable {
        var first: Int32
        var count: Int32
        var offset: Int64
    }

    struct Producer: Equatable {
        var epoch: Int16
        /// The newest last; at most ``ProducerStates/batchesKept``.
        var batches: [Batch]

        var next: Int32 { batches.last.map { ProducerSequence.next($0.first, Int($0.count)) } ?? 0 }
    }

    /// As many as Kafka's clients have under way at most.
    static let batchesKept = 5

    private(set) var producers: [Int64: Producer] = [:]

    /// Returns the offset that the batch got when it came first, nil if it is new, and throws if it cannot follow.
    func find(_ header: BatchHeader, _ directory: String) throws(LogError) -> LogOffset? {
        guard header.hasProducer else { return nil }
        let id = header.producerID
        let known = producers[id]
        if let known, header.producerEpoch < known.epoch {
            throw .staleProducer(directory: directory, id: id, epoch: known.epoch, found: header.producerEpoch)
        }
        if let known, header.producerEpoch == known.epoch {
            let count = Int32(header.recordCount)
            if let first = known.batches.first(where: { $0.first == header.baseSequence && $0.count == count }) {
                return LogOffset(first.offset)
            }
        }
        let expected = known.map { $0.epoch == header.producerEpoch ? $0.next : 0 } ?? 0
        guard header.baseSequence == expected else {
            throw .outOfSequence(directory: directory, id: id, expected: expected, found: header.baseSequence)
        }
        return nil
    }

    /// Remembers a batch that is in the log.
    mutating func add(_ header: BatchHeader) {
        guard header.hasProducer else { return }
        let batch = Batch(first: header.baseSequence, count: Int32(header.recordCount), offset: header.baseOffset)
        var producer = producers[header.producerID] ?? Producer(epoch: header.producerEpoch, batches: [])
        if producer.epoch != header.producerEpoch {
            producer = Producer(epoch: header.producerEpoch, batches: [])
        }
        if producer.batches.count >= Self.batchesKept { producer.batches.removeFirst() }
        producer.batches.append(batch)
        producers[header.producerID] = producer
        if producers.count > LogLimits.producers { forgetSilent() }
    }

    /// Forgets an eighth at once, so that looking for the oldest costs little a batch.
    private mutating func forgetSilent() {
        let last = producers.map { (offset: $0.value.batches.last?.offset ?? -1, id: $0.key) }.sorted { $0 < $1 }
        for oldest in last.prefix(LogLimits.producers / 8) { producers[oldest.id] = nil }
    }

    // MARK: - Bytes

    /// int32 number of producers; for each, by id: int64 id, int16 epoch, int8 number of batches; for each, oldest
    /// first: int32 first sequence, int32 number of records, int64 offset. Big-endian.
    func write(to bytes: inout ByteWriter) {
        bytes.appendBigEndian(Int32(producers.count))
        for (id, producer) in producers.sorted(by: { $0.key < $1.key }) {
            bytes.appendBigEndian(id)
            bytes.appendBigEndian(producer.epoch)
            bytes.append(UInt8(producer.batches.count))
            for batch in producer.batches {
                bytes.appendBigEndian(batch.first)
                bytes.appendBigEndian(batch.count)
                bytes.appendBigEndian(batch.offset)
            }
        }
    }

    init() {}

    init(_ reader: inout ByteReader) throws(ByteError) {
        let count = try reader.readBigEndian(Int32.self)
        for _ in 0..<max(0, count) {
            let id = try reader.readBigEndian(Int64.self)
            let epoch = try reader.readBigEndian(Int16.self)
            var batches: [Batch] = []
            for _ in 0..<(try reader.readBigEndian(UInt8.self)) {
                let first = try reader.readBigEndian(Int32.self)
                let count = try reader.readBigEndian(Int32.self)
                batches.append(Batch(first: first, count: count, offset: try reader.readBigEndian(Int64.self)))
            }
            producers[id] = Producer(epoch: epoch, batches: batches)
        }
    }
}

import Base
import Bytes

/// The header of a record batch, version 2 of Apache Kafka's format (`DefaultRecordBatch.java`). All numbers
/// big-endian.
///
/// | at | bytes | field |
/// |----|-------|-------|
/// | 0  | 8 | base offset (not under the checksum) |
/// | 8  | 4 | length of what follows this field |
/// | 12 | 4 | partition leader epoch (not under the checksum): 0 |
/// | 16 | 1 | magic: 2 |
/// | 17 | 4 | CRC-32C from byte 21 to the end |
/// | 21 | 2 | attributes: bits 0-2 codec (0 none, 3 LZ4), 3 timestamps are the broker's, 4 transactional, 5 control |
/// | 23 | 4 | last offset delta |
/// | 27 | 8 | first timestamp |
/// | 35 | 8 | largest timestamp |
/// | 43 | 8 | producer id; -1: none |
/// | 51 | 2 | producer epoch; -1: none |
/// | 53 | 4 | the producer's number of the first record; -1: none |
/// | 57 | 4 | number of records |
/// | 61 |   | the records, compressed |
///
/// The checksum covers neither the base offset nor the epoch, so a misplaced batch has a right checksum: whoever reads
/// checks that offsets go on without a gap, too.
struct BatchHeader: Equatable {
    /// Where in its file the batch begins.
    var position: Int
    /// Bytes of the whole batch.
    var size: Int
    var baseOffset: Int64
    var checksum: UInt32
    var attributes: UInt16
    var lastOffset: Int64
    var firstTimestamp: Int64
    var largestTimestamp: Int64
    var recordCount: Int
    var producerID: Int64
    var producerEpoch: Int16
    var baseSequence: Int32

    static let byteCount = 61

    /// Bytes before the part that `length` counts.
    static let prefixBytes = 12

    /// Where the part under the checksum begins.
    static let checksumStart = 21

    /// What the numbers of codecs mean.
    static let codecs = ["none", "gzip", "snappy", "lz4", "zstd", "codec 5", "codec 6", "codec 7"]

    var codec: Int { Int(attributes & 7) }
    /// Control batches have a producer and no sequence.
    var hasProducer: Bool { producerID >= 0 && producerEpoch >= 0 && baseSequence >= 0 && recordCount > 0 }
    var hasAppendTime: Bool { attributes & 8 != 0 }

    /// What the header claims; ``fault(in:)`` says whether it can be true.
    init(_ bytes: UnsafeRawBufferPointer, position: Int) {
        func load<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ at: Int) -> T {
            T(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
        }
        self.position = position
        size = Int(load(Int32.self, 8)) + Self.prefixBytes
        baseOffset = load(Int64.self, 0)
        checksum = load(UInt32.self, 17)
        attributes = load(UInt16.self, 21)
        lastOffset = baseOffset &+ Int64(load(Int32.self, 23))
        firstTimestamp = load(Int64.self, 27)
        largestTimestamp = load(Int64.self, 35)
        producerID = load(Int64.self, 43)
        producerEpoch = load(Int16.self, 51)
        baseSequence = load(Int32.self, 53)
        recordCount = Int(load(Int32.self, 57))
    }

    /// What the first 61 bytes alone show to be wrong.
    static func fault(inHeader bytes: UnsafeRawBufferPointer) -> BatchFault? {
        let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int32.self)))
        guard length >= byteCount - prefixBytes, length + prefixBytes <= LogLimits.batchBytes else {
            return .length(length)
        }
        return bytes[16] == 2 ? nil : .version(Int(bytes[16]))
    }

    /// What is wrong with a batch that is all there.
    func fault(in batch: UnsafeRawBufferPointer) -> BatchFault? {
        let found = Checksum.crc32c(UnsafeRawBufferPointer(rebasing: batch[Self.checksumStart...]))
        guard found == checksum else { return .checksum(expected: checksum, found: found) }
        return hasPossibleCount ? nil : .records("its number of records cannot be right")
    }

    /// The offsets that the batch takes: compaction may leave fewer records, and never more.
    var span: Int64 { lastOffset &- baseOffset &+ 1 }

    /// How many records can be in the batch, by its size.
    private var countMax: Int {
        let payload = max(0, size - Self.byteCount)
        switch codec {
        case 0: return payload / 7
        // LZ4 makes 255 bytes of one at most.
        case 3: return min(LogLimits.recordsPerBatch, payload * 255 / 7)
        default: return LogLimits.recordsPerBatch
        }
    }

    /// Whether the records can be as many as the header says. Everything that is asked here is under the checksum.
    var hasPossibleCount: Bool {
        recordCount >= 0 && recordCount <= countMax && span >= max(1, Int64(recordCount))
            && span <= LogLimits.recordsPerBatch
    }

    /// How many offsets a batch takes whose numbers cannot all be right: at least one.
    var likelySpan: Int64 { span >= 1 && span <= countMax ? span : 1 }

    /// Whether the batch can be in this segment: in the index, offsets are differences of 32 bits.
    func fits(_ segment: Segment) -> Bool {
        let first = segment.baseOffset
        return (first...first + Int64(Int32.max)).contains(baseOffset) && lastOffset - first <= Int64(Int32.max)
    }
}

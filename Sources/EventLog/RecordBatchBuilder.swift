import Base
import Bytes
import CLZ4

/// A named value that a record carries beside its own.
public struct RecordHeader: Sendable, Equatable {
    public var name: String
    public var value: [UInt8]

    public init(_ name: String, _ value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// Puts records into one batch of Kafka's format. Reused from batch to batch, so that a record costs one copy of its
/// bytes and no allocation.
///
/// A record: zigzag varints of its length, then attributes (one byte, 0), timestamp delta, offset delta, key length (-1
/// = null) and key, value length and value, number of headers, and each header's name and value with their lengths
/// (`DefaultRecord.java`). The batch around it: ``BatchHeader``.
public final class RecordBatchBuilder {
    public private(set) var count = 0
    /// Who sends the batch, for a log that is to know it again; ``removeAll()`` leaves it as it is.
    public var producer: ProducerSequence?
    private(set) var largestTimestamp: Int64 = 0
    private var firstTimestamp: Int64 = 0
    private var records = ByteWriter(capacity: 1 << 16)
    private var output = ByteWriter(capacity: 1 << 16)

    public init() {}

    /// Bytes of the records so far, uncompressed.
    public var byteCount: Int { records.count }

    /// Begins the next batch, with the same memory.
    public func removeAll() {
        count = 0
        records.removeAll()
    }

    /// Appends a record; its offset is the batch's base offset plus the number of records before it.
    public func add(
        timestampMilliseconds: Int64,
        key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer,
        headers: [RecordHeader] = []
    ) {
        if count == 0 {
            firstTimestamp = timestampMilliseconds
            largestTimestamp = timestampMilliseconds
        }
        largestTimestamp = max(largestTimestamp, timestampMilliseconds)
        // Deltas wrap round, here and in every reader, so that no pair of timestamps is out of range.
        let delta = timestampMilliseconds &- firstTimestamp
        let keyCount = key?.count ?? -1
        var body = 1 + Varint.size(delta) + Varint.size(Int64(count))
        body += Varint.size(Int64(keyCount)) + max(0, keyCount)
        body += Varint.size(Int64(value.count)) + value.count + Varint.size(Int64(headers.count))
        for header in headers {
            body += Varint.size(Int64(header.name.utf8.count)) + header.name.utf8.count
            body += Varint.size(Int64(header.value.count)) + header.value.count
        }
        // One reservation for the record: what follows writes without asking again.
        let start = records.reserve(body + Varint.sizeMax)
        var target = start + Varint.write(Int64(body), to: start)
        target.storeBytes(of: 0, as: UInt8.self)
        target += 1
        target += Varint.write(delta, to: target)
        target += Varint.write(Int64(count), to: target)
        target += Varint.write(Int64(keyCount), to: target)
        if let key { copy(key, &target) }
        target += Varint.write(Int64(value.count), to: target)
        copy(value, &target)
        target += Varint.write(Int64(headers.count), to: target)
        for header in headers { write(header, &target) }
        records.advance(by: target - start)
        count += 1
    }

    private func write(_ header: RecordHeader, _ target: inout UnsafeMutableRawPointer) {
        var name = header.name
        name.withUTF8 { bytes in
            target += Varint.write(Int64(bytes.count), to: target)
            copy(UnsafeRawBufferPointer(bytes), &target)
        }
        header.value.withUnsafeBytes { bytes in
            target += Varint.write(Int64(bytes.count), to: target)
            copy(bytes, &target)
        }
    }

    private func copy(_ bytes: UnsafeRawBufferPointer, _ target: inout UnsafeMutableRawPointer) {
        guard let source = bytes.baseAddress else { return }
        target.copyMemory(from: source, byteCount: bytes.count)
        target += bytes.count
    }

    /// The finished batch, for ``SharedLog`` or ``PartitionLog/append(_:)-([EncodedBatch])``. The builder keeps its
    /// records.
    ///
    /// - Throws: ``LogError/tooLarge(bytes:limit:)`` beyond ``LogLimits``.
    public func encoded(_ compression: LogSettings.Compression = .lz4) throws(LogError) -> EncodedBatch {
        EncodedBatch(try encode(baseOffset: 0, compression: compression), count: count)
    }

    /// The finished batch, valid until the next call.
    func encode(
        baseOffset: Int64,
        compression: LogSettings.Compression = .lz4
    ) throws(LogError) -> UnsafeRawBufferPointer {
        precondition(count > 0, "An empty batch is never written.")
        guard records.count <= LogLimits.uncompressedBytes else {
            throw .tooLarge(bytes: records.count, limit: LogLimits.uncompressedBytes)
        }
        output.removeAll()
        output.appendBigEndian(baseOffset)
        output.appendBigEndian(Int32(0))  // The length and the checksum are known at the end.
        output.appendBigEndian(Int32(0))
        output.append(2)
        output.appendBigEndian(UInt32(0))
        output.appendBigEndian(Int16(compression == .lz4 ? 3 : 0))
        output.appendBigEndian(Int32(count - 1))
        output.appendBigEndian(firstTimestamp)
        output.appendBigEndian(largestTimestamp)
        output.appendBigEndian(producer?.id ?? -1)
        output.appendBigEndian(producer?.epoch ?? -1)
        output.appendBigEndian(producer?.first ?? -1)
        output.appendBigEndian(Int32(count))
        switch compression {
        case .none: output.append(records.bytes)
        case .lz4: compress()
        }
        guard output.count <= LogLimits.batchBytes else {
            throw .tooLarge(bytes: output.count, limit: LogLimits.batchBytes)
        }
        let length = Int32(output.count - BatchHeader.prefixBytes)
        let covered = UnsafeRawBufferPointer(rebasing: output.bytes[BatchHeader.checksumStart...])
        let checksum = Checksum.crc32c(covered)
        output.mutableBytes.storeBytes(of: length.bigEndian, toByteOffset: 8, as: Int32.self)
        output.mutableBytes.storeBytes(of: checksum.bigEndian, toByteOffset: 17, as: UInt32.self)
        return output.bytes
    }

    /// One frame as Kafka's readers accept it: independent blocks of 64 KiB, no checksums of LZ4's own.
    private func compress() {
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.blockSizeID = LZ4F_max64KB
        preferences.frameInfo.blockMode = LZ4F_blockIndependent
        let bound = LZ4F_compressFrameBound(records.count, &preferences)
        let target = output.reserve(bound)
        let size = LZ4F_compressFrame(target, bound, records.bytes.baseAddress, records.count, &preferences)
        precondition(LZ4F_isError(size) == 0, "A frame fits its bound.")
        output.advance(by: size)
    }
}

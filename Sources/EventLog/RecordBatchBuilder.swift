import CKernels
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

/// Puts records into one batch of Kafka's format, version 2, compressed with LZ4. Reused from batch to batch.
///
/// All numbers are big-endian; a batch is 61 bytes of header and the compressed records:
///
/// | at | bytes | field |
/// |----|-------|-------|
/// | 0  | 8 | base offset (not under the checksum) |
/// | 8  | 4 | length of what follows |
/// | 12 | 4 | partition leader epoch (not under the checksum): 0 |
/// | 16 | 1 | magic: 2 |
/// | 17 | 4 | CRC-32C from byte 21 to the end |
/// | 21 | 2 | attributes: 3 = LZ4 |
/// | 23 | 4 | last offset delta |
/// | 27 | 8 | first timestamp |
/// | 35 | 8 | largest timestamp |
/// | 43 | 8 | producer id: -1 |
/// | 51 | 2 | producer epoch: -1 |
/// | 53 | 4 | base sequence: -1 |
/// | 57 | 4 | number of records |
///
/// A record: zigzag varints of its length, then attributes (1 byte), timestamp delta, offset delta, key length (-1 = null)
/// and key, value length and value, number of headers, and each header's name and value with their lengths.
/// Source: Apache Kafka, "Message format"; `DefaultRecordBatch.java`, `DefaultRecord.java`.
public final class RecordBatchBuilder {
    public private(set) var count = 0
    private var records: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var used = 0
    private var firstTimestamp: Int64 = 0
    private(set) var largestTimestamp: Int64 = 0
    private var output: UnsafeMutablePointer<UInt8>
    private var outputCapacity: Int

    static let headerSize = 61

    public init() {
        capacity = 1 << 20
        records = .allocate(capacity: capacity)
        outputCapacity = 1 << 20
        output = .allocate(capacity: outputCapacity)
    }

    deinit {
        records.deallocate()
        output.deallocate()
    }

    /// Bytes of the records so far, uncompressed.
    public var byteCount: Int { used }

    public func removeAll() {
        count = 0
        used = 0
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
        let delta = timestampMilliseconds - firstTimestamp
        var body = 1 + Varint.size(delta) + Varint.size(Int64(count))
        body += Varint.size(Int64(key?.count ?? -1)) + (key?.count ?? 0)
        body += Varint.size(Int64(value.count)) + value.count + Varint.size(Int64(headers.count))
        for header in headers {
            body += Varint.size(Int64(header.name.utf8.count)) + header.name.utf8.count
            body += Varint.size(Int64(header.value.count)) + header.value.count
        }
        reserve(used + body + 10)
        Varint.write(Int64(body), records, &used)
        records[used] = 0
        used += 1
        Varint.write(delta, records, &used)
        Varint.write(Int64(count), records, &used)
        Varint.write(Int64(key?.count ?? -1), records, &used)
        if let key { append(key) }
        Varint.write(Int64(value.count), records, &used)
        append(value)
        Varint.write(Int64(headers.count), records, &used)
        for header in headers {
            let name = Array(header.name.utf8)
            Varint.write(Int64(name.count), records, &used)
            name.withUnsafeBytes { append($0) }
            Varint.write(Int64(header.value.count), records, &used)
            header.value.withUnsafeBytes { append($0) }
        }
        count += 1
    }

    private func append(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(records + used).copyMemory(from: base, byteCount: bytes.count)
        used += bytes.count
    }

    private func reserve(_ size: Int) {
        guard size > capacity else { return }
        while capacity < size { capacity *= 2 }
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: records, count: used)
        records.deallocate()
        records = larger
    }

    /// The finished batch, valid until the next call.
    func encode(baseOffset: Int64) -> UnsafeRawBufferPointer {
        precondition(count > 0, "An empty batch is never written.")
        // What Kafka's readers accept: independent blocks of 64 KiB, no checksums of LZ4's own, one frame a batch.
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.blockSizeID = LZ4F_max64KB
        preferences.frameInfo.blockMode = LZ4F_blockIndependent
        let bound = LZ4F_compressFrameBound(used, &preferences)
        if outputCapacity < Self.headerSize + bound {
            output.deallocate()
            outputCapacity = Self.headerSize + bound
            output = .allocate(capacity: outputCapacity)
        }
        let size = LZ4F_compressFrame(output + Self.headerSize, bound, records, used, &preferences)
        precondition(LZ4F_isError(size) == 0, "A frame fits its bound.")
        let total = Self.headerSize + size
        BigEndian.store(baseOffset, output, at: 0)
        BigEndian.store(Int32(total - 12), output, at: 8)
        BigEndian.store(Int32(0), output, at: 12)
        output[16] = 2
        BigEndian.store(Int16(3), output, at: 21)
        BigEndian.store(Int32(count - 1), output, at: 23)
        BigEndian.store(firstTimestamp, output, at: 27)
        BigEndian.store(largestTimestamp, output, at: 35)
        BigEndian.store(Int64(-1), output, at: 43)
        BigEndian.store(Int16(-1), output, at: 51)
        BigEndian.store(Int32(-1), output, at: 53)
        BigEndian.store(Int32(count), output, at: 57)
        BigEndian.store(pa_crc32c(0, output + 21, total - 21), output, at: 17)
        return UnsafeRawBufferPointer(start: output, count: total)
    }
}

public import Base
import Bytes

/// A batch that has been read: where its records are in one buffer of uncompressed bytes. Reused from batch to batch.
public final class RecordBatch {
    public struct Record: Sendable {
        public var timestampMilliseconds: Int64
        /// Where in ``RecordBatch/bytes`` the key is; nil = null.
        public var key: Range<Int>?
        /// Where in ``RecordBatch/bytes`` the value is; empty for a null.
        public var value: Range<Int>
        /// The record has a null for a value, which deletes its key in Kafka's compacted topics.
        public var isTombstone: Bool
        var headers: Range<Int>
        var headerCount: Int

        public var hasHeaders: Bool { headerCount > 0 }
    }

    /// The offset of the first record; the others follow without a gap.
    public private(set) var baseOffset: Int64 = 0
    public private(set) var records: [Record] = []

    /// The memory that the records' ranges point into. Only what they cover is of this batch.
    public private(set) var bytes: [UInt8] = []

    /// Bytes of the records, uncompressed.
    public private(set) var byteCount = 0

    private let decompressor = LZ4Decompressor()

    public init() {}

    public var count: Int { records.count }

    /// Where in ``records`` the record with this offset is, or nil if it is not in this batch.
    public func index(of offset: LogOffset) -> Int? {
        let index = offset.rawValue - baseOffset
        return index >= 0 && index < Int64(records.count) ? Int(index) : nil
    }

    /// The headers of a record.
    public func headers(of record: Record) -> [RecordHeader] {
        guard record.hasHeaders else { return [] }
        return bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: buffer[record.headers]))
            var found: [RecordHeader] = []
            do throws(ByteError) {
                for _ in 0..<record.headerCount {
                    let name = try reader.read(count: try reader.readVarint32())
                    let size = try reader.readVarint32()
                    let value = size < 0 ? nil : try reader.read(count: size)
                    found.append(RecordHeader(String(decoding: name, as: UTF8.self), value.map { Array($0) } ?? []))
                }
            } catch {
                preconditionFailure("Headers were checked when the batch was unpacked.")
            }
            return found
        }
    }

    /// Unpacks a batch whose header and checksum have been checked, and returns why it could not.
    func decode(_ batch: UnsafeRawBufferPointer, _ header: BatchHeader) -> BatchFault? {
        baseOffset = header.baseOffset
        records.removeAll(keepingCapacity: true)
        byteCount = 0
        let payload = UnsafeRawBufferPointer(rebasing: batch[BatchHeader.byteCount...])
        let size: Int
        switch header.codec {
        case 0:
            size = payload.count
            if bytes.count < size { bytes.append(contentsOf: repeatElement(0, count: size - bytes.count)) }
            bytes.withUnsafeMutableBytes { $0.copyMemory(from: payload) }
        case 3 where header.recordCount == 0 && payload.isEmpty:
            // What compaction leaves of a batch whose records are all gone.
            size = 0
        case 3:
            switch decompressor.decompress(payload, into: &bytes, limit: LogLimits.uncompressedBytes) {
            case .success(let count): size = count
            case .failure(let fault): return .records(fault.words)
            }
        default: return .codec(BatchHeader.codecs[header.codec])
        }
        byteCount = size
        return bytes.withUnsafeBytes { buffer in
            parse(UnsafeRawBufferPointer(rebasing: buffer[..<size]), header)
        }
    }

    private func parse(_ buffer: UnsafeRawBufferPointer, _ header: BatchHeader) -> BatchFault? {
        // A record takes at least 7 bytes, so a lying count is found before anything is allocated for it.
        guard header.recordCount <= buffer.count / 7 else { return .records("its number of records cannot be right") }
        // Taken out of the object while it grows: a change in place would be checked for exclusive access each time.
        var found = records
        records = []
        defer { records = found }
        found.reserveCapacity(header.recordCount)
        var reader = ByteReader(buffer)
        for index in 0..<header.recordCount {
            do throws(ByteError) {
                guard let record = try Self.record(&reader, index, header) else {
                    found.removeAll(keepingCapacity: true)
                    return .records("record \(index) is malformed")
                }
                found.append(record)
            } catch {
                found.removeAll(keepingCapacity: true)
                return .records("record \(index) is malformed: \(error)")
            }
        }
        return reader.remaining == 0 ? nil : .records("something follows its records")
    }

    @inline(__always)
    private static func record(
        _ reader: inout ByteReader,
        _ index: Int,
        _ header: BatchHeader
    ) throws(ByteError) -> Record? {
        let length = try reader.readVarint32()
        let start = reader.position
        guard length > 0, length <= reader.remaining else { return nil }
        _ = try reader.skip(1)
        let delta = try reader.readVarint()
        guard try reader.readVarint32() == index else { return nil }
        let keySize = try reader.readVarint32()
        let keyStart = try reader.skip(max(0, keySize))
        let valueSize = try reader.readVarint32()
        let valueStart = try reader.skip(max(0, valueSize))
        let headerCount = try reader.readVarint32()
        guard headerCount >= 0, headerCount <= LogLimits.headersPerRecord else { return nil }
        let headers = reader.position
        for _ in 0..<headerCount {
            _ = try reader.skip(try reader.readVarint32())
            _ = try reader.skip(max(0, try reader.readVarint32()))
        }
        guard reader.position == start + length else { return nil }
        return Record(
            timestampMilliseconds: header.hasAppendTime ? header.largestTimestamp : header.firstTimestamp &+ delta,
            key: keySize < 0 ? nil : keyStart..<keyStart + keySize,
            value: valueStart..<valueStart + max(0, valueSize),
            isTombstone: valueSize < 0,
            headers: headers..<reader.position,
            headerCount: headerCount
        )
    }
}

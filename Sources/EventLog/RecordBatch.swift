import CKernels
import CLZ4

/// A batch that has been read: where its records are in one buffer of uncompressed bytes. Reused from batch to batch.
public final class RecordBatch {
    public struct Record: Sendable {
        public var timestampMilliseconds: Int64
        /// Where the key is; nil = null.
        public var key: Range<Int>?
        public var value: Range<Int>
        var headers: Range<Int>
        var headerCount: Int

        public var hasHeaders: Bool { headerCount > 0 }
    }

    public internal(set) var baseOffset: Int64 = 0
    public private(set) var records: [Record] = []
    public private(set) var bytes: [UInt8] = []

    /// Uncompressed bytes of one batch at most: a few bytes of LZ4 can claim hundreds of megabytes.
    public static let uncompressedLimit = 64 << 20

    public init() {}

    /// The headers of a record.
    public func headers(of record: Record) -> [RecordHeader] {
        var found: [RecordHeader] = []
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var position = record.headers.lowerBound
            for _ in 0..<record.headerCount {
                guard let name = Varint.read(base, &position, end: record.headers.upperBound), name >= 0 else { return }
                let nameEnd = position + Int(name)
                let text = String(decoding: buffer[position..<nameEnd], as: UTF8.self)
                position = nameEnd
                guard let size = Varint.read(base, &position, end: record.headers.upperBound) else { return }
                let end = position + max(0, Int(size))
                found.append(RecordHeader(text, Array(buffer[position..<end])))
                position = end
            }
        }
        return found
    }

    /// Unpacks a batch whose header and checksum have been checked. Returns what is wrong with it, or nil.
    func decode(_ batch: UnsafeBufferPointer<UInt8>) -> String? {
        guard let base = batch.baseAddress else { return "it is empty" }
        baseOffset = BigEndian.load(Int64.self, base, at: 0)
        let attributes = BigEndian.load(Int16.self, base, at: 21)
        let firstTimestamp = BigEndian.load(Int64.self, base, at: 27)
        let count = Int(BigEndian.load(Int32.self, base, at: 57))
        let payload = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(batch)[RecordBatchBuilder.headerSize...])
        bytes.removeAll(keepingCapacity: true)
        switch attributes & 7 {
        case 0: bytes.append(contentsOf: payload)
        case 3: if let fault = decompress(payload) { return fault }
        default: return "it is compressed with codec \(attributes & 7); this program reads LZ4 and uncompressed batches"
        }
        // A record takes at least 7 bytes, so a lying count is found before anything is allocated for it.
        guard count >= 0, count <= bytes.count / 7 + 1 else { return "its number of records cannot be right" }
        records.removeAll(keepingCapacity: true)
        records.reserveCapacity(count)
        return bytes.withUnsafeBufferPointer { buffer in
            guard count > 0, let start = buffer.baseAddress else { return count == 0 ? nil : "it holds no records" }
            var position = 0
            for index in 0..<count {
                guard let record = Self.record(start, &position, end: buffer.count, firstTimestamp) else {
                    return "record \(index) is malformed"
                }
                records.append(record)
            }
            return position == buffer.count ? nil : "something follows its records"
        }
    }

    private static func record(
        _ bytes: UnsafePointer<UInt8>,
        _ position: inout Int,
        end limit: Int,
        _ firstTimestamp: Int64
    ) -> Record? {
        guard let length = Varint.read(bytes, &position, end: limit), length > 0, length <= Int64(limit - position)
        else {
            return nil
        }
        let end = position + Int(length)
        position += 1
        guard let delta = Varint.read(bytes, &position, end: end), Varint.read(bytes, &position, end: end) != nil,
            let keySize = Varint.read(bytes, &position, end: end), keySize <= Int64(end - position)
        else { return nil }
        let key = keySize < 0 ? nil : position..<position + Int(keySize)
        position += max(0, Int(keySize))
        guard let valueSize = Varint.read(bytes, &position, end: end), valueSize <= Int64(end - position) else {
            return nil
        }
        let value = position..<position + max(0, Int(valueSize))
        position = value.upperBound
        guard let headerCount = Varint.read(bytes, &position, end: end), headerCount >= 0, headerCount < 1024 else {
            return nil
        }
        let headers = position
        for _ in 0..<headerCount {
            for _ in 0..<2 {
                guard let size = Varint.read(bytes, &position, end: end), size <= Int64(end - position) else {
                    return nil
                }
                position += max(0, Int(size))
            }
        }
        guard position == end else { return nil }
        return Record(
            timestampMilliseconds: firstTimestamp &+ delta,
            key: key,
            value: value,
            headers: headers..<end,
            headerCount: Int(headerCount)
        )
    }

    private func decompress(_ payload: UnsafeRawBufferPointer) -> String? {
        var context: OpaquePointer?
        guard LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0 else {
            return "no memory for its decompression"
        }
        defer { LZ4F_freeDecompressionContext(context) }
        var taken = 0
        var size = 0
        bytes = Array(repeating: 0, count: max(bytes.capacity, payload.count * 4, 1 << 16))
        while true {
            var produced = bytes.count - size
            var used = payload.count - taken
            let hint = bytes.withUnsafeMutableBytes { buffer in
                LZ4F_decompress(
                    context,
                    buffer.baseAddress.map { $0 + size },
                    &produced,
                    payload.baseAddress.map { $0 + taken },
                    &used,
                    nil
                )
            }
            guard LZ4F_isError(hint) == 0 else { return "its LZ4 frame is broken" }
            size += produced
            taken += used
            if hint == 0 { break }
            if used == 0, produced == 0, size < bytes.count { return "its LZ4 frame ends too early" }
            if size == bytes.count {
                guard size < Self.uncompressedLimit else {
                    return "it unpacks to more than \(Self.uncompressedLimit) bytes"
                }
                bytes.append(contentsOf: repeatElement(0, count: min(size, Self.uncompressedLimit - size)))
            }
        }
        bytes.removeSubrange(size...)
        return taken == payload.count ? nil : "something follows its LZ4 frame"
    }
}

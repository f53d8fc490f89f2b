import Base
import Bytes

/// How small files keep offsets under names. Big-endian: int32 version, int32 number of names; for each in their order:
/// int32 length and bytes of the name, `width` times int64 offset; uint32 CRC-32C of what is before it.
struct NamedOffsets {
    let version: Int32
    /// How many offsets each name has.
    let width: Int

    /// Names are short, and there are few of them.
    static let bytesMax = 16 << 20

    func encode(_ offsets: [String: [LogOffset]]) -> [UInt8] {
        var bytes = ByteWriter()
        bytes.appendBigEndian(version)
        bytes.appendBigEndian(Int32(offsets.count))
        for (name, values) in offsets.sorted(by: { $0.key < $1.key }) {
            let name = Array(name.utf8)
            bytes.appendBigEndian(Int32(name.count))
            bytes.append(name)
            for value in values { bytes.appendBigEndian(min(value.rawValue, LogLimits.offset)) }
        }
        bytes.appendBigEndian(Checksum.crc32c(bytes.bytes))
        return Array(bytes.bytes)
    }

    /// Nil if the bytes are not what was written.
    func decode(_ bytes: [UInt8]) -> [String: [LogOffset]]? {
        bytes.withUnsafeBytes { bytes in
            guard bytes.count >= 12 else { return nil }
            let covered = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
            let stored = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: covered.count, as: UInt32.self))
            guard stored == Checksum.crc32c(covered) else { return nil }
            var reader = ByteReader(covered)
            do throws(ByteError) {
                guard try reader.readBigEndian(Int32.self) == version else { return nil }
                return try names(&reader)
            } catch {
                return nil
            }
        }
    }

    private func names(_ reader: inout ByteReader) throws(ByteError) -> [String: [LogOffset]]? {
        var found: [String: [LogOffset]] = [:]
        for _ in 0..<max(0, try reader.readBigEndian(Int32.self)) {
            let name = try reader.read(count: Int(try reader.readBigEndian(Int32.self)))
            var values: [LogOffset] = []
            for _ in 0..<width {
                let value = try reader.readBigEndian(Int64.self)
                guard (0...LogLimits.offset).contains(value) else { return nil }
                values.append(LogOffset(value))
            }
            found[String(decoding: name, as: UTF8.self)] = values
        }
        return reader.remaining == 0 ? found : nil
    }
}

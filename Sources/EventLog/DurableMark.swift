import Base
import Bytes
import FileStore

/// How far a partition's log was durable when it was last closed or began a segment, and what it knew of its producers
/// then. The first is a lower bound that tells a torn tail, which was never acknowledged, from acknowledged data that was
/// damaged or lost later.
///
/// The file `durable` in the partition's folder, which Kafka ignores; big-endian: int32 version 2, int64 base offset of the
/// segment, int64 position in it, int64 end offset, the producers (``ProducerStates``), uint32 CRC-32C of what is before
/// it. Version 1 had no producers. A bad file counts as none: the producers are then made anew from all segments.
struct DurableMark: Equatable {
    var baseOffset: Int64
    var position: Int
    var endOffset: Int64
    /// As of ``endOffset``.
    var producers = ProducerStates()

    private static let version: Int32 = 2

    /// What is wrong with a log that ends, with or without a torn tail, before what was durable; nil if nothing is.
    func damage(_ segment: Segment, position: Int, endOffset end: Int64, torn: LogDamage?) -> LogDamage? {
        guard endOffset > end else { return nil }
        let isSame = segment.baseOffset == baseOffset
        return LogDamage(
            file: segment.log,
            position: position,
            byteCount: isSame ? max(0, self.position - position) : 0,
            offset: LogOffset(end),
            nextOffset: LogOffset(endOffset),
            fault: torn?.fault ?? .missing(before: LogOffset(endOffset))
        )
    }

    func write(_ directory: String, _ store: any FileStore) throws(FileError) {
        var bytes = ByteWriter(capacity: 64)
        bytes.appendBigEndian(Self.version)
        bytes.appendBigEndian(baseOffset)
        bytes.appendBigEndian(Int64(position))
        bytes.appendBigEndian(endOffset)
        producers.write(to: &bytes)
        bytes.appendBigEndian(Checksum.crc32c(bytes.bytes))
        try store.replace(directory + "/durable", with: Array(bytes.bytes))
    }

    static func read(_ directory: String, _ store: any FileStore) throws(FileError) -> DurableMark? {
        guard let bytes = try store.contents(of: directory + "/durable") else { return nil }
        return bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            do throws(ByteError) {
                let version = try reader.readBigEndian(Int32.self)
                guard version == 1 || version == Self.version else { return nil }
                let base = try reader.readBigEndian(Int64.self)
                let position = try reader.readBigEndian(Int64.self)
                let end = try reader.readBigEndian(Int64.self)
                var mark = DurableMark(baseOffset: base, position: Int(position), endOffset: end)
                if version > 1 { mark.producers = try ProducerStates(&reader) }
                let covered = UnsafeRawBufferPointer(rebasing: buffer[..<reader.position])
                guard try reader.readBigEndian(UInt32.self) == Checksum.crc32c(covered), reader.remaining == 0 else {
                    return nil
                }
                return mark
            } catch {
                return nil
            }
        }
    }
}

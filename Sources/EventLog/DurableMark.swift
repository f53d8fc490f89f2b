import Base
import Bytes
import FileStore

/// How far a partition's log is known to be durable: a lower bound that tells a torn tail, which was never acknowledged, from
/// acknowledged data that was damaged or lost later.
///
/// The file `durable` in the partition's folder, which Kafka ignores, has three places, one disk sector each: the first is
/// written and synced when a segment is completed or the log is closed; the others in turn after every sync, and not
/// synced themselves, so that they cost no flush and a torn one leaves the others. Big-endian: int32 version 1, int64
/// base offset of the segment, int64 position in it, int64 end offset, uint32 CRC-32C of what is before it. A bad one
/// counts as none; of several the furthest counts.
struct DurableMark: Equatable {
    var baseOffset: Int64
    var position: Int
    var endOffset: Int64

    private static let version: Int32 = 1
    private static let byteCount = 32
    private static let sectorBytes = 512

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

    /// Replaces the file; durable on return.
    func write(_ directory: String, _ store: any FileStore) throws(FileError) {
        try store.replace(Self.path(directory), with: encoded())
    }

    /// Writes the mark into the second or third place; durable with some later sync.
    func note(_ directory: String, _ store: any FileStore, turn: Int) throws(FileError) {
        try store.write(encoded(), to: Self.path(directory), at: (1 + turn % 2) * Self.sectorBytes)
    }

    static func read(_ directory: String, _ store: any FileStore) throws(FileError) -> DurableMark? {
        let bytes = try store.contents(of: path(directory)) ?? []
        return stride(from: 0, to: bytes.count, by: sectorBytes)
            .compactMap { DurableMark(bytes[$0..<min($0 + byteCount, bytes.count)]) }
            .max { ($0.endOffset, $0.position) < ($1.endOffset, $1.position) }
    }

    private static func path(_ directory: String) -> String { directory + "/durable" }

    private func encoded() -> [UInt8] {
        var bytes = ByteWriter(capacity: Self.byteCount)
        bytes.appendBigEndian(Self.version)
        bytes.appendBigEndian(baseOffset)
        bytes.appendBigEndian(Int64(position))
        bytes.appendBigEndian(endOffset)
        bytes.appendBigEndian(Checksum.crc32c(bytes.bytes))
        return Array(bytes.bytes)
    }

    init(baseOffset: Int64, position: Int, endOffset: Int64) {
        self.baseOffset = baseOffset
        self.position = position
        self.endOffset = endOffset
    }

    /// Nil if the bytes are not a mark.
    private init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        let mark: DurableMark? = bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            do throws(ByteError) {
                guard try reader.readBigEndian(Int32.self) == Self.version else { return nil }
                let base = try reader.readBigEndian(Int64.self)
                let position = try reader.readBigEndian(Int64.self)
                let end = try reader.readBigEndian(Int64.self)
                let covered = UnsafeRawBufferPointer(rebasing: buffer[..<reader.position])
                guard try reader.readBigEndian(UInt32.self) == Checksum.crc32c(covered) else { return nil }
                return DurableMark(baseOffset: base, position: Int(position), endOffset: end)
            } catch {
                return nil
            }
        }
        guard let mark else { return nil }
        self = mark
    }
}

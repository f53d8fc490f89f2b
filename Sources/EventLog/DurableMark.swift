import Base
import Bytes
import FileStore

/// How far a partition's log is known to be durable, and what it knew of its producers when a segment was completed.
/// The first is a lower bound that tells a torn tail, which was never acknowledged, from acknowledged data that was
/// damaged or lost later.
///
/// Two files in the partition's folder, which Kafka ignores. `durable` is replaced and synced when a segment is
/// completed or the log is closed; big-endian: int32 version 2, int64 base offset of the segment, int64 position in it,
/// int64 end offset, the producers (``ProducerStates``), uint32 CRC-32C of what is before it. Version 1 had no
/// producers. `durable.notes` has two such marks of version 1, one disk sector each, written in turn after every sync
/// and not synced themselves: they cost no flush, and a torn one leaves the other. A bad mark counts as none; of
/// several the furthest counts.
struct DurableMark: Equatable {
    var baseOffset: Int64
    var position: Int
    var endOffset: Int64
    /// As of ``endOffset``; empty in a note.
    var producers = ProducerStates()

    private static let version: Int32 = 2
    private static let noteVersion: Int32 = 1
    private static let noteBytes = 32
    private static let sectorBytes = 512
    /// More than all producers that a log remembers take.
    private static let bytesMax = 1 << 20

    static func file(_ directory: String) -> String { directory + "/durable" }
    static func notesFile(_ directory: String) -> String { directory + "/durable.notes" }

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
        try store.replace(Self.file(directory), with: encoded(Self.version))
    }

    /// Writes one of the two notes; durable with some later sync.
    func note(_ directory: String, _ store: any FileStore, turn: Int) throws(FileError) {
        let place = turn % 2 * Self.sectorBytes
        try store.write(encoded(Self.noteVersion), to: Self.notesFile(directory), at: place)
    }

    /// The furthest mark; nil if there is none.
    static func read(_ directory: String, _ store: any FileStore) throws(FileError) -> DurableMark? {
        let notes = try store.contents(of: Self.notesFile(directory), max: bytesMax) ?? []
        let marks = stride(from: 0, to: notes.count, by: sectorBytes)
            .map { DurableMark(notes[$0..<min($0 + noteBytes, notes.count)]) }
        return (marks + [try readSealed(directory, store)]).compactMap { $0 }
            .max { ($0.endOffset, $0.position) < ($1.endOffset, $1.position) }
    }

    /// The mark of the last completed segment, with its producers; nil if there is none.
    static func readSealed(_ directory: String, _ store: any FileStore) throws(FileError) -> DurableMark? {
        try store.contents(of: Self.file(directory), max: bytesMax).flatMap { DurableMark($0[...]) }
    }

    private func encoded(_ version: Int32) -> [UInt8] {
        precondition(endOffset >= baseOffset && position >= 0, "A segment ends behind its beginning.")
        var bytes = ByteWriter(capacity: 64)
        bytes.appendBigEndian(version)
        bytes.appendBigEndian(baseOffset)
        bytes.appendBigEndian(Int64(position))
        bytes.appendBigEndian(endOffset)
        if version == Self.version { producers.write(to: &bytes) }
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
        let mark: DurableMark? = bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            do throws(ByteError) {
                let version = try reader.readBigEndian(Int32.self)
                guard version == Self.noteVersion || version == Self.version else { return nil }
                let base = try reader.readBigEndian(Int64.self)
                let position = try reader.readBigEndian(Int64.self)
                let end = try reader.readBigEndian(Int64.self)
                var mark = DurableMark(baseOffset: base, position: Int(clamping: position), endOffset: end)
                if version == Self.version { mark.producers = try ProducerStates(&reader) }
                let covered = UnsafeRawBufferPointer(rebasing: buffer[..<reader.position])
                guard try reader.readBigEndian(UInt32.self) == Checksum.crc32c(covered), reader.remaining == 0,
                    (0...LogLimits.offset).contains(base), (base...LogLimits.offset).contains(end),
                    (0...Int64(LogLimits.segmentBytes)).contains(position)
                else { return nil }
                return mark
            } catch {
                return nil
            }
        }
        guard let mark else { return nil }
        self = mark
    }
}

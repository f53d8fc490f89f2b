public import Base

/// Offsets whose records were lost to damage, and that a repair has marked as lost.
public struct LostRange: Sendable, Hashable, CustomStringConvertible {
    public var offset: LogOffset
    /// The first offset behind the range.
    public var nextOffset: LogOffset
    /// The file in which the damaged bytes are kept, or why there is none.
    public var quarantine: String

    /// How the reason begins that the records of such a range are rejected for.
    public static let reason = "lost to damage of the log: "

    public var count: Int { Int(nextOffset.rawValue - offset.rawValue) }

    public var description: String {
        "offset \(offset) to \(nextOffset.advanced(by: -1)) lost, \(count) records; \(quarantine)"
    }
}

/// What stands in the log for records that are lost: as many records with an empty value and a header that says so.
/// Every reader, Kafka's too, finds the offsets that it expects and goes on; nobody can take them for events.
///
/// Headers of each: `lost` (where the damaged bytes are kept), and one named by the caller with the reason in words.
enum LostRecords {
    static let headerName = "lost"

    /// How many records go into one batch.
    static let recordsPerBatch: Int64 = 4096

    /// More than this is no damage to a log of ours, but a wrong offset somewhere.
    static let countMax: Int64 = 1 << 26

    /// Hands out the batches that stand for the range, in order.
    static func batches<Failure>(
        for range: LostRange,
        timestampMilliseconds time: Int64,
        reason: RecordHeader,
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let builder = RecordBatchBuilder()
        let headers = [RecordHeader(headerName, Array(range.quarantine.utf8)), reason]
        var offset = range.offset.rawValue
        while offset < range.nextOffset.rawValue {
            let end = min(offset + recordsPerBatch, range.nextOffset.rawValue)
            builder.removeAll()
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            for _ in offset..<end {
                builder.add(timestampMilliseconds: time, key: nil, value: nothing, headers: headers)
            }
            let bytes: UnsafeRawBufferPointer
            do throws(LogError) {
                bytes = try builder.encode(baseOffset: offset, compression: .lz4)
            } catch {
                preconditionFailure("So many empty records are far below the limit.")
            }
            try body(bytes)
            offset = end
        }
    }
}

extension RecordBatch {
    /// The offsets that the batch marks as lost; nil for a batch of events.
    public var lostRange: LostRange? {
        guard let first = records.first, first.hasHeaders,
            let header = headers(of: first).first(where: { $0.name == LostRecords.headerName })
        else { return nil }
        let offset = LogOffset(baseOffset)
        let words = String(decoding: header.value, as: UTF8.self)
        return LostRange(offset: offset, nextOffset: offset.advanced(by: count), quarantine: words)
    }
}

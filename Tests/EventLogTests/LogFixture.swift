import Base
import Bytes
import EventLog
import FileStore
import TestKit

/// A record as tests compare it.
struct Event: Equatable {
    var time: Int64
    var key: [UInt8]?
    var value: [UInt8]
    var headers: [RecordHeader] = []

    init(_ time: Int64, _ value: String, key: String? = nil, headers: [RecordHeader] = []) {
        self.time = time
        self.key = key.map { Array($0.utf8) }
        self.value = Array(value.utf8)
        self.headers = headers
    }
}

let folder = "log/payments-0"

func segmentFile(_ base: Int, _ ending: String = "log") -> String {
    let digits = String(base)
    return "\(folder)/\(String(repeating: "0", count: 20 - digits.count))\(digits).\(ending)"
}

func open(
    _ store: any FileStore,
    _ settings: LogSettings = LogSettings(),
    durable: Int = 0
) throws -> PartitionLog {
    try PartitionLog(directory: folder, store: store, settings: settings, durable: LogOffset(Int64(durable)))
}

extension PartitionLog {
    @discardableResult
    func append(_ events: [Event]) throws -> LogOffset {
        let builder = RecordBatchBuilder()
        for event in events {
            event.value.withUnsafeBytes { value in
                if let key = event.key {
                    key.withUnsafeBytes { key in
                        builder.add(timestampMilliseconds: event.time, key: key, value: value, headers: event.headers)
                    }
                } else {
                    builder.add(timestampMilliseconds: event.time, key: nil, value: value, headers: event.headers)
                }
            }
        }
        return try append(builder)
    }
}

extension RecordBatch {
    var events: [Event] {
        records.map { record in
            var event = Event(record.timestampMilliseconds, "")
            event.key = record.key.map { Array(bytes[$0]) }
            event.value = Array(bytes[record.value])
            event.headers = headers(of: record)
            return event
        }
    }
}

/// Every record from the offset on, with its offset.
func readAll(_ store: any FileStore, from offset: Int64 = 0) throws -> [Int64: Event] {
    try readAll(PartitionReader(directory: folder, store: store, from: LogOffset(offset)))
}

func readAll(_ reader: PartitionReader) throws -> [Int64: Event] {
    let batch = RecordBatch()
    var found: [Int64: Event] = [:]
    while try reader.next(into: batch) {
        for (index, event) in batch.events.enumerated() { found[batch.baseOffset + Int64(index)] = event }
    }
    return found
}

/// Batches of one to four events with growing times and values that do not compress to nothing.
func makeBatches(_ count: Int, seed: UInt64, valueBytesMax: Int = 60) -> [[Event]] {
    var random = Seeded(seed: seed)
    var time: Int64 = 1_700_000_000_000
    return (0..<count).map { _ in
        (0..<random.below(4) + 1).map { _ in
            time += Int64(random.below(50))
            var event = Event(time, "", key: random.below(3) == 0 ? nil : "k\(random.below(9))")
            event.value = (0..<random.below(valueBytesMax)).map { _ in UInt8(random.below(256)) }
            if random.below(5) == 0 { event.headers = [RecordHeader("n", [UInt8(random.below(256))])] }
            return event
        }
    }
}

/// The events of batches under the offsets that they get in an empty log.
func numbered(_ batches: [[Event]]) -> [Int64: Event] {
    var found: [Int64: Event] = [:]
    for event in batches.joined() { found[Int64(found.count)] = event }
    return found
}

/// Makes the length and the checksum of one batch right.
func sealed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    bytes.replaceSubrange(8..<12, with: bigEndian(UInt32(bytes.count - 12)))
    bytes.replaceSubrange(17..<21, with: bigEndian(Checksum.crc32c(Array(bytes[21...]))))
    return bytes
}

func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}

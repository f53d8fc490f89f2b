import Base
import Bytes
import EventLog
import FileStore
import TestKit
import Testing

/// Goal: what is written is Kafka's record batch v2, to the byte; what is read is checked before it is believed.
///
/// Method: golden bytes made by an independent encoder; batches changed byte by byte, with the checksum made right again,
/// so that the checks behind the checksum are what is tested.
@Suite("Record batches")
struct BatchFormatTests {
    private static let golden = [
        "0000000000000007000000590000000002",  // offset, length, epoch, magic
        "46516291000000000001",  // checksum, attributes, last delta
        "0000018bcfe568000000018bcfe56800",  // times
        "ffffffffffffffffffffffffffff00000002",  // no producer, two records
        "3e000000047031187b22616d6f756e74223a317d020c736f75726365066120310e00f30302010000",  // records
    ].joined()

    @Test func anUncompressedBatchHasKafkasBytes() throws {
        let store = CrashingStore()
        var settings = LogSettings()
        settings.compression = .none
        let log = try open(store, settings)
        try log.append((0..<7).map { Event($0, "x") })
        let start = store.bytes(of: segmentFile(0)).count
        try log.append([
            Event(1_700_000_000_000, "{\"amount\":1}", key: "p1", headers: [RecordHeader("source", Array("a 1".utf8))]),
            Event(1_699_999_999_750, ""),
        ])
        let bytes = store.bytes(of: segmentFile(0)).dropFirst(start)
        #expect(bytes.map { hexadecimal($0) }.joined() == Self.golden)
    }

    @Test func anLZ4BatchIsOneFrameAsKafkasReaderTakesIt() throws {
        let store = CrashingStore()
        let log = try open(store)
        // Over two blocks of 64 KiB, one of which does not compress.
        var random = Seeded(seed: 5)
        var noise = Event(1, "")
        noise.value = (0..<90_000).map { _ in UInt8(random.below(256)) }
        let events = [Event(0, String(repeating: "a", count: 80_000)), noise]
        try log.append(events)
        let bytes = store.bytes(of: segmentFile(0))
        // Version 1, independent blocks, no checksums; 64 KiB; the header's own checksum; the end mark.
        #expect(Array(bytes[21..<23]) == [0, 3])
        #expect(Array(bytes[61..<68]) == [0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82])
        #expect(Array(bytes.suffix(4)) == [0, 0, 0, 0])
        #expect(bytes.count < 100_000)
        #expect(try readAll(store) == numbered([events]))
    }

    @Test(arguments: [LogSettings.Compression.none, .lz4])
    func recordsComeBackAsTheyWere(compression: LogSettings.Compression) throws {
        let store = CrashingStore()
        var settings = LogSettings()
        settings.compression = compression
        let log = try open(store, settings)
        let long = RecordHeader("a", [UInt8](repeating: 7, count: 300))
        let events = [
            Event(Int64.max, "", key: ""), Event(Int64.min, "value"), Event(-1, "", key: "k"),
            Event(0, "é", key: "ключ", headers: [RecordHeader("", []), RecordHeader("名", [0, 255])]),
            Event(5, String(repeating: "long ", count: 5000), headers: [long]),
        ]
        #expect(try log.append(events) == LogOffset(0))
        #expect(try log.append([Event(6, "next")]) == LogOffset(5))
        #expect(try readAll(store) == numbered([events, [Event(6, "next")]]))
    }

    /// Every byte under the checksum takes several values, the checksum is made right, and reading ends in records or in
    /// an error, whatever was claimed.
    @Test func liesBehindARightChecksumAreErrorsNotCrashes() throws {
        for compression in [LogSettings.Compression.none, .lz4] {
            var settings = LogSettings()
            settings.compression = compression
            let store = CrashingStore()
            let last = Event(9, "v", headers: [RecordHeader("h", [1])])
            try open(store, settings).append(makeBatches(1, seed: 3)[0] + [last])
            let whole = store.bytes(of: segmentFile(0))
            var refused = 0
            for position in stride(from: 21, to: whole.count, by: Seeds.share) {
                for value: UInt8 in [0, 1, 2, 0x7F, 0x80, 0xFF, whole[position] ^ 1] where value != whole[position] {
                    var bytes = whole
                    bytes[position] = value
                    store.set(sealed(bytes), for: segmentFile(0))
                    do {
                        _ = try readAll(store)
                    } catch is LogError {
                        refused += 1
                    }
                }
            }
            #expect(refused > whole.count / Seeds.share)
        }
    }

    @Test func aSmallFrameThatUnpacksToHundredsOfMegabytesIsRefused() throws {
        // One block: a zero byte, a match of almost 4 MiB with it, five literals.
        var block: [UInt8] = [0x1F, 0, 1, 0]
        block += [UInt8](repeating: 255, count: 16_000) + [0]
        block += [0x50, 0, 0, 0, 0, 0]
        var frame: [UInt8] = [0x04, 0x22, 0x4D, 0x18, 0x60, 0x70, 0x73]
        for _ in 0..<40 { frame += littleEndian(UInt32(block.count)) + block }
        frame += [0, 0, 0, 0]
        let store = CrashingStore()
        try open(store).append([Event(1, "x")])
        let header = Array(store.bytes(of: segmentFile(0)).prefix(61))
        store.set(sealed(header + frame), for: segmentFile(0))
        let error = #expect(throws: LogError.self) { try readAll(store) }
        #expect(error?.description.contains("unpacks to more than") == true)
    }

    @Test func aBatchOverTheLimitIsRefusedBeforeAnythingIsWritten() throws {
        let store = CrashingStore()
        let log = try open(store)
        let large = Event(1, String(repeating: "0", count: LogLimits.uncompressedBytes))
        #expect(throws: LogError.self) { try log.append([large]) }
        #expect(store.bytes(of: segmentFile(0)).isEmpty)
        #expect(try log.append([Event(1, "x")]) == LogOffset(0))
    }

    @Test func otherCodecsAreNamed() throws {
        for (codec, name) in [(1, "gzip"), (2, "snappy"), (4, "zstd"), (7, "codec 7")] {
            let store = CrashingStore()
            let log = try open(store)
            try log.append([Event(1, "x")])
            var bytes = store.bytes(of: segmentFile(0))
            bytes[22] = UInt8(codec)
            store.set(sealed(bytes), for: segmentFile(0))
            try open(store).append([Event(2, "y")])
            let reader = PartitionReader(directory: folder, store: store)
            let damage = try LogReport.verify(directory: folder, store: store).damage
            #expect(damage.map(\.fault) == [.codec(name)])
            let expected = LogError.damaged(try #require(damage.first))
            #expect(throws: expected) { try readAll(reader) }
            #expect(expected.description.contains("compressed with \(name), which this program does not read"))
            #expect(throws: expected) { try readAll(reader) }
            #expect(reader.skipUnreadable() == LogOffset(1))
            #expect(try readAll(reader) == [1: Event(2, "y")])
        }
    }

    private func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

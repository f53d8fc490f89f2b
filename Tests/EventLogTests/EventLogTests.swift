import Base
import EventLog
import FileStore
import Foundation
import TestKit
import Testing

/// Goal: what was appended and synced is there after a power cut, in order; a torn tail is cut and nothing else is.
@Suite struct EventLogTests {
    private static let directory = "log/t-0"
    private static let file = "log/t-0/00000000000000000000.log"

    private static func batch(
        _ values: [String],
        key: String? = nil,
        headers: [RecordHeader] = []
    ) -> RecordBatchBuilder {
        let builder = RecordBatchBuilder()
        for (index, value) in values.enumerated() {
            Array(value.utf8).withUnsafeBytes { bytes in
                let key = key.map { Array($0.utf8) }
                if let key {
                    key.withUnsafeBytes {
                        builder.add(timestampMilliseconds: Int64(1000 + index), key: $0, value: bytes, headers: headers)
                    }
                } else {
                    builder.add(timestampMilliseconds: Int64(1000 - index), key: nil, value: bytes, headers: headers)
                }
            }
        }
        return builder
    }

    private static func values(_ store: any FileStore, from offset: Int64 = 0) throws -> [String] {
        let reader = PartitionReader(directory: directory, store: store, from: LogOffset(offset))
        let batch = RecordBatch()
        var found: [String] = []
        while try reader.next(into: batch) {
            for (index, record) in batch.records.enumerated() where batch.baseOffset + Int64(index) >= offset {
                found.append(String(decoding: batch.bytes[record.value], as: UTF8.self))
            }
        }
        return found
    }

    @Test func recordsComeBackWithKeysTimesAndHeaders() throws {
        let store = CrashingStore(seed: 1)
        let log = try PartitionLog(directory: Self.directory, store: store)
        let headers = [RecordHeader("source", [1, 2, 3]), RecordHeader("empty", [])]
        #expect(try log.append(Self.batch(["a", "", "ccc"], key: "k", headers: headers)).rawValue == 0)
        #expect(try log.append(Self.batch(["d"])).rawValue == 3)
        let reader = log.reader(from: LogOffset(0))
        let batch = RecordBatch()
        #expect(try reader.next(into: batch))
        #expect(batch.records.map { $0.timestampMilliseconds } == [1000, 1001, 1002])
        #expect(batch.headers(of: batch.records[2]) == headers)
        #expect(batch.records[1].key.map { Array(batch.bytes[$0]) } == Array("k".utf8))
        #expect(batch.records[1].value.isEmpty)
        #expect(try reader.next(into: batch))
        #expect(batch.records[0].key == nil)
        #expect(try !reader.next(into: batch))
    }

    /// The header's bytes as Kafka's format description has them.
    @Test func headerIsKafkas() throws {
        let store = CrashingStore(seed: 1)
        let log = try PartitionLog(directory: Self.directory, store: store)
        _ = try log.append(Self.batch(["x", "y"]))
        let bytes = store.bytes(of: Self.file)
        #expect(Array(bytes[0..<8]) == [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(bytes[8..<12].reduce(0) { $0 << 8 | Int($1) } == bytes.count - 12)
        #expect(bytes[16] == 2)
        #expect(Array(bytes[21..<23]) == [0, 3])
        #expect(Array(bytes[23..<27]) == [0, 0, 0, 1])
        #expect(Array(bytes[57..<61]) == [0, 0, 0, 2])
        #expect(Array(bytes[61..<67]) == [0x04, 0x22, 0x4D, 0x18, 0x60, 0x40])
    }

    @Test func everyTornTailIsCut() throws {
        let whole = CrashingStore(seed: 1)
        let log = try PartitionLog(directory: Self.directory, store: whole)
        _ = try log.append(Self.batch(["first", "second"]))
        let kept = whole.bytes(of: Self.file).count
        _ = try log.append(Self.batch(["third"]))
        let bytes = whole.bytes(of: Self.file)
        for size in kept..<bytes.count {
            let store = CrashingStore(seed: 1)
            store.set(Array(bytes[..<size]), for: Self.file)
            let reopened = try PartitionLog(directory: Self.directory, store: store)
            #expect(reopened.recovery.tornBytes == size - kept)
            #expect(reopened.endOffset.rawValue == 2)
            #expect(try Self.values(store) == ["first", "second"])
            _ = try reopened.append(Self.batch(["again"]))
            #expect(try Self.values(store) == ["first", "second", "again"])
        }
    }

    @Test func damageInTheMiddleIsKeptAndReported() throws {
        let store = CrashingStore(seed: 1)
        let log = try PartitionLog(directory: Self.directory, store: store)
        for value in ["a", "b", "c"] { _ = try log.append(Self.batch([value])) }
        var bytes = store.bytes(of: Self.file)
        bytes[bytes.count / 2] ^= 1
        store.set(bytes, for: Self.file)
        let reopened = try PartitionLog(directory: Self.directory, store: store)
        #expect(reopened.recovery.damage.count == 1)
        #expect(reopened.recovery.tornBytes == 0)
        #expect(store.bytes(of: Self.file) == bytes)
        #expect(reopened.endOffset.rawValue == 3)
        #expect(throws: LogError.self) { try Self.values(store) }
        let report = try LogReport.verify(directory: Self.directory, store: store)
        #expect(report.damage.count == 1)
        #expect(report.segments[0].records == 2)
    }

    @Test func segmentsRollAndOffsetsAreFound() throws {
        let store = CrashingStore(seed: 1)
        var settings = LogSettings()
        settings.segmentBytes = 2000
        let log = try PartitionLog(directory: Self.directory, store: store, settings: settings)
        var expected: [String] = []
        for index in 0..<200 {
            let values = (0...index % 3).map { "value \(index) \($0) \(String(repeating: "z", count: index % 50))" }
            _ = try log.append(Self.batch(values))
            expected += values
        }
        #expect(try store.list(Self.directory).filter { $0.hasSuffix(".log") }.count > 5)
        #expect(try Self.values(store) == expected)
        for offset in stride(from: 0, to: expected.count, by: 17) {
            #expect(try Self.values(store, from: Int64(offset)) == Array(expected[offset...]))
        }
        try log.close()
        let reopened = try PartitionLog(directory: Self.directory, store: store, settings: settings)
        #expect(reopened.endOffset.rawValue == Int64(expected.count))
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func syncedSurvivesPowerCuts(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let store = CrashingStore(seed: seed &* 31)
        var settings = LogSettings()
        settings.segmentBytes = 600
        var acknowledged: [String] = []
        var serial = 0
        for _ in 0..<4 {
            let log = try PartitionLog(directory: Self.directory, store: store, settings: settings)
            let found = try Self.values(store)
            #expect(Array(found.prefix(acknowledged.count)) == acknowledged)
            acknowledged = found
            var pending = found
            store.failurePercent = 5
            for _ in 0..<random.below(20) {
                let values = (0...random.below(3)).map { _ in
                    serial += 1
                    return "event \(serial)"
                }
                do {
                    _ = try log.append(Self.batch(values))
                    pending += values
                    if random.below(2) == 0 {
                        try log.sync()
                        acknowledged = pending
                    }
                } catch {
                    #expect(throws: LogError.failed(directory: Self.directory)) { try log.append(Self.batch(["x"])) }
                    break
                }
            }
            store.crash()
        }
    }

    /// Random bytes and random changes of a real segment: errors, never traps or endless loops.
    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func hostileSegmentsAreRefused(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let store = CrashingStore(seed: 1)
        let log = try PartitionLog(directory: Self.directory, store: store)
        for index in 0..<5 { _ = try log.append(Self.batch(["value \(index)"], key: "k")) }
        var bytes = store.bytes(of: Self.file)
        for _ in 0...random.below(6) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
        store.set(bytes, for: Self.file)
        _ = try LogReport.verify(directory: Self.directory, store: store)
        do { _ = try Self.values(store) } catch let error as LogError { #expect(!error.description.isEmpty) }
    }

    /// Segments that Kafka's own code wrote (uncompressed and LZ4 batches among them) are walked to their first batch of
    /// another codec.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: sharedFolder + "/data/kafka/segments")))
    func readsKafkasOwnSegments() throws {
        let store = DiskStore(root: sharedFolder + "/data/kafka")
        let report = try LogReport.verify(directory: "segments", store: store)
        #expect(report.segments.reduce(0) { $0 + $1.records } == 8724)
        #expect(report.segments.reduce(0) { $0 + $1.batches } == 400)
        // Only codecs that this program does not read are complained about.
        #expect(report.damage.allSatisfy { $0.words.contains("codec") })
    }

    @Test func aSecondWriterIsToldWhoHoldsTheLock() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/patternalarm-lock-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let first = try DirectoryLock(folder)
        #expect(throws: DirectoryLock.Failure.heldBy(pid: "\(getpid())", directory: folder)) {
            try DirectoryLock(folder)
        }
        withExtendedLifetime(first) {}
        try FileManager.default.removeItem(atPath: folder)
    }
}

/// Recorded data that is not part of this package; tests that need it are skipped where it is absent.
private let sharedFolder =
    ProcessInfo.processInfo.environment["PATTERNALARM_SHARED"]
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../../shared"

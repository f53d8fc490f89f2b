import Base
import EventLog
import FileStore
import Foundation
import TestKit
import Testing

/// Goal: segments that Apache Kafka wrote are read, and our indexes for them are Kafka's, to the byte.
///
/// Method: three segments written by Kafka's own classes, in all five codecs, with idempotent producers and both timestamp
/// types. They are outside the package: `PATTERNALARM_SHARED` names the folder, `../shared` beside the package if unset.
@Suite("Kafka's own segments", .enabled(if: KafkaSegments.areThere, "no data/kafka/segments in the shared folder"))
struct KafkaSegmentTests {
    /// A copy of Kafka's files in memory, and what their bytes were.
    private func load() throws -> (store: CrashingStore, files: [String: [UInt8]]) {
        let disk = DiskStore(root: KafkaSegments.shared)
        let store = CrashingStore()
        var files: [String: [UInt8]] = [:]
        for name in try disk.list(KafkaSegments.source) {
            let bytes = try #require(try disk.contents(of: "\(KafkaSegments.source)/\(name)"))
            files["\(folder)/\(name)"] = bytes
            store.set(bytes, for: "\(folder)/\(name)")
        }
        return (store, files)
    }

    @Test func everyBatchIsReadOrNamed() throws {
        let (store, _) = try load()
        let reader = PartitionReader(directory: folder, store: store)
        let batch = RecordBatch()
        var records = 0
        var tombstones = 0
        var skipped: [String: Int] = [:]
        var expected: Int64 = 0
        while true {
            do throws(LogError) {
                guard try reader.next(into: batch) else { break }
                #expect(batch.baseOffset == expected)
                for (index, record) in batch.records.enumerated() {
                    let offset = expected + Int64(index)
                    let value = String(decoding: batch.bytes[record.value], as: UTF8.self)
                    // About every ninth record was written with a null value.
                    #expect(value.hasPrefix("{\"tx\":\(offset),") != record.isTombstone)
                    if record.isTombstone { tombstones += 1 }
                }
                records += batch.count
                expected = reader.nextOffset.rawValue
            } catch {
                guard case .damaged(let damage) = error, case .codec(let codec) = damage.fault else { throw error }
                #expect(damage.offset.rawValue == expected)
                skipped[codec, default: 0] += 1
                expected = reader.skipUnreadable().rawValue
            }
        }
        #expect(records > 1000)
        #expect(tombstones > records / 20 && tombstones < records / 6)
        #expect(Set(skipped.keys) == ["gzip", "snappy", "zstd"])
        let report = try LogReport.verify(directory: folder, store: store)
        #expect(report.tornTail == nil && report.indexFaults.isEmpty)
        #expect(report.damage.count == skipped.values.reduce(0, +))
        #expect(report.batches == 162 + 176 + 62)
        #expect(report.records == 8724 && expected == 8724)
    }

    @Test func ourIndexesAreKafkas() throws {
        let (store, files) = try load()
        for name in files.keys where !name.hasSuffix(".log") { try store.remove(name) }
        let log = try open(store)
        try log.close()
        for (name, bytes) in files { #expect(store.bytes(of: name) == bytes, "\(name) differs.") }
    }

    @Test func ourLogGoesOnWhereKafkasEnds() throws {
        let (store, _) = try load()
        let end = try LogReport.verify(directory: folder, store: store).records
        let log = try open(store)
        #expect(try log.append([Event(1_800_000_000_000, "ours")]) == LogOffset(Int64(end)))
        let found = try readAll(log.reader(from: LogOffset(Int64(end))))
        #expect(found == [Int64(end): Event(1_800_000_000_000, "ours")])
    }
}

private enum KafkaSegments {
    static let source = "data/kafka/segments"

    static let shared: String = {
        if let named = ProcessInfo.processInfo.environment["PATTERNALARM_SHARED"] { return named }
        let package = directoryName(of: directoryName(of: directoryName(of: #filePath)))
        return directoryName(of: package) + "/shared"
    }()

    static var areThere: Bool {
        FileManager.default.fileExists(atPath: "\(shared)/\(source)/00000000000000000000.log")
    }
}

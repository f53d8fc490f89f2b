import Base
import Bytes
import EventLog
import FileStore
import TestKit
import Testing

/// Goal: no value in a file of a log traps, hangs or is believed against reason, whatever its checksum; and the way out that
/// is offered is one.
///
/// Method: batches, indexes, marks, manifests and consumers' files with right checksums and extreme fields, drawn from a
/// seed; all readers run over each, then the repair, then all readers again.
@Suite("Hostile log")
struct HostileLogTests {
    /// What arithmetic goes wrong with.
    private static let nasty: [Int64] = [
        0, 1, -1, 2, 6, 7, 60, 61, 127, 128, 4096, 1 << 26, 1 << 31, 1 << 32, 1 << 53, 1 << 62, .max, .min, .max - 1,
        .min + 1,
        Int64(Int32.max), Int64(Int32.min), Int64(Int32.max) - 1, .max - Int64(Int32.max), (1 << 62) + 1, (1 << 62) - 1,
        .max / 1000, .min / 1000, 1_700_000_000_000, Int64(Int16.max), -2, 9_586_981, 9_586_980,
    ]

    /// Where a batch's fields are, and how wide they are.
    private static let fields: [(at: Int, width: Int)] = [
        (0, 8), (12, 4), (21, 2), (23, 4), (27, 8), (35, 8), (43, 8), (51, 2), (53, 4), (57, 4),
    ]

    private var random: Seeded

    init() { random = Seeded(seed: 0) }

    private mutating func value() -> Int64 {
        random.below(4) == 0 ? Int64(bitPattern: random.next()) : Self.nasty[random.below(Self.nasty.count)]
    }

    private mutating func flip() -> Bool { random.below(2) == 0 }

    private static func varint(_ value: Int64) -> [UInt8] {
        withUnsafeTemporaryAllocation(byteCount: Varint.sizeMax, alignment: 1) { buffer in
            guard let start = buffer.baseAddress else { return [] }
            let count = Varint.write(value, to: start)
            return Array(buffer[..<count])
        }
    }

    /// A record with fields of any value, or one that is right.
    private mutating func record(_ index: Int) -> [UInt8] {
        var body: [UInt8] = [0]
        let wrong = random.below(12)
        func field(_ number: Int, _ right: Int64, _ value: Int64) -> [UInt8] {
            Self.varint(wrong == number ? value : right)
        }
        body += field(0, Int64(random.below(100)), value())
        body += field(1, Int64(index), value())
        body += field(2, 1, value()) + [0x6B]
        body += field(3, 2, value()) + [0x76, 0x77]
        body += field(4, 1, value()) + field(5, 1, value()) + [0x6E] + field(6, 1, value()) + [0x31]
        return field(7, Int64(body.count), value()) + body
    }

    /// A batch with a right checksum, some of whose fields are not.
    private mutating func batch(at offset: Int64, records count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 61)
        bytes.replaceSubrange(0..<8, with: bigEndian(offset))
        bytes[16] = 2
        bytes.replaceSubrange(23..<27, with: bigEndian(Int32(count - 1)))
        bytes.replaceSubrange(43..<57, with: [UInt8](repeating: 255, count: 14))
        bytes.replaceSubrange(57..<61, with: bigEndian(Int32(count)))
        for index in 0..<count { bytes += record(index) }
        for _ in 0..<random.below(3) {
            let field = Self.fields[random.below(Self.fields.count)]
            bytes.replaceSubrange(field.at..<field.at + field.width, with: bigEndian(value()).suffix(field.width))
        }
        return sealed(bytes)
    }

    private mutating func segment(from base: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        var offset = base
        for _ in 0..<random.below(5) {
            let count = random.below(4) + 1
            bytes += batch(at: offset, records: count)
            offset &+= Int64(count)
        }
        if random.below(4) == 0 { bytes += [UInt8](repeating: 0, count: random.below(300)) }
        return bytes
    }

    /// Values with a right checksum behind them.
    private func checked(_ bytes: [UInt8]) -> [UInt8] { bytes + bigEndian(Checksum.crc32c(bytes)) }

    private mutating func mark() -> [UInt8] {
        let version = flip() ? 1 : 2
        var bytes = bigEndian(Int32(version)) + bigEndian(value()) + bigEndian(value()) + bigEndian(value())
        guard version == 2 else { return checked(bytes) }
        let producers = random.below(3)
        bytes += bigEndian(Int32(random.below(8) == 0 ? Int32(truncatingIfNeeded: value()) : Int32(producers)))
        for _ in 0..<producers {
            let batches = random.below(9)
            bytes += bigEndian(value()) + bigEndian(Int16(truncatingIfNeeded: value())) + [UInt8(batches)]
            for _ in 0..<batches {
                bytes += bigEndian(Int32(truncatingIfNeeded: value())) + bigEndian(Int32(truncatingIfNeeded: value()))
                bytes += bigEndian(value())
            }
        }
        return checked(bytes)
    }

    private mutating func named(_ name: String, offsets count: Int) -> [UInt8] {
        let length = random.below(8) == 0 ? Int32(truncatingIfNeeded: value()) : Int32(name.utf8.count)
        var bytes = bigEndian(Int32(1)) + bigEndian(Int32(1)) + bigEndian(length) + Array(name.utf8)
        for _ in 0..<count { bytes += bigEndian(flip() ? value() : Int64(random.below(20))) }
        return checked(bytes)
    }

    private mutating func index(ofTimes isOfTimes: Bool) -> [UInt8] {
        (0..<random.below(4)).flatMap { _ in
            let first = isOfTimes ? bigEndian(value()) : bigEndian(Int32(truncatingIfNeeded: value()))
            return first + bigEndian(Int32(truncatingIfNeeded: value()))
        }
    }

    private mutating func store(seed: UInt64) -> CrashingStore {
        random = Seeded(seed: seed)
        let store = CrashingStore(seed: seed)
        var base: Int64 = random.below(4) == 0 ? max(0, value()) : 0
        for _ in 0..<random.below(3) + 1 {
            store.set(segment(from: base), for: segmentFile(Int(base)))
            if flip() { store.set(index(ofTimes: false), for: segmentFile(Int(base), "index")) }
            if flip() { store.set(index(ofTimes: true), for: segmentFile(Int(base), "timeindex")) }
            base = flip() ? max(0, value()) : min(base, .max - 20) + Int64(random.below(12))
        }
        if flip() { store.set(mark(), for: "\(folder)/durable") }
        if flip() { store.set(mark(), for: "\(folder)/durable.notes") }
        if random.below(3) == 0 { store.set(named("payments-0", offsets: 2), for: "log/manifest") }
        if random.below(3) == 0 { store.set(named("payments-0", offsets: 1), for: "log/consumers/c") }
        return store
    }

    /// Runs something that may be refused, in the log's own words.
    private func mayRefuse(_ body: () throws(LogError) -> Void) {
        do throws(LogError) { try body() } catch { #expect(!error.description.isEmpty) }
    }

    private func read(_ store: CrashingStore, from offset: Int64) throws(LogError) {
        let reader = PartitionReader(directory: folder, store: store, from: LogOffset(offset))
        let batch = RecordBatch()
        for _ in 0..<60 {
            do throws(LogError) {
                guard try reader.next(into: batch) else { return }
                for record in batch.records { _ = batch.headers(of: record) }
                _ = batch.lostRange
            } catch {
                reader.skipUnreadable()
            }
        }
    }

    private func readEverything(_ store: CrashingStore) {
        mayRefuse { () throws(LogError) in
            let report = try LogReport.verify(directory: folder, store: store)
            for damage in report.damage { #expect(!damage.description.isEmpty) }
            for segment in report.segments {
                #expect(!TimeParser.text(milliseconds: segment.largestTimestampMilliseconds).isEmpty)
            }
        }
        mayRefuse { () throws(LogError) in _ = try LogManifest.missing(store: store) }
        mayRefuse { () throws(LogError) in _ = try PartitionReader.bounds(directory: folder, store: store) }
        for offset in Self.nasty where offset >= 0 {
            mayRefuse { () throws(LogError) in try read(store, from: offset) }
        }
        for time in Self.nasty {
            let reader = PartitionReader(directory: folder, store: store)
            mayRefuse { () throws(LogError) in _ = try reader.offset(atOrAfter: time) }
            mayRefuse { () throws(LogError) in _ = try reader.seek(toTime: time) }
        }
        mayRefuse { () throws(LogError) in
            let consumers = ConsumerOffsets(store: store)
            for name in try consumers.consumers() {
                for lag in try consumers.lag(of: name, ends: ["payments-0": LogOffset(7)]) { #expect(lag.records <= 7) }
            }
        }
    }

    private func changeEverything(_ store: CrashingStore) {
        mayRefuse { () throws(LogError) in
            let retention = LogRetention(store: store)
            let policy = RetentionPolicy(bytes: 10, ageMilliseconds: 5)
            for decision in try retention.plan([folder], policy: policy, needed: nil) {
                try retention.remove(decision.segment)
            }
        }
        mayRefuse { () throws(LogError) in
            let log = try PartitionLog(directory: folder, store: store)
            let builder = RecordBatchBuilder()
            builder.producer = ProducerSequence(id: 1, epoch: 0, first: 0)
            builder.add(timestampMilliseconds: .min, key: nil, value: UnsafeRawBufferPointer(start: nil, count: 0))
            _ = try log.append(builder)
            try log.close()
        }
    }

    @Test func noValueTraps() {
        var tests = self
        for seed in Seeds.upTo(1500) {
            let store = tests.store(seed: seed)
            readEverything(store)
            changeEverything(store.copy())
        }
    }

    /// What a repair has not refused can be read to its end, and taken up again.
    @Test func theWayOutIsOne() throws {
        var tests = self
        var repaired = 0
        for seed in Seeds.upTo(1000) {
            let store = tests.store(seed: seed)
            do throws(LogError) {
                if try LogManifest.read(store: store) == nil { store.set([], for: "other") }
            } catch {
                try LogManifest.rebuild(partitions: ["payments-0"], quarantine: "quarantine", store: store)
            }
            let repair = LogRepair(directory: folder, quarantine: "quarantine", reasonHeader: "reject", store: store)
            // What takes long to fill up is filled up like the rest.
            guard try repair.plan().allSatisfy({ $0.recordCount < 5000 || $0.isAccepted }) else { continue }
            let entries = try repair.run()
            readEverything(store)
            guard !entries.isEmpty, !entries.contains(where: \.isRefused) else { continue }
            repaired += 1
            let left = try LogReport.verify(directory: folder, store: store).damage
            #expect(left.isEmpty, "seed \(seed): \(left.map(\.description))")
            try open(store).append([Event(1, "next")])
            #expect(try readAll(store).values.contains(Event(1, "next")), "seed \(seed)")
        }
        #expect(repaired > 100)
    }

    /// A count that cannot be right is not believed, however right the checksum: what follows keeps its offsets.
    @Test(arguments: [Int32.max, 1000, 5_000_000, -1, 0] as [Int32])
    func aCountThatCannotBeRightIsNotBelieved(count: Int32) throws {
        for isLast in [false, true] {
            let store = CrashingStore()
            let log = try open(store)
            for number in 0..<3 { try log.append([Event(1, "value \(number)")]) }
            try log.close()
            var bytes = store.bytes(of: segmentFile(0))
            let size = bytes.count / 3
            let bad = (isLast ? 2 : 1) * size
            var batch = Array(bytes[bad..<bad + size])
            batch.replaceSubrange(23..<27, with: bigEndian(count &- 1))
            batch.replaceSubrange(57..<61, with: bigEndian(count))
            bytes.replaceSubrange(bad..<bad + size, with: sealed(batch))
            store.set(bytes, for: segmentFile(0))
            let repair = LogRepair(directory: folder, quarantine: "quarantine", reasonHeader: "reject", store: store)
            // At the end nothing says that there were not as many, if so many can be packed into the batch.
            let lost: Int64 = isLast && count == 1000 ? 1000 : 1
            #expect(try repair.run().map(\.recordCount) == [lost])
            #expect(try LogReport.verify(directory: folder, store: store).damage.isEmpty)
            #expect(try readAll(store).count == 2 + Int(lost))
            #expect(try open(store).endOffset == LogOffset(2 + lost))
        }
    }

    /// A mark that says more than any log can have lost is set aside, and not filled up with billions of lost records.
    @Test func aMarkFarAheadIsSetAside() throws {
        for place in ["durable", "durable.notes", "manifest"] {
            let store = CrashingStore()
            let log = try open(store)
            try log.append([Event(1, "value")])
            try log.close()
            let far = bigEndian(Int64(1) << 40)
            switch place {
            case "manifest":
                let name = Array("payments-0".utf8)
                let bytes = bigEndian(Int32(1)) + bigEndian(Int32(1)) + bigEndian(Int32(name.count)) + name
                store.set(checked(bytes + bigEndian(Int64(0)) + far), for: "log/manifest")
            case "durable":
                let numbers = bigEndian(Int64(0)) + bigEndian(Int64(80)) + far + bigEndian(Int32(0))
                store.set(checked(bigEndian(Int32(2)) + numbers), for: "\(folder)/durable")
            default:
                let numbers = bigEndian(Int64(0)) + bigEndian(Int64(80)) + far
                store.set(checked(bigEndian(Int32(1)) + numbers), for: "\(folder)/durable.notes")
            }
            #expect(try LogReport.verify(directory: folder, store: store).damage.count == 1)
            let before = store.allFiles
            #expect(throws: LogError.self, "\(place)") { try open(store) }
            #expect(store.allFiles == before)
            let repair = LogRepair(directory: folder, quarantine: "quarantine", reasonHeader: "reject", store: store)
            #expect(try repair.run().allSatisfy(\.isAccepted))
            #expect(try LogReport.verify(directory: folder, store: store).damage.isEmpty)
            #expect(try open(store).endOffset == LogOffset(1))
        }
    }
}

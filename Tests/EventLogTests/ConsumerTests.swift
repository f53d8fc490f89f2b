import Base
import EventLog
import FileStore
import TestKit
import Testing

/// Goal: what a consumer has committed is known after a power cut, and never made up.
@Suite("ConsumerOffsets")
struct ConsumerTests {
    @Test func offsetsAreKeptByNameAndPartition() throws {
        let store = CrashingStore()
        let consumers = ConsumerOffsets(store: store)
        #expect(try consumers.offsets(of: "scores") == [:])
        try consumers.commit(["payments-0": LogOffset(10), "payments-1": LogOffset(4)], for: "scores")
        try consumers.commit(["payments-0": LogOffset(12)], for: "scores")
        try consumers.commit(["payments-0": LogOffset(1)], for: "export.csv")
        store.cutPower()

        let again = ConsumerOffsets(store: store)
        #expect(try again.consumers() == ["export.csv", "scores"])
        #expect(try again.offsets(of: "scores") == ["payments-0": LogOffset(12), "payments-1": LogOffset(4)])
        let ends = ["payments-0": LogOffset(20), "payments-1": LogOffset(3), "payments-2": LogOffset(7)]
        let lag = try again.lag(of: "scores", ends: ends)
        #expect(lag.map(\.partition) == ["payments-0", "payments-1", "payments-2"])
        #expect(lag.map(\.records) == [8, 0, 7])
        #expect(lag.map(\.committed) == [LogOffset(12), LogOffset(4), nil])
        try again.remove("scores")
        try again.remove("scores")
        store.cutPower()
        #expect(try again.consumers() == ["export.csv"])
    }

    @Test(arguments: ["", ".", "..", ".hidden", "a/b", "a b", "x.new", "ä", String(repeating: "x", count: 101)])
    func badNamesAreRefused(name: String) {
        let consumers = ConsumerOffsets(store: CrashingStore())
        #expect(throws: LogError.badName(name)) { try consumers.commit([:], for: name) }
        #expect(throws: LogError.badName(name)) { try consumers.offsets(of: name) }
    }

    @Test func everyDamagedByteIsFound() throws {
        let store = CrashingStore()
        let consumers = ConsumerOffsets(store: store)
        try consumers.commit(["payments-0": LogOffset(10)], for: "c")
        let right = store.bytes(of: "log/consumers/c")
        for position in right.indices {
            var bytes = right
            bytes[position] ^= 4
            store.set(bytes, for: "log/consumers/c")
            #expect(throws: LogError.damagedOffsets(file: "log/consumers/c")) { try consumers.offsets(of: "c") }
            store.set(Array(right[..<position]), for: "log/consumers/c")
            #expect(throws: LogError.damagedOffsets(file: "log/consumers/c")) { try consumers.offsets(of: "c") }
        }
    }

    @Test func aCrashAtEveryCallLeavesTheOldOrTheNew() throws {
        var changes = 0
        var wasWhole = false
        while !wasWhole {
            for seed in 0..<20 as Range<UInt64> {
                let store = CrashingStore(seed: seed)
                let consumers = ConsumerOffsets(store: store)
                store.dieAfter(changes: changes)
                var acknowledged: Int64 = 0
                do throws(LogError) {
                    for offset in 1...5 as ClosedRange<Int64> {
                        try consumers.commit(["p-0": LogOffset(offset)], for: "c")
                        acknowledged = offset
                    }
                } catch {
                    // The disk is dead.
                }
                wasWhole = !store.isDead
                store.cutPower()
                let found = try consumers.offsets(of: "c")["p-0"]?.rawValue ?? 0
                #expect(found == acknowledged || found == acknowledged + 1)
            }
            changes += 1
        }
        #expect(changes > 20)
    }

    @Test func threadsCommitOneAfterAnother() throws {
        let store = CrashingStore()
        let consumers = ConsumerOffsets(store: store)
        inThreads(4) { number in
            for offset in 0..<20 as Range<Int64> {
                do throws(LogError) {
                    try consumers.commit(["p-\(number)": LogOffset(offset)], for: "c")
                } catch {
                    Issue.record("\(error)")
                }
            }
        }
        let expected = Dictionary(uniqueKeysWithValues: (0..<4).map { ("p-\($0)", LogOffset(19)) })
        #expect(try consumers.offsets(of: "c") == expected)
    }
}

/// Goal: segments end by the records' own times, whenever and however they were written.
@Suite("Segments by age")
struct SegmentAgeTests {
    @Test func aSegmentHoldsNoMoreThanItsAge() throws {
        // Late events go into the segment that is there; the hour counts from each segment's first batch.
        let minutes: [Int64] = [0, 10, 59, 60, 61, 30, 70, 121, 122, 400]
        let bases = [0, 4, 8, 9]
        for way in 0..<3 {
            let store = CrashingStore()
            var settings = LogSettings()
            settings.segmentMilliseconds = 3_600_000
            var log = try open(store, settings)
            if way == 2 {
                let batches = try minutes.map { try RecordBatchBuilder([Event($0 * 60_000, "x")]).encoded() }
                for offset in log.append(batches) { _ = try offset.get() }
            } else {
                for minute in minutes {
                    try log.append([Event(minute * 60_000, "x")])
                    if way == 1 { log = try open(store, settings) }
                }
            }
            let found = try store.list(folder).filter { $0.hasSuffix(".log") }.compactMap { Int($0.dropLast(4)) }
            #expect(found == bases, "way \(way)")
            #expect(try readAll(store).count == minutes.count)
        }
    }
}

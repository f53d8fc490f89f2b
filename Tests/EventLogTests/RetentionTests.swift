import Base
import EventLog
import FileStore
import TestKit
import Testing

/// Goal: retention removes whole segments from the beginning, as many as the policy says, and none that is needed.
@Suite("Retention")
struct RetentionTests {
    private func store(_ batches: [[Event]]) throws -> CrashingStore {
        let store = CrashingStore()
        var settings = LogSettings()
        settings.segmentBytes = 1500
        let log = try open(store, settings)
        for batch in batches { try log.append(batch) }
        try log.close()
        return store
    }

    private func plan(
        _ store: any FileStore,
        _ policy: RetentionPolicy,
        needed: Int64? = nil
    ) throws -> [LogRetention.Decision] {
        let needed = needed.map { [folder: LogOffset($0)] }
        return try LogRetention(store: store).plan([folder], policy: policy, needed: needed)
    }

    private func remove(_ decisions: [LogRetention.Decision], _ store: any FileStore) throws {
        for decision in decisions where decision.keptBecause == nil {
            try LogRetention(store: store).remove(decision.segment)
        }
    }

    private func bytes(_ store: CrashingStore) -> Int {
        store.allFiles.filter { !$0.contains("/durable") }.reduce(0) { $0 + store.bytes(of: $1).count }
    }

    @Test func theOldestSegmentsGoUntilTheRestFits() throws {
        let batches = makeBatches(80, seed: 31)
        let store = try store(batches)
        let whole = bytes(store)
        let expected = numbered(batches)
        for limit in stride(from: whole, through: 0, by: -700) {
            let copy = store.copy()
            let decisions = try plan(copy, RetentionPolicy(bytes: limit))
            try remove(decisions, copy)
            let start = decisions.last?.segment.endOffset ?? 0
            #expect(try readAll(copy) == expected.filter { $0.key >= start })
            // It fits, but one segment more would not have had to go.
            let left = bytes(copy)
            #expect(left <= limit || start > 0 && copy.allFiles.count { $0.hasSuffix(".log") } == 1)
            if let last = decisions.last { #expect(left + last.segment.bytes > limit) }
            #expect(try LogReport.verify(directory: folder, store: copy).damage.isEmpty)
            let log = try open(copy)
            #expect(log.startOffset == LogOffset(start) && log.endOffset == LogOffset(Int64(expected.count)))
            try log.append([Event(1, "x")])
        }
    }

    @Test func ageIsCountedFromTheNewestEvent() throws {
        let batches = makeBatches(80, seed: 32)
        let store = try store(batches)
        let newest = try #require(batches.joined().map(\.time).max())
        let events = numbered(batches)
        for age in [0, 200, 1000, 2000, 100_000] as [Int64] {
            let decisions = try plan(store, RetentionPolicy(ageMilliseconds: age))
            for decision in decisions {
                let segment = decision.segment
                for offset in segment.baseOffset..<segment.endOffset {
                    #expect(newest - (events[offset]?.time ?? .max) > age)
                }
            }
            // Nothing that is old enough stays.
            let kept = try plan(store, RetentionPolicy(bytes: 0)).dropFirst(decisions.count).first?.segment
            #expect(kept.map { newest - ($0.newestMilliseconds ?? 0) <= age } ?? true)
            #expect(decisions.isEmpty == (age == 100_000))
        }
    }

    @Test func whatIsNeededStays() throws {
        let batches = makeBatches(80, seed: 33)
        let store = try store(batches)
        let all = try plan(store, RetentionPolicy(bytes: 0))
        #expect(all.count > 4 && all.allSatisfy { $0.keptBecause == nil })
        let third = all[2].segment
        for needed in [third.baseOffset, third.endOffset - 1] {
            let decisions = try plan(store, RetentionPolicy(bytes: 0), needed: needed)
            #expect(decisions.map { $0.keptBecause == nil } == [true, true, false])
            #expect(decisions.last?.keptBecause?.contains("offset \(needed)") == true)
        }
        // Who has not said what it needs may need everything.
        let unnamed = try LogRetention(store: store).plan([folder], policy: RetentionPolicy(bytes: 0), needed: [:])
        #expect(unnamed.map { $0.keptBecause == nil } == [false])
    }

    @Test func aDamagedSegmentIsNotRemovedUnlessForced() throws {
        let store = try store(makeBatches(80, seed: 34))
        let all = try plan(store, RetentionPolicy(bytes: 0))
        var bytes = store.bytes(of: all[1].segment.file)
        bytes[70] ^= 1
        store.set(bytes, for: all[1].segment.file)
        let decisions = try plan(store, RetentionPolicy(bytes: 0), needed: 1 << 40)
        #expect(decisions.map { $0.keptBecause == nil } == [true, false])
        #expect(try plan(store, RetentionPolicy(bytes: 0)).count == all.count)
    }

    /// Removes, with a power cut after each number of calls in turn, and returns what was said to be wrong then. `through`
    /// puts something between retention and the disk.
    private func cutEverywhere(
        _ batches: [[Event]],
        through: (CrashingStore) -> any FileStore
    ) throws -> (calls: Int, falseAlarms: [String]) {
        let store = try store(batches)
        let expected = numbered(batches)
        var falseAlarms: [String] = []
        var calls = 0
        var isDone = false
        while !isDone {
            let copy = store.copy(seed: UInt64(calls))
            let decisions = try plan(copy, RetentionPolicy(bytes: 2000))
            copy.failAfter(calls: calls)
            do {
                try remove(decisions, through(copy))
                isDone = true
            } catch {}
            copy.cutPower()
            calls += 1
            do throws(LogError) {
                if let loss = try LogReport.verify(directory: folder, store: copy).damage.first { throw .damaged(loss) }
            } catch {
                falseAlarms.append(error.description)
                continue
            }
            let found = try readAll(copy)
            let start = try #require(found.keys.min())
            #expect(found == expected.filter { $0.key >= start })
            #expect(try open(copy).endOffset == LogOffset(Int64(expected.count)))
        }
        return (calls, falseAlarms)
    }

    @Test func aPowerCutAtAnyCallLeavesALogWithoutAHole() throws {
        let (calls, falseAlarms) = try cutEverywhere(makeBatches(60, seed: 35)) { $0 }
        #expect(calls > 10 && falseAlarms.isEmpty)
    }

    /// Removing segments before it is durable that the log begins behind them would call them lost after a power cut.
    @Test func aManifestThatComesTooLateIsFound() throws {
        let (_, falseAlarms) = try cutEverywhere(makeBatches(60, seed: 35)) { LateManifestStore($0) }
        #expect(!falseAlarms.isEmpty)
    }
}

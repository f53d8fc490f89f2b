import Base
import EventLog
import FileStore
import TestKit
import Testing

/// Goal: what a log is meant to hold is known without the log's own folders, so that nothing of it goes unnoticed.
///
/// Method: beginnings, whole partitions and the manifest itself are taken away, and every reader is asked.
@Suite("Manifest")
struct ManifestTests {
    private let batches = makeBatches(60, seed: 41)

    private var small: LogSettings {
        var settings = LogSettings()
        settings.segmentBytes = 1500
        return settings
    }

    private func closed() throws -> CrashingStore {
        let store = CrashingStore()
        let log = try open(store, small)
        for batch in batches { try log.append(batch) }
        try log.close()
        return store
    }

    private func bases(_ store: CrashingStore) -> [Int] {
        store.allFiles.filter { $0.hasPrefix(folder) && $0.hasSuffix(".log") }
            .compactMap { Int($0.suffix(24).dropLast(4)) }
    }

    private func contents(_ store: CrashingStore) -> [String: [UInt8]] {
        Dictionary(uniqueKeysWithValues: store.allFiles.map { ($0, store.bytes(of: $0)) })
    }

    /// Removes the first so many segments, or everything of the partition.
    private func lose(_ count: Int?, of store: CrashingStore) throws {
        if let count {
            for base in bases(store).prefix(count) {
                for ending in ["log", "index", "timeindex"] { try store.remove(segmentFile(base, ending)) }
            }
        } else {
            for name in try store.list(folder) { try store.remove("\(folder)/\(name)") }
        }
    }

    @Test(arguments: [1, 2, nil] as [Int?])
    func aLostBeginningIsToldByWhoeverReads(count: Int?) throws {
        let store = try closed()
        let sound = contents(store)
        let all = bases(store)
        let expected = numbered(batches)
        let next = Int64(count.map { all[$0] } ?? expected.count)
        try lose(count, of: store)
        let before = contents(store)

        let loss = try #require(try LogReport.verify(directory: folder, store: store).damage.first)
        #expect(loss.isLoss && loss.offset == LogOffset(0) && loss.nextOffset == LogOffset(next))
        #expect(try LogManifest.missing(store: store) == [loss])
        for words in ["offset 0 to \(next - 1)", "\(next) events", "patternalarm restore", "--quarantine"] {
            #expect(loss.description.contains(words), "\(loss)")
        }
        let reader = PartitionReader(directory: folder, store: store)
        #expect(throws: LogError.damaged(loss)) { try readAll(reader) }
        #expect(reader.skipUnreadable() == LogOffset(next))
        #expect(try readAll(reader) == expected.filter { $0.key >= next })
        // Who asks for nothing of it is not told.
        #expect(try readAll(store, from: next) == expected.filter { $0.key >= next })
        // Opened, however often, the log is as it was: what is missing can be put back.
        for _ in 0..<2 {
            #expect(throws: LogError.damaged(loss)) { try open(store, small) }
            #expect(contents(store) == before)
        }
        for (name, bytes) in sound { store.set(bytes, for: name) }
        #expect(try readAll(store) == expected)
        #expect(try LogManifest.missing(store: store).isEmpty)
    }

    @Test func aDeletedMiddleSegmentIsFoundWhenTheLogIsOpened() throws {
        let store = try closed()
        let all = bases(store)
        try store.remove(segmentFile(all[2]))
        for _ in 0..<2 {
            let found = try #require(try open(store, small).recovery.damage.first)
            #expect(found.offset == LogOffset(Int64(all[2])) && found.nextOffset == LogOffset(Int64(all[3])))
        }
    }

    /// The end is in the manifest, too: it tells a lost tail when the partition's own marks are gone with it.
    @Test func aLostEndIsToldWithoutTheMarks() throws {
        let store = try closed()
        let last = try #require(bases(store).last)
        for name in ["durable", "durable.notes"] { try store.remove("\(folder)/\(name)") }
        for ending in ["log", "index", "timeindex"] { try store.remove(segmentFile(last, ending)) }
        let missing = try #require(try LogManifest.missing(store: store).first)
        #expect(missing.offset == LogOffset(Int64(last)))
        #expect(try LogReport.verify(directory: folder, store: store).damage.count == 1)
        #expect(try open(store, small).endOffset == LogOffset(Int64(numbered(batches).count)))
    }

    @Test func whatAnotherHasBuiltOnIsNotGivenOutAgain() throws {
        let store = CrashingStore()
        let log = try open(store)
        for batch in batches { try log.append(batch) }
        try log.sync()
        let end = log.endOffset
        // Never closed, so that only the alerts know how many there were.
        try lose(nil, of: store)
        let loss = try #require(try LogManifest.missing(store: store).first)
        #expect(loss.nextOffset == nil && loss.description.contains("how many events is not known"))
        let known = try LogManifest.missing(store: store, built: ["payments-0": end])
        #expect(known.first?.nextOffset == end)
        let unknowing = store.copy()
        let repair = LogRepair(directory: folder, quarantine: "q", reasonHeader: "r", store: store, durable: end)
        #expect(try repair.run().map(\.recordCount) == [end.rawValue])
        #expect(try open(store).endOffset == end)
        let other = LogRepair(directory: folder, quarantine: "q", reasonHeader: "r", store: unknowing)
        #expect(try other.run().map(\.damage) == [loss])
        #expect(try open(unknowing).endOffset == LogOffset(0))
    }

    @Test func aLogOfAnOlderProgramIsTakenInAsItIs() throws {
        let store = try closed()
        try store.remove("log/manifest")
        try lose(1, of: store)
        let start = Int64(bases(store)[0])
        // Nothing says that anything is missing.
        #expect(try LogReport.verify(directory: folder, store: store).damage.isEmpty)
        #expect(try readAll(store) == numbered(batches).filter { $0.key >= start })
        #expect(try LogManifest.read(store: store) == nil)
        try open(store, small).close()
        let bounds = try #require(try LogManifest.read(store: store)?.partitions["payments-0"])
        #expect(bounds.first == LogOffset(start) && bounds.end == LogOffset(Int64(numbered(batches).count)))
        try lose(1, of: store)
        #expect(try LogManifest.missing(store: store).map(\.offset) == [LogOffset(start)])
    }

    @Test func severalTopicsShareADirectory() throws {
        let store = try closed()
        let names = ["payments-1", "pay-ments-0", "x.y-0"]
        for name in names { _ = try PartitionLog(directory: "log/" + name, store: store) }
        #expect(try LogManifest.read(store: store)?.partitions.keys.sorted() == (names + ["payments-0"]).sorted())
        for name in ["payments-1", "x.y-0"] { try store.remove("log/\(name)/00000000000000000000.log") }
        #expect(
            try LogManifest.missing(store: store).map(\.file).map { $0.dropFirst(4).prefix(5) } == ["payme", "x.y-0"]
        )
        #expect(try LogManifest.missing(store: store, where: { $0.hasPrefix("pay-ments-") }).isEmpty)
    }

    @Test func everyByteOfTheManifestCounts() throws {
        let store = try closed()
        let sound = store.bytes(of: "log/manifest")
        for position in sound.indices {
            var bytes = sound
            bytes[position] ^= 1
            store.set(bytes, for: "log/manifest")
            #expect(throws: LogError.damagedManifest(file: "log/manifest")) { try open(store, small) }
            #expect(throws: LogError.damagedManifest(file: "log/manifest")) {
                try LogReport.verify(directory: folder, store: store)
            }
        }
        try LogManifest.rebuild(partitions: ["payments-0"], quarantine: "quarantine", store: store)
        #expect(store.bytes(of: "log/manifest") == sound)
        #expect(store.bytes(of: "quarantine/manifest.bad").count == sound.count)
    }

    /// Opens a log with a power cut after each number of calls in turn, and appends, synced. Of the logs that have answered,
    /// how many are not missed when their folder is gone?
    private func unmissed(through: (CrashingStore) -> any FileStore) throws -> (answered: Int, unmissed: Int) {
        var settings = small
        settings.durability = .fsync
        var (calls, answered, unmissed) = (0, 0, 0)
        while answered < 20 {
            let store = CrashingStore(seed: UInt64(calls))
            store.failAfter(calls: calls)
            calls += 1
            do {
                try open(through(store), settings).append(batches[0])
            } catch {
                store.cutPower()
                // It was never answered; the next opening takes up whatever is there.
                try open(store, settings).append(batches[0])
                #expect(try readAll(store).count == Int(try open(store, settings).endOffset.rawValue))
                continue
            }
            answered += 1
            store.cutPower()
            try lose(nil, of: store)
            do throws(LogError) {
                if try LogManifest.missing(store: store).isEmpty { unmissed += 1 }
            } catch {
                // A manifest that is there and is none tells as little.
                unmissed += 1
            }
        }
        return (answered, unmissed)
    }

    @Test func whoeverHasAnsweredIsMissed() throws {
        #expect(try unmissed { $0 }.unmissed == 0)
        // Answering before the manifest is durable is found.
        #expect(try unmissed { LateManifestStore($0) }.unmissed > 0)
    }
}

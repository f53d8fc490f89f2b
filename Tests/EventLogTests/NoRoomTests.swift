import Base
import EventLog
import FileStore
import TestKit
import Testing

/// Goal: what a log has no room for, on the disk or in the table of open files, is as if it had never been asked for; the log
/// goes on once there is room.
@Suite struct NoRoomTests {
    private func settings(_ random: inout Seeded) -> LogSettings {
        var settings = LogSettings()
        settings.durability = [.os, .interval(milliseconds: 1), .fsync][random.below(3)]
        settings.segmentBytes = 600 + random.below(2000)
        settings.fillAheadBytes = random.below(3) * 700
        return settings
    }

    @Test(arguments: Seeds.upTo(300))
    func theLogGoesOn(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let store = CrashingStore(seed: seed &* 17)
        let settings = settings(&random)
        let log = try open(store, settings)
        var taken: [[Event]] = []
        var refused = 0
        for batch in makeBatches(80, seed: seed) {
            store.setWant([nil, nil, 28, 24][random.below(4)])
            do {
                try log.append(batch)
                taken.append(batch)
            } catch let error as LogError {
                #expect(error.passes, "\(error)")
                refused += 1
            }
            if random.below(3) == 0 { try passing { () throws(LogError) in try log.sync() } }
            if random.below(5) == 0 { try passing { () throws(LogError) in try log.tryRoom() } }
            #expect(log.endOffset.rawValue == Int64(taken.joined().count))
        }
        #expect(refused > 10)
        store.setWant(nil)
        try log.tryRoom()
        #expect(try readAll(store) == numbered(taken))
        try log.append(makeBatches(1, seed: seed)[0])
        taken.append(makeBatches(1, seed: seed)[0])
        try log.sync()
        #expect(try readAll(store) == numbered(taken))
        if seed % 2 == 0 {
            try log.close()
            let report = try LogReport.verify(directory: folder, store: store)
            #expect(report.damage.isEmpty && report.tornTail == nil && report.indexFaults == [])
        } else {
            store.cutPower()
        }
        let again = try open(store, settings)
        #expect(again.recovery.damage.isEmpty && again.endOffset == log.endOffset)
        #expect(try readAll(store) == numbered(taken))
    }

    /// A log that is given up while there is no room has everything that it acknowledged, and perhaps the batch that it did not.
    @Test(arguments: Seeds.upTo(300))
    func theNextProcessFindsWhatWasAcknowledged(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let store = CrashingStore(seed: seed &* 19)
        let settings = settings(&random)
        var taken: [Event] = []
        for life in 0..<6 {
            let log = try open(store, settings)
            #expect(log.recovery.damage.isEmpty)
            let found = try readAll(store)
            #expect(found.count >= taken.count)
            for (offset, event) in taken.enumerated() { #expect(found[Int64(offset)] == event) }
            taken = (0..<found.count).compactMap { found[Int64($0)] }
            for batch in makeBatches(random.below(20) + 1, seed: seed &* 6 &+ UInt64(life)) {
                store.setWant([nil, 28, 24][random.below(3)])
                do {
                    try log.append(batch)
                    taken += batch
                } catch let error as LogError {
                    #expect(error.passes, "\(error)")
                }
            }
            store.restart()
        }
    }

    /// However far the beginning of a segment came, all of it is done again before anything else is taken.
    @Test(arguments: 1...20)
    func aSegmentThatFoundNoRoomIsBegunAgain(call: Int) throws {
        let store = CrashingStore(seed: UInt64(call))
        var settings = LogSettings()
        settings.durability = .os
        settings.segmentBytes = 600
        settings.compression = .none
        let log = try open(store, settings)
        let (small, large) = ([Event(2, "b")], [Event(3, String(repeating: "c", count: 300))])
        var taken = [large]
        try log.append(large)
        store.inject(.full, atCall: store.calls.count + call)
        do {
            try log.append(large)
            taken.append(large)
        } catch let error as LogError {
            // A sync that failed.
            guard error.passes else { return }
        }
        store.spare()
        store.setWant(nil)
        for batch in [small, large] {
            try log.append(batch)
            taken.append(batch)
        }
        #expect(try readAll(store) == numbered(taken))
        try log.close()
        let report = try LogReport.verify(directory: folder, store: store)
        #expect(report.damage.isEmpty && report.tornTail == nil && report.indexFaults == [])
        let again = try open(store, settings)
        #expect(again.recovery.damage.isEmpty && again.endOffset == log.endOffset)
        #expect(try readAll(store) == numbered(taken))
    }

    /// What was synced while there was no room to note it is known to have been durable after the next sync.
    @Test func theNoteFollows() throws {
        let store = CrashingStore()
        var settings = LogSettings()
        settings.durability = .interval(milliseconds: 1)
        settings.fillAheadBytes = 0
        let log = try open(store, settings)
        try log.append([Event(1, "a")])
        try log.append([Event(2, "b")])
        store.setWant(28)
        try log.sync()
        store.setWant(nil)
        try log.sync()
        var bytes = store.bytes(of: segmentFile(0))
        bytes[bytes.count - 1] ^= 1
        store.set(bytes, for: segmentFile(0))
        #expect(try open(store, settings).recovery.damage.count == 1)
    }

    @Test(arguments: [28, 24] as [Int32])
    func roomIsTriedAndLeftAsItWas(code: Int32) throws {
        let store = CrashingStore()
        let log = try open(store)
        try log.append([Event(1, "a")])
        let bytes = store.bytes(of: segmentFile(0))
        store.setWant(code)
        let error = #expect(throws: LogError.self) { try log.tryRoom() }
        #expect(error?.passes == true)
        store.setWant(nil)
        try log.tryRoom()
        #expect(store.bytes(of: segmentFile(0)) == bytes)
    }

    private func passing(_ body: () throws(LogError) -> Void) throws(LogError) {
        do throws(LogError) { try body() } catch {
            guard error.passes else { throw error }
        }
    }
}

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

    private func passing(_ body: () throws(LogError) -> Void) throws(LogError) {
        do throws(LogError) { try body() } catch {
            guard error.passes else { throw error }
        }
    }
}

import Base
import EventLog
import FileStore
import TestKit
import Testing

/// Goal: offsets, segments, indexes and seeking, without faults.
@Suite("PartitionLog")
struct PartitionLogTests {
    private func small(_ durability: LogSettings.Durability = .os) -> LogSettings {
        var settings = LogSettings()
        settings.segmentBytes = 20_000
        settings.fillAheadBytes = 4096
        settings.durability = durability
        return settings
    }

    @Test(arguments: [LogSettings.Durability.os, .fsync])
    func segmentsRollAndReadAsOneLog(durability: LogSettings.Durability) throws {
        let store = CrashingStore()
        let batches = makeBatches(700, seed: 1)
        let log = try open(store, small(durability))
        for batch in batches { try log.append(batch) }
        try log.close()

        let expected = numbered(batches)
        #expect(try readAll(store) == expected)
        let report = try LogReport.verify(directory: folder, store: store)
        #expect(report.segments.count > 3)
        #expect(report.records == expected.count)
        #expect(report.batches == batches.count)
        #expect(report.damage.isEmpty && report.tornTail == nil && report.indexFaults.isEmpty)
        #expect(report.segments.allSatisfy { $0.bytes <= 20_000 })
        #expect(throws: LogError.closed(directory: folder)) { try log.append(batches[0]) }
    }

    /// How a log was written (durability, filling ahead, closing and reopening) leaves no trace in its files.
    @Test func closedFilesAreTheSameHoweverTheyWereWritten() throws {
        let batches = makeBatches(400, seed: 2)
        let names = ["log", "index", "timeindex"]
        var files: [[[UInt8]]] = []
        for way in 0..<3 {
            let store = CrashingStore()
            var log = try open(store, small(way == 0 ? .os : .fsync))
            for (number, batch) in batches.enumerated() {
                try log.append(batch)
                if way == 2, number % 37 == 0 {
                    if number % 2 == 0 { try log.close() }
                    log = try open(store, small(.fsync))
                }
            }
            try log.close()
            let bases = try store.list(folder).filter { $0.hasSuffix(".log") }.compactMap { Int($0.dropLast(4)) }
            files.append(bases.flatMap { base in names.map { store.bytes(of: segmentFile(base, $0)) } })
        }
        #expect(files[0] == files[1])
        #expect(files[0] == files[2])
    }

    @Test func everyOffsetCanBeSought() throws {
        let store = CrashingStore()
        let batches = makeBatches(300, seed: 3)
        let log = try open(store, small())
        for batch in batches { try log.append(batch) }
        let expected = numbered(batches)
        let batch = RecordBatch()
        for offset in 0..<Int64(expected.count) {
            // Once with the writer's index in memory, once with what is on disk.
            for reader in [
                log.reader(from: LogOffset(offset)),
                PartitionReader(directory: folder, store: store, from: LogOffset(offset)),
            ] {
                #expect(try reader.next(into: batch))
                let index = try #require(batch.index(of: LogOffset(offset)))
                #expect(batch.events[index] == expected[offset])
            }
        }
        #expect(try !log.reader(from: log.endOffset).next(into: batch))
    }

    @Test func aReaderFollowsTheWriter() throws {
        let store = CrashingStore()
        let log = try open(store, small(.fsync))
        let reader = PartitionReader(directory: folder, store: store)
        let batch = RecordBatch()
        #expect(try !reader.next(into: batch))
        for events in makeBatches(500, seed: 4) {
            let base = try log.append(events)
            reader.endOffset = base
            #expect(try !reader.next(into: batch))
            reader.endOffset = log.durableOffset
            #expect(try reader.next(into: batch))
            #expect(batch.baseOffset == base.rawValue && batch.events == events)
            #expect(try !reader.next(into: batch))
        }
    }

    @Test func timesAreFoundWithAndWithoutAnIndex() throws {
        let store = CrashingStore()
        var batches = makeBatches(600, seed: 5)
        // Times that go back, as events that arrive late do.
        for number in stride(from: 7, to: batches.count, by: 11) { batches[number][0].time -= 5000 }
        let log = try open(store, small())
        for batch in batches { try log.append(batch) }
        let events = Array(batches.joined())
        let first = try #require(events.map(\.time).min())
        let last = try #require(events.map(\.time).max())
        let bare = store.copy()
        for name in try bare.list(folder) where !name.hasSuffix(".log") { try bare.remove("\(folder)/\(name)") }

        for time in stride(from: first - 10, through: last + 10, by: 97) {
            let expected = events.firstIndex { $0.time >= time }.map { LogOffset(Int64($0)) }
            #expect(try PartitionReader(directory: folder, store: store).offset(atOrAfter: time) == expected)
            #expect(try PartitionReader(directory: folder, store: bare).offset(atOrAfter: time) == expected)
        }
        let reader = PartitionReader(directory: folder, store: store)
        #expect(try reader.seek(toTime: last))
        #expect(try !reader.seek(toTime: last + 1))
        #expect(try !reader.next(into: RecordBatch()))
    }

    @Test func missingAndWrongIndexesAreMadeAnew() throws {
        let store = CrashingStore()
        let log = try open(store, small())
        for batch in makeBatches(500, seed: 6) { try log.append(batch) }
        try log.close()
        let names = try store.list(folder).filter { $0.hasSuffix("index") }
        let right = names.map { store.bytes(of: "\(folder)/\($0)") }
        var random = Seeded(seed: 6)
        for (number, name) in names.enumerated() {
            let path = "\(folder)/\(name)"
            for damage in 0..<4 {
                var bytes = right[number]
                switch damage {
                case 0: try store.remove(path)
                case 1: store.set(Array(bytes.dropLast(1)), for: path)
                default:
                    bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
                    store.set(bytes, for: path)
                }
                // Whatever an index says, every record is found.
                let expected = try readAll(store)
                for offset in stride(from: Int64(0), to: Int64(expected.count), by: 41) {
                    let batch = RecordBatch()
                    let reader = PartitionReader(directory: folder, store: store, from: LogOffset(offset))
                    #expect(try reader.next(into: batch))
                    #expect(batch.index(of: LogOffset(offset)) != nil)
                }
                if damage < 2 {
                    try open(store, small()).close()
                    #expect(store.bytes(of: path) == right[number])
                }
                store.set(right[number], for: path)
            }
        }
    }

    @Test func syncsAreCounted() throws {
        let store = CrashingStore()
        let log = try open(store, small(.fsync))
        let before = store.calls(of: .sync)
        for _ in 0..<10 { try log.append([Event(1, "x")]) }
        #expect(store.calls(of: .sync) - before == 10)
        try log.sync()
        #expect(store.calls(of: .sync) - before == 10)
    }
}

import Base
import EventLog
import FileStore
import TestKit
import Testing

/// Goal: opening a log cuts a torn tail, and nothing else.
///
/// Method: every place of small logs is cut or changed, one after the other.
@Suite("Recovery")
struct RecoveryTests {
    /// A store as a killed process leaves it, where its last batch begins, and what is in it.
    private func killed(
        _ batches: [[Event]],
        _ settings: LogSettings = LogSettings()
    ) throws -> (store: CrashingStore, lastStart: Int) {
        let store = CrashingStore()
        let log = try open(store, settings)
        var lastStart = 0
        for (number, batch) in batches.enumerated() {
            if number == batches.count - 1 { lastStart = store.bytes(of: segmentFile(0)).count }
            try log.append(batch)
        }
        return (store, lastStart)
    }

    @Test func aTailTornAtAnyByteIsCut() throws {
        let batches = makeBatches(6, seed: 11)
        let (store, start) = try killed(batches)
        let whole = store.bytes(of: segmentFile(0))
        for size in start..<whole.count {
            for hasZeros in [false, true] {
                let copy = CrashingStore()
                let bytes = Array(whole.prefix(size)) + [UInt8](repeating: 0, count: hasZeros ? 3000 : 0)
                // The batch itself ends with zeros.
                if bytes.starts(with: whole) { continue }
                copy.set(bytes, for: segmentFile(0))
                let isEmpty = bytes[start...].allSatisfy { $0 == 0 }
                // A reader beside a dead writer sees the end, not damage.
                #expect(try readAll(copy) == numbered(batches.dropLast()))
                let report = try LogReport.verify(directory: folder, store: copy)
                #expect(report.damage.isEmpty && (report.tornTail == nil) == isEmpty)

                let log = try open(copy)
                #expect(log.recovery.damage.isEmpty)
                #expect((log.recovery.tornBytes == 0) == isEmpty)
                #expect(copy.bytes(of: segmentFile(0)).count == start)
                try log.append(batches[5])
                try log.close()
                #expect(copy.bytes(of: segmentFile(0)) == whole)
            }
        }
    }

    @Test func aFlippedBitKeepsTheBatchesBehindIt() throws {
        let batches = makeBatches(5, seed: 12)
        let (store, start) = try killed(batches)
        let whole = store.bytes(of: segmentFile(0))
        let expected = numbered(batches)
        // The leader epoch of each batch is not under the checksum and means nothing here.
        for position in stride(from: 0, to: start, by: Seeds.share) {
            var bytes = whole
            bytes[position] ^= 1 << UInt8(position % 8)
            let copy = CrashingStore()
            copy.set(bytes, for: segmentFile(0))
            let log = try open(copy, durable: expected.count - batches[4].count)
            #expect(copy.bytes(of: segmentFile(0)) == bytes)
            #expect(log.endOffset == LogOffset(Int64(expected.count)))
            #expect(log.recovery.tornBytes == 0)

            let reader = PartitionReader(directory: folder, store: copy)
            guard let damage = log.recovery.damage.first else {
                #expect(try readAll(reader) == expected)
                continue
            }
            #expect(damage.file == segmentFile(0) && damage.position <= position)
            #expect(position < damage.position + damage.byteCount)
            let next = try #require(damage.nextOffset)
            #expect(throws: LogError.damaged(damage)) { try readAll(reader) }
            #expect(reader.skipUnreadable() == next)
            #expect(try readAll(reader) == expected.filter { $0.key >= next.rawValue })
            #expect(try LogReport.verify(directory: folder, store: copy).damage == [damage])
        }
    }

    /// Behind the last sync a power cut leaves holes, too: everything from the first one on was never acknowledged.
    @Test func aHoleBehindTheLastSyncIsATornTail() throws {
        let batches = makeBatches(5, seed: 19)
        let store = CrashingStore()
        let log = try open(store)
        for batch in batches.prefix(2) { try log.append(batch) }
        try log.sync()
        let durable = store.bytes(of: segmentFile(0)).count
        for batch in batches.dropFirst(2) { try log.append(batch) }
        var bytes = store.bytes(of: segmentFile(0))
        for position in durable..<durable + 40 { bytes[position] = 0 }
        store.set(bytes, for: segmentFile(0))
        let report = try LogReport.verify(directory: folder, store: store)
        #expect(report.damage.isEmpty && report.tornTail?.position == durable)
        let again = try open(store)
        #expect(again.recovery.damage.isEmpty)
        #expect(again.recovery.tornBytes == bytes.count - durable)
        let copy = try #require(again.recovery.setAside)
        #expect(store.bytes(of: copy) == Array(bytes[durable...]))
        #expect(try readAll(store) == numbered(Array(batches.prefix(2))))
        // The same hole before the last sync is damage.
        bytes[durable / 2] ^= 1
        store.set(bytes, for: segmentFile(0))
        #expect(try open(store).recovery.damage.count == 1)
    }

    @Test func theErrorNamesBothChecksumsAndTheWayOut() throws {
        let (store, _) = try killed(makeBatches(5, seed: 13))
        var bytes = store.bytes(of: segmentFile(0))
        bytes[70] ^= 4
        store.set(bytes, for: segmentFile(0))
        let damage = try #require(try open(store, durable: 1).recovery.damage.first)
        guard case .checksum(let expected, let found) = damage.fault else {
            Issue.record("The fault is \(damage.fault).")
            return
        }
        #expect(expected != found)
        for words in [segmentFile(0), "byte 0", "offset 0", "patternalarm log verify"] {
            #expect(damage.description.contains(words))
        }
    }

    /// What was durable at a clean close is never taken for a torn tail, even at the very end.
    @Test func damageAtTheEndOfAClosedLogIsNotCut() throws {
        let batches = makeBatches(5, seed: 14)
        let (store, start) = try killed(batches)
        try open(store).close()
        let whole = store.bytes(of: segmentFile(0))
        let expected = numbered(batches)
        let kept = numbered(batches.dropLast())
        for position in stride(from: start, to: whole.count, by: 3 * Seeds.share) {
            for isCut in [false, true] {
                var bytes = whole
                if isCut { bytes.removeLast(whole.count - position) } else { bytes[position] ^= 16 }
                let copy = store.copy()
                copy.set(bytes, for: segmentFile(0))
                let report = try LogReport.verify(directory: folder, store: copy)
                let reader = PartitionReader(directory: folder, store: copy)
                if !report.damage.isEmpty {
                    #expect(report.damage.count == 1 && report.tornTail == nil)
                    #expect(throws: LogError.damaged(report.damage[0])) { try readAll(reader) }
                    #expect(reader.skipUnreadable() == LogOffset(Int64(expected.count)))
                    #expect(try readAll(reader).isEmpty)
                }
                let log = try open(copy)
                #expect(log.recovery.damage == report.damage)
                // The epoch (bytes 12 to 15 of a batch) is not under the checksum.
                if log.recovery.damage.isEmpty {
                    #expect(!isCut && (12..<16).contains(position - start))
                    continue
                }
                #expect(copy.bytes(of: segmentFile(0)) == bytes)
                #expect(log.endOffset == LogOffset(Int64(expected.count)))
                try log.append([Event(1, "new")])
                try log.close()
                reader.seek(to: LogOffset(0))
                var found: [Int64: Event] = [:]
                let batch = RecordBatch()
                while true {
                    do throws(LogError) {
                        guard try reader.next(into: batch) else { break }
                        for (index, event) in batch.events.enumerated() {
                            found[batch.baseOffset + Int64(index)] = event
                        }
                    } catch {
                        reader.skipUnreadable()
                    }
                }
                #expect(found == kept.merging([Int64(expected.count): Event(1, "new")]) { old, _ in old })
                #expect(try !LogReport.verify(directory: folder, store: copy).damage.isEmpty)
            }
        }
    }

    @Test func aLostSegmentDoesNotGiveItsOffsetsOutAgain() throws {
        let store = CrashingStore()
        var settings = LogSettings()
        settings.segmentBytes = 2000
        let log = try open(store, settings)
        for batch in makeBatches(100, seed: 15) { try log.append(batch) }
        let end = log.endOffset
        try log.close()
        let bases = try store.list(folder).filter { $0.hasSuffix(".log") }.compactMap { Int($0.dropLast(4)) }
        #expect(bases.count > 4)
        try store.remove(segmentFile(bases[2]))
        #expect(throws: LogError.self) { try readAll(store) }
        #expect(try LogReport.verify(directory: folder, store: store).damage.count == 1)

        try store.remove(segmentFile(bases[bases.count - 1]))
        for _ in 0..<2 {
            // The second time, too: the log goes on behind what is lost, and that is still lost.
            let again = try open(store, settings)
            #expect(again.endOffset == end)
            #expect(again.recovery.damage.count == 2)
        }
    }

    @Test func aMisplacedBatchIsFoundThoughItsChecksumIsRight() throws {
        let (store, _) = try killed(makeBatches(4, seed: 16))
        var bytes = store.bytes(of: segmentFile(0))
        bytes[7] = 9
        store.set(bytes, for: segmentFile(0))
        let fault = try open(store, durable: 1).recovery.damage.first?.fault
        #expect(fault == .offset(expected: LogOffset(0), found: LogOffset(9)))
    }

    @Test func recoveryStartsAtTheLastIndexEntry() throws {
        let batches = makeBatches(400, seed: 17)
        let store = CrashingStore()
        let log = try open(store)
        for batch in batches.prefix(300) { try log.append(batch) }
        try log.close()
        let again = try open(store)
        #expect(again.recovery.batchesWalked < 100)
        for batch in batches.dropFirst(300) { try again.append(batch) }
        #expect(try readAll(store) == numbered(batches))
        let third = try open(store)
        #expect(third.recovery.batchesWalked < 250)
        #expect(third.endOffset == again.endOffset)
    }

    @Test(arguments: [FileError.Operation.write, .sync])
    func aFailedAppendStopsTheLogUntilItIsReopened(operation: FileError.Operation) throws {
        let batches = makeBatches(3, seed: 18)
        let store = CrashingStore(seed: 18)
        var settings = LogSettings()
        settings.durability = .fsync
        settings.fillAheadBytes = 0
        let log = try open(store, settings)
        try log.append(batches[0])
        let syncs = store.calls(of: .sync)
        store.failNext(operation, code: operation == .sync ? 28 : 5)
        let error = #expect(throws: LogError.self) { try log.append(batches[1]) }
        guard case .file(let cause) = error else {
            Issue.record("The error is \(String(describing: error)).")
            return
        }
        #expect(cause.isOutOfSpace == (operation == .sync) && !cause.passes)
        #expect(throws: LogError.failed(directory: folder, cause: cause)) { try log.append(batches[1]) }
        #expect(throws: LogError.failed(directory: folder, cause: cause)) { try log.sync() }
        #expect(throws: LogError.failed(directory: folder, cause: cause)) { try log.close() }
        // A sync that failed is not tried again.
        #expect(store.calls(of: .sync) == syncs)

        let again = try open(store, settings)
        try again.append(batches[2])
        #expect(try readAll(store) == numbered([batches[0], batches[2]]))
    }

    /// Linux marks pages that it could not write as written: they can be read, and no later sync writes them.
    @Test func whatAFailedSyncHasLostIsWrittenAgain() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let batches = makeBatches(6, seed: seed)
            let store = CrashingStore(seed: seed)
            let log = try open(store)
            for batch in batches.prefix(2) { try log.append(batch) }
            try log.sync()
            for batch in batches[2..<4] { try log.append(batch) }
            store.inject(.lostSync, atCall: store.calls.count + 1)
            #expect(throws: LogError.self) { try log.sync() }
            store.restart()

            let again = try open(store)
            for batch in batches[4...] { try again.append(batch) }
            try again.sync()
            store.cutPower()
            #expect(try open(store).endOffset == again.endOffset)
            #expect(try readAll(store) == numbered(batches))
        }
    }

    @Test func garbageOpensInBoundedTime() throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = Seeded(seed: seed)
            let (store, _) = try killed(makeBatches(20, seed: seed))
            var bytes = store.bytes(of: segmentFile(0))
            for _ in 0..<random.below(30) + 1 {
                let position = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[position] = UInt8(random.below(256))
                case 1:
                    let noise = (0..<random.below(99)).map { _ in UInt8(random.below(256)) }
                    bytes.insert(contentsOf: noise, at: position)
                default: bytes.removeSubrange(position..<min(bytes.count, position + random.below(40)))
                }
            }
            store.set(bytes, for: segmentFile(0))
            _ = try LogReport.verify(directory: folder, store: store)
            let log = try open(store)
            try log.append([Event(1, "x")])
            let reader = log.reader(from: LogOffset(log.endOffset.rawValue - 1))
            let batch = RecordBatch()
            #expect(try reader.next(into: batch))
            #expect(batch.events.last == Event(1, "x"))
        }
    }
}

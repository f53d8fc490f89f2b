import Base
import EventLog
import FileStore
import TestKit
import Testing

/// Goal: a repair makes a damaged log readable, loses no whole batch, renumbers none, and survives a power cut at any call.
///
/// Method: every byte of small logs is flipped, tails are cut, segments removed; then a repair is stopped at each of its
/// calls in turn.
@Suite("Repair")
struct RepairTests {
    private func repair(_ store: any FileStore) throws -> [RepairEntry] {
        try LogRepair(directory: folder, quarantine: "quarantine", reasonHeader: "reject", store: store).run()
    }

    private func closed(_ batches: [[Event]], segmentBytes: Int = 1 << 20) throws -> CrashingStore {
        let store = CrashingStore()
        var settings = LogSettings()
        settings.segmentBytes = segmentBytes
        let log = try open(store, settings)
        for batch in batches { try log.append(batch) }
        try log.close()
        return store
    }

    /// Every event of the log, and the offsets that are marked as lost.
    private func contents(_ store: any FileStore) throws -> (events: [Int64: Event], lost: Set<Int64>) {
        let reader = PartitionReader(directory: folder, store: store)
        let batch = RecordBatch()
        var events: [Int64: Event] = [:]
        var lost: Set<Int64> = []
        while try reader.next(into: batch) {
            for (index, event) in batch.events.enumerated() {
                if batch.lostRange == nil {
                    events[batch.baseOffset + Int64(index)] = event
                } else {
                    #expect(event.value.isEmpty && event.headers.map(\.name) == ["lost", "reject"])
                    lost.insert(batch.baseOffset + Int64(index))
                }
            }
        }
        return (events, lost)
    }

    /// A damaged log, repaired: nothing but the damaged offsets has gone, and a second repair finds nothing to do.
    private func check(_ store: CrashingStore, _ expected: [Int64: Event], loses: Set<Int64>) throws {
        #expect(try contents(store).lost == loses)
        #expect(try contents(store).events == expected.filter { !loses.contains($0.key) })
        let report = try LogReport.verify(directory: folder, store: store)
        #expect(report.damage.isEmpty && report.indexFaults.isEmpty)
        #expect(Set(report.lost.flatMap { $0.offset.rawValue..<$0.nextOffset.rawValue }) == loses)
        let before = store.allFiles.map { ($0, store.bytes(of: $0)) }
        #expect(try repair(store).isEmpty)
        #expect(store.allFiles.map { ($0, store.bytes(of: $0)) }.elementsEqual(before) { $0 == $1 })
        let log = try open(store)
        #expect(log.recovery.damage.isEmpty)
        #expect(log.endOffset == LogOffset(Int64(expected.count)))
        try log.append([Event(1, "next")])
        #expect(try contents(store).events[Int64(expected.count)] == Event(1, "next"))
    }

    private struct Place {
        var start: Int
        var end: Int
        var offsets: Range<Int64>
    }

    private func places(_ store: any FileStore) throws -> [Place] {
        let walk = try LogWalk(directory: folder, store: store)
        var found: [Place] = []
        while let item = try walk.next() {
            guard case .batch(let batch) = item else { continue }
            let end = batch.position + batch.byteCount
            found.append(Place(start: batch.position, end: end, offsets: batch.firstOffset..<batch.lastOffset + 1))
        }
        return found
    }

    @Test(arguments: [false, true])
    func aFlippedBitLosesItsBatchAtMost(isClosed: Bool) throws {
        let batches = makeBatches(4, seed: 21)
        let store = try closed(batches)
        if !isClosed { try store.remove("\(folder)/durable") }
        let expected = numbered(batches)
        let whole = store.bytes(of: segmentFile(0))
        for place in try places(store).prefix(isClosed ? 4 : 3) {
            // All of the header, and some of the records.
            for position in place.start..<place.end
            where position < place.start + 61 || position % (7 * Seeds.share) == 0 {
                let copy = store.copy()
                var bytes = whole
                bytes[position] ^= 1 << UInt8(position % 8)
                copy.set(bytes, for: segmentFile(0))
                let entries = try repair(copy)
                // The first 17 bytes are not under the checksum, which is right for the rest.
                let isProvable = position - place.start < 17
                if (12..<16).contains(position - place.start) {
                    #expect(entries.isEmpty)
                } else {
                    #expect(entries.map(\.outcome) == [isProvable ? .restored : .lost], "byte \(position)")
                }
                try check(copy, expected, loses: isProvable ? [] : Set(place.offsets))
                if isProvable, !(12..<16).contains(position - place.start) {
                    #expect(copy.bytes(of: segmentFile(0)).starts(with: whole))
                }
                guard !isProvable else { continue }
                let name = try #require(entries.first?.quarantine)
                #expect(copy.bytes(of: name + ".bad") == Array(bytes[place.start..<place.end]))
                let list = String(decoding: copy.bytes(of: name + ".json"), as: UTF8.self)
                #expect(list.contains("\"first_offset\":\(place.offsets.lowerBound),"))
            }
        }
    }

    @Test func aCutTailIsMarkedAsLostAndItsOffsetsAreNotGivenOutAgain() throws {
        let batches = makeBatches(4, seed: 22)
        let store = try closed(batches)
        let whole = store.bytes(of: segmentFile(0))
        let last = try #require(try places(store).last)
        for size in stride(from: last.start, to: whole.count, by: 5 * Seeds.share) {
            for zeros in [0, 50] {
                let copy = store.copy()
                // The batch itself ends with zeros.
                if zeros > 0, whole[size...].allSatisfy({ $0 == 0 }) { continue }
                copy.set(Array(whole[..<size]) + [UInt8](repeating: 0, count: zeros), for: segmentFile(0))
                let plan = LogRepair(directory: folder, quarantine: "q", reasonHeader: "reject", store: copy)
                #expect(try plan.plan().count == 1)
                #expect(try repair(copy).map(\.outcome) == [.lost])
                try check(copy, numbered(batches), loses: Set(last.offsets))
            }
        }
    }

    @Test func lostSegmentsAreMarkedAsLost() throws {
        let batches = makeBatches(60, seed: 23)
        let store = try closed(batches, segmentBytes: 1500)
        let bases = store.allFiles.filter { $0.hasSuffix(".log") }.compactMap { Int64($0.suffix(24).dropLast(4)) }
        #expect(bases.count > 4)
        let expected = numbered(batches)
        for removed in [[0], [0, 1], [1], [2, 3], [0, 3], [bases.count - 1], Array(0..<bases.count)] {
            let copy = store.copy()
            var lost: Set<Int64> = []
            for index in removed {
                for ending in ["log", "index", "timeindex"] { try copy.remove(segmentFile(Int(bases[index]), ending)) }
                lost.formUnion(bases[index]..<(index + 1 < bases.count ? bases[index + 1] : Int64(expected.count)))
            }
            #expect(try repair(copy).count == (removed == [0, 3] ? 2 : 1))
            try check(copy, expected, loses: lost)
        }
    }

    /// A right checksum alone does not prove that a batch belongs where it is.
    @Test func aMisdirectedCopyIsNotTakenForTheLostBatch() throws {
        let batches = (0..<5).map { [Event(Int64($0 + 1), "value \($0)")] }
        let store = try closed(batches)
        var bytes = store.bytes(of: segmentFile(0))
        let places = try places(store)
        #expect(places[1].end - places[1].start == places[3].end - places[3].start)
        bytes.replaceSubrange(places[3].start..<places[3].end, with: bytes[places[1].start..<places[1].end])
        store.set(bytes, for: segmentFile(0))
        #expect(try repair(store).map(\.outcome) == [.lost])
        try check(store, numbered(batches), loses: [3])
    }

    /// Where two batches were, one is left, and its offset is gone: nobody can tell which of the two it was.
    @Test func aBatchThatDoesNotFillTheGapIsNotRestored() throws {
        let batches = (0..<5).map { [Event(Int64($0 + 1), "value \($0)"), Event(Int64($0 + 1), "other \($0)")] }
        let store = try closed(batches)
        var bytes = store.bytes(of: segmentFile(0))
        let places = try places(store)
        bytes[places[2].start + 2] ^= 1
        bytes.removeSubrange(places[1].start..<places[1].end)
        store.set(bytes, for: segmentFile(0))
        #expect(try repair(store).map(\.outcome) == [.lost])
        try check(store, numbered(batches), loses: [2, 3, 4, 5])
    }

    /// Stopped at any call, the log still holds every whole batch, and the next repair ends as if there had been one.
    @Test(arguments: [0, 1, 2])
    func aPowerCutAtAnyCallDoesNoHarm(kind: Int) throws {
        let batches = makeBatches(40, seed: 24)
        let store = try closed(batches, segmentBytes: 1200)
        let bases = store.allFiles.filter { $0.hasSuffix(".log") }
        // Two damaged segments; a lost tail; a flipped offset that can be restored.
        for (number, file) in bases.enumerated() {
            var bytes = store.bytes(of: file)
            switch kind {
            case 0 where number == 1 || number == 2: bytes[70] ^= 1
            case 1 where number == bases.count - 1: bytes.removeLast(20)
            case 2 where number == 1: bytes[3] ^= 1
            default: continue
            }
            store.set(bytes, for: file)
        }
        let undisturbed = store.copy()
        let entries = try repair(undisturbed)
        #expect(entries.count == [2, 1, 1][kind])
        #expect(entries.allSatisfy { $0.outcome == (kind == 2 ? .restored : .lost) })
        let damaged = Set(entries.flatMap { $0.damage.offset.rawValue..<($0.damage.nextOffset?.rawValue ?? 0) })
        let expected = numbered(batches)
        var calls = 0
        while true {
            let copy = store.copy(seed: UInt64(calls))
            copy.failAfter(calls: calls)
            do throws(LogError) {
                _ = try LogRepair(directory: folder, quarantine: "quarantine", reasonHeader: "reject", store: copy)
                    .run()
                break
            } catch {
                copy.cutPower()
            }
            #expect(try survivors(copy).isSuperset(of: Set(expected.keys).subtracting(damaged)), "call \(calls)")
            // The power goes a second time while the repair is being repeated.
            copy.failAfter(calls: calls / 2)
            do throws(LogError) {
                _ = try LogRepair(directory: folder, quarantine: "quarantine", reasonHeader: "reject", store: copy)
                    .run()
            } catch {}
            copy.cutPower()
            _ = try repair(copy)
            for file in undisturbed.allFiles where !file.hasSuffix("index") {
                #expect(copy.bytes(of: file) == undisturbed.bytes(of: file), "call \(calls): \(file)")
            }
            // No index is left that names places in the old file.
            _ = try open(copy)
            #expect(try LogReport.verify(directory: folder, store: copy).indexFaults.isEmpty, "call \(calls)")
            calls += 1
        }
        #expect(calls > 30)
        #expect(try contents(undisturbed).events == expected.filter { kind == 2 || !damaged.contains($0.key) })
    }

    /// Offsets of the whole batches, damage passed over.
    private func survivors(_ store: any FileStore) throws -> Set<Int64> {
        let walk = try LogWalk(directory: folder, store: store)
        var found: Set<Int64> = []
        while let item = try walk.next() {
            if case .batch(let batch) = item { found.formUnion(batch.firstOffset...batch.lastOffset) }
        }
        return found
    }

    @Test func whatCannotBeToldIsLeftAlone() throws {
        let store = try closed(makeBatches(3, seed: 25))
        var bytes = store.bytes(of: segmentFile(0))
        let places = try places(store)
        // The third batch claims an offset far behind: no gap of ours is that long.
        bytes.replaceSubrange(places[1].start..<places[1].start + 8, with: [0, 0, 0, 0, 0x70, 0, 0, 0])
        bytes.replaceSubrange(places[2].start..<places[2].start + 8, with: [0, 0, 0, 0, 0x71, 0, 0, 0])
        store.set(bytes, for: segmentFile(0))
        let entries = try repair(store)
        #expect(entries.contains { $0.isRefused })
        #expect(store.bytes(of: segmentFile(0)) == bytes)
    }
}

import Base
import Bytes
import FileStore
import State
import StateStore
import TestKit
import Testing

private let table = StateTable(3)

private func form(_ name: String, _ horizon: Int64? = nil) -> StateTableForm {
    StateTableForm(StateTableName(name), horizon: horizon)
}

/// A model of what a checkpoint holds: keys, times and values.
private typealias Model = [Text: (time: Int64, value: [UInt8])]

private func key(_ number: Int) -> Text { Text("key \(number)") }

/// Changes some keys of the model, and returns an image of the changes.
private func change(
    _ model: inout Model,
    _ random: inout Seeded,
    offset: Int64,
    clock: Int64,
    extra: [UInt8] = []
) -> StateImage {
    let image = StateImage(offset: offset, clock: clock, tables: [table: form("t", 1000)])
    image.sections["extra"] = extra
    var changed: Set<Int> = []
    for _ in 0..<random.below(60) { changed.insert(random.below(200)) }
    for number in changed.sorted() {
        let value = (0..<random.below(300)).map { _ in UInt8(random.below(256)) }
        let time = clock - Int64(random.below(100))
        model[key(number)] = (time, value)
        value.withUnsafeBytes { image.add(table, key(number), time: time, value: $0) }
    }
    return image
}

/// Everything that a store restores, without what the clock has passed.
private func contents(_ store: CheckpointStore, clock: Int64) throws -> [Text: [UInt8]] {
    var found: [Text: [UInt8]] = [:]
    var seen: Set<Text> = []
    try store.visit { record in
        if seen.insert(record.key).inserted, record.time >= clock - 1000 { found[record.key] = Array(record.value) }
        return true
    }
    return found
}

private func alive(_ model: Model, clock: Int64) -> [Text: [UInt8]] {
    model.filter { $0.value.time >= clock - 1000 }.mapValues { $0.value }
}

@Suite struct StateStoreTests {
    /// Numbers that no checkpoint of ours has, under right checksums: whoever reads them says so, and none traps.
    @Test func extremeNumbersAreNoCheckpoint() throws {
        func little(_ value: some FixedWidthInteger) -> [UInt8] {
            (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        let disk = CrashingStore()
        var random = Seeded(seed: 1)
        var model: Model = [:]
        let store = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        try store.install(change(&model, &random, offset: 5, clock: 90))
        let file = try #require(disk.allFiles.first { $0.contains("/checkpoint-") })
        let run = try #require(disk.allFiles.first { $0.hasSuffix(".state") })
        let (whole, wholeRun) = (disk.bytes(of: file), disk.bytes(of: run))
        let nasty: [Int64] = [-1, .min, .max, .max - 7, 1 << 62, 1 << 48, 0, 7, Int64(wholeRun.count), 1 << 32]
        func look() throws {
            let again = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
            _ = try again.summaries()
            guard try again.restore(upTo: .max).restored != nil else { return }
            var image = model
            do throws(StateError) {
                try again.visit { _ in true }
                var buffer: [UInt8] = []
                for number in 0..<20 { _ = try again.find(table, key(number), into: &buffer) }
                try again.install(change(&image, &random, offset: 6, clock: 95))
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
        for value in nasty {
            // Every number of the checkpoint.
            for position in 8..<whole.count - 12 {
                var bytes = whole
                bytes.replaceSubrange(position..<position + 8, with: little(value))
                bytes.replaceSubrange((bytes.count - 4)..., with: little(Checksum.crc32c(Array(bytes.dropLast(4)))))
                disk.set(bytes, for: file)
                disk.set(wholeRun, for: run)
                try look()
            }
            // Every number of the run's footer.
            for field in 0..<3 {
                var bytes = wholeRun
                let footer = bytes.count - 40
                bytes.replaceSubrange(footer + field * 8..<footer + field * 8 + 8, with: little(value))
                let sum = little(Checksum.crc32c(Array(bytes[footer..<footer + 24])))
                bytes.replaceSubrange(footer + 24..<footer + 28, with: sum)
                disk.set(bytes, for: run)
                var checkpoint = whole
                checkpoint.replaceSubrange(whole.count - 8..<whole.count - 4, with: sum)
                let end = little(Checksum.crc32c(Array(checkpoint.dropLast(4))))
                checkpoint.replaceSubrange((whole.count - 4)..., with: end)
                disk.set(checkpoint, for: file)
                try look()
            }
        }
        // Every number of the run's list of groups, of which it has one.
        disk.set(whole, for: file)
        for value in nasty {
            for position in [18, 26, 34] {
                var bytes = wholeRun
                let list = bytes.count - 40 - 46
                bytes.replaceSubrange(list + position..<list + position + 8, with: little(value))
                bytes.replaceSubrange(
                    list + 42..<list + 46,
                    with: little(Checksum.crc32c(Array(bytes[list..<list + 42])))
                )
                disk.set(bytes, for: run)
                try look()
            }
        }
        // A file's name is a number, too.
        disk.set(wholeRun, for: run)
        disk.set(whole, for: file)
        disk.set(whole, for: "state/t/checkpoint-9223372036854775807")
        try look()
    }

    /// Checkpoint after checkpoint: restoring and looking up give what a plain dictionary holds; two are kept.
    @Test(arguments: Seeds.upTo(10))
    func checkpointsHoldWhatWasPutIn(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let disk = CrashingStore(seed: seed)
        // Filters in memory and on disk say the same.
        let filterBytes = [0, 100, 1 << 20][Int(seed % 3)]
        let store = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk, filterBytes: filterBytes)
        var model: Model = [:]
        for round in 1...40 as ClosedRange<Int64> {
            let clock = round * 90
            try store.install(change(&model, &random, offset: round, clock: clock, extra: [UInt8(round)]))
            let again = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
            let (restored, notes) = try again.restore(upTo: .max)
            #expect(
                restored?.offset == round && restored?.clock == clock && restored?.sections["extra"] == [UInt8(round)]
            )
            #expect(notes.isEmpty)
            #expect(try contents(again, clock: clock) == alive(model, clock: clock))
            var buffer: [UInt8] = []
            for number in 0..<210 {
                let expected = model[key(number)].flatMap { $0.time >= clock - 1000 ? $0 : nil }
                let time = try store.find(table, key(number), into: &buffer)
                guard let expected else {
                    #expect(time ?? .min < clock - 1000)
                    continue
                }
                #expect(time == expected.time && buffer == expected.value)
            }
            #expect(try store.summaries().count <= CheckpointStore.keptCount)
        }
        let runs = try disk.list("state/t").filter { $0.hasSuffix(".state") }
        #expect(runs.count < 12, "Runs are merged as they pile up.")
    }

    /// What is held for keys on disk does not follow their number, and few keys that are not there cost a read of a block.
    @Test func memoryDoesNotFollowTheKeys() throws {
        let disk = CrashingStore()
        let kept = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk, filterBytes: 128 << 10)
        let none = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        var held: [Int] = []
        var next = 0
        for round in 1...6 as ClosedRange<Int64> {
            let image = StateImage(offset: round, clock: 0, tables: [table: form("t")])
            for _ in 0..<5000 << round {
                withUnsafeBytes(of: next) { image.add(table, key(next), time: 0, value: $0) }
                next += 1
            }
            try kept.install(image)
            held.append(kept.heldBytes)
        }
        #expect(next > 600_000)
        #expect(try none.restore(upTo: .max).restored?.offset == 6)
        #expect(none.heldBytes < 64 << 10, "Without filters a list of groups is left.")
        #expect(held.allSatisfy { $0 < 192 << 10 }, "\(held)")
        var buffer: [UInt8] = []
        for store in [kept, none] {
            let before = disk.calls(of: .read)
            var found = 0
            for number in next..<next + 5000 where try store.find(table, key(number), into: &buffer) != nil {
                found += 1
            }
            #expect(found == 0)
            // A line of the filter for each run at most, and three reads for one key in fifty.
            #expect(disk.calls(of: .read) - before < 5000 * 3)
            for number in stride(from: 0, to: next, by: 9973) {
                #expect(try store.find(table, key(number), into: &buffer) == 0)
                #expect(buffer == withUnsafeBytes(of: number) { Array($0) })
            }
        }
    }

    /// A power cut or a failing disk at any moment leaves the last checkpoint or the one before it, whole.
    @Test(arguments: Seeds.upTo(200))
    func aCrashLeavesAWholeCheckpoint(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let disk = CrashingStore(seed: seed)
        var model: Model = [:]
        var history: [Int64: Model] = [:]
        var installed: Int64 = 0
        let store = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        for round in 1...12 as ClosedRange<Int64> {
            let image = change(&model, &random, offset: round, clock: round * 90)
            history[round] = model
            if round > 3 { disk.setFailurePercent(4) }
            do {
                try store.install(image)
                installed = round
            } catch {
                break
            }
        }
        disk.cutPower()
        let again = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        let restored = try #require(try again.restore(upTo: .max).restored)
        #expect(restored.offset >= installed, "What was installed is durable.")
        let expected = try #require(history[restored.offset])
        let clock = restored.offset * 90
        #expect(try contents(again, clock: clock) == alive(expected, clock: clock))
    }

    /// Every flipped bit is found: the older checkpoint is used, or none; never other values.
    @Test func damageIsNeverUsed() throws {
        var random = Seeded(seed: 5)
        let disk = CrashingStore()
        let store = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        var model: Model = [:]
        var history: [Int64: Model] = [:]
        for round in 1...6 as ClosedRange<Int64> {
            try store.install(change(&model, &random, offset: round, clock: round * 10))
            history[round] = model
        }
        var older = 0
        for name in try disk.list("state/t") {
            let file = "state/t/" + name
            let bytes = disk.bytes(of: file)
            for position in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
                let copy = disk.copy()
                var changed = bytes
                changed[position] ^= 1 << UInt8(position % 8)
                copy.set(changed, for: file)
                let again = CheckpointStore(directory: "state/t", fingerprint: "f", store: copy)
                let (restored, notes) = try again.restore(upTo: .max)
                guard let restored else {
                    #expect(!notes.isEmpty)
                    continue
                }
                if restored.offset < 6 {
                    older += 1
                    #expect(!notes.isEmpty)
                }
                let clock = restored.offset * 10
                let expected = try #require(history[restored.offset])
                #expect(try contents(again, clock: clock) == alive(expected, clock: clock))
            }
        }
        #expect(older > 0)
    }

    /// A store with checkpoints at the offsets 10, 20 and so on, of which the newest are kept.
    private func filled(
        with count: Int64,
        _ model: inout Model,
        _ random: inout Seeded
    ) throws -> (disk: CrashingStore, store: CheckpointStore) {
        let disk = CrashingStore()
        let store = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        for round in 1...count {
            try store.install(change(&model, &random, offset: round * 10, clock: round))
        }
        return (disk, store)
    }

    /// What cannot be used takes no place: the next checkpoint takes it away.
    @Test func damagedOnesGoWithTheNextCheckpoint() throws {
        var random = Seeded(seed: 8)
        var model: Model = [:]
        let (disk, _) = try filled(with: 2, &model, &random)
        let newest = "state/t/" + (try #require(try disk.list("state/t").last { $0.hasPrefix("checkpoint") }))
        var bytes = disk.bytes(of: newest)
        bytes[20] ^= 1
        disk.set(bytes, for: newest)
        let again = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        #expect(try again.restore(upTo: .max).restored?.offset == 10)
        try again.install(change(&model, &random, offset: 30, clock: 3))
        #expect(try again.summaries().map(\.offset) == [30, 10])
        #expect(try again.summaries().allSatisfy { $0.fault == nil })
    }

    /// A recovery that has looked at no checkpoint leaves the old ones behind its own all the same.
    @Test func aCheckpointIsNewerThanWhatIsThere() throws {
        var random = Seeded(seed: 9)
        var model: Model = [:]
        let (disk, _) = try filled(with: 3, &model, &random)
        let fresh = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        try fresh.install(change(&model, &random, offset: 40, clock: 4))
        #expect(try fresh.summaries().map(\.offset) == [40, 30])
        #expect(try fresh.summaries().allSatisfy { $0.fault == nil })
    }

    /// What a table is stands in the checkpoint; the number of one that is gone is nobody's until its last record is.
    @Test func tablesHaveNames() throws {
        let disk = CrashingStore()
        let store = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        func install(_ offset: Int64, _ tables: [StateTable: StateTableForm], keys: Range<Int>) throws {
            let image = StateImage(offset: offset, clock: 0, tables: tables)
            image.sections = ["b": [2], "a": [UInt8(offset)]]
            for number in keys {
                for table in tables.keys.sorted() {
                    withUnsafeBytes(of: number) { image.add(table, key(number), time: 0, value: $0) }
                }
            }
            try store.install(image)
        }
        func restored() throws -> RestoredState {
            let again = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
            return try #require(try again.restore(upTo: .max).restored)
        }
        let (one, other) = (StateTable(1), StateTable(2))
        let named = StateTableForm(StateTableName("n", columns: ["x", "y", "x"]), horizon: 5)
        try install(1, [one: named, other: form("o")], keys: 0..<1000)
        #expect(try restored().tables == [one: named.name, other: StateTableName("o")])
        #expect(try restored().sections == ["a": [1], "b": [2]])
        try install(2, [one: named], keys: 0..<10)
        #expect(try restored().tables == [one: named.name, other: StateTableName("")])
        #expect(throws: StateError.self) { try install(3, [one: named, other: form("new")], keys: 0..<10) }
        #expect(throws: StateError.self) { try install(3, [one: form("n")], keys: 0..<10) }
        // All runs become one, without what is gone.
        try install(3, [one: named], keys: 0..<5000)
        #expect(try restored().tables == [one: named.name])
        var tables: Set<StateTable> = []
        try store.visit { tables.insert($0.table).inserted || true }
        #expect(tables == [one])
        try install(4, [one: named, other: form("new")], keys: 0..<10)
        #expect(try restored().tables == [one: named.name, other: StateTableName("new")])
    }

    /// As the versions before wrote it: the owner's bytes without a name, tables by their numbers.
    @Test func checkpointsWithoutNamesAreRead() throws {
        let disk = CrashingStore()
        var random = Seeded(seed: 4)
        var model: Model = [:]
        let store = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        try store.install(change(&model, &random, offset: 5, clock: 90))
        let file = try #require(disk.allFiles.first { $0.contains("/checkpoint-") })
        let whole = disk.bytes(of: file)
        // Head and fingerprint, the owner's bytes, one run.
        var first =
            Array("PACHECK1".utf8) + whole[8..<38] + [3, 0, 0, 0, 7, 8, 9]
            + whole[(whole.count - 36)..<(whole.count - 4)]
        first += withUnsafeBytes(of: Checksum.crc32c(first).littleEndian) { Array($0) }
        disk.set(first, for: file)
        let again = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        let restored = try #require(try again.restore(upTo: .max).restored)
        #expect(restored.offset == 5 && restored.clock == 90 && restored.tables == nil)
        #expect(restored.sections == ["": [7, 8, 9]])
        #expect(try contents(again, clock: 90) == alive(model, clock: 90))
        // The next one has names.
        try again.install(change(&model, &random, offset: 6, clock: 95))
        let next = try #require(try again.restore(upTo: .max).restored)
        #expect(next.offset == 6 && next.tables == [table: StateTableName("t")])
        #expect(try contents(again, clock: 95) == alive(model, clock: 95))
    }

    @Test func onlyCheckpointsOfTheSameFingerprintAndEarlyEnoughAreUsed() throws {
        var random = Seeded(seed: 6)
        var model: Model = [:]
        let (disk, store) = try filled(with: 2, &model, &random)
        #expect(try store.restore(upTo: 19).restored?.offset == 10)
        #expect(try store.restore(upTo: 9).restored == nil)
        let other = CheckpointStore(directory: "state/t", fingerprint: "g", store: disk)
        #expect(try other.restore(upTo: .max).restored == nil)
        // What means the same in the words of an earlier version is used; what is written from then on is in today's.
        let later = CheckpointStore(
            directory: "state/t",
            fingerprint: StateFingerprint("g", earlier: ["e", "f"]),
            store: disk
        )
        #expect(try later.restore(upTo: .max).restored?.offset == 20)
        try later.install(change(&model, &random, offset: 30, clock: 3))
        #expect(try other.restore(upTo: .max).restored?.offset == 30)
        #expect(try store.restore(upTo: .max).restored?.offset == 20)
    }

    /// Hostile bytes: no crash, no hang, no great allocation.
    @Test func garbageIsRefused() throws {
        var random = Seeded(seed: 7)
        let disk = CrashingStore()
        let store = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        var model: Model = [:]
        for round in 1...3 as ClosedRange<Int64> { try store.install(change(&model, &random, offset: round, clock: 1)) }
        for _ in 0..<400 {
            let copy = disk.copy()
            for name in try disk.list("state/t") where random.below(2) == 0 {
                var bytes = disk.bytes(of: "state/t/" + name)
                for _ in 0..<1 + random.below(8) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
                if random.below(3) == 0 { bytes.removeLast(random.below(bytes.count)) }
                copy.set(bytes, for: "state/t/" + name)
            }
            let again = CheckpointStore(directory: "state/t", fingerprint: "f", store: copy)
            _ = try again.restore(upTo: .max)
            _ = try again.summaries()
        }
    }
}

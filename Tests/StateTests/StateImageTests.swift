import Base
import State
import TestKit
import Testing

private let table = StateTable(1)
private let tables = [table: StateTableForm(StateTableName("t"), horizon: 1000)]

/// What an image holds, by key.
private func contents(_ image: StateImage) -> [UInt64: UInt64] {
    var found: [UInt64: UInt64] = [:]
    image.visitSorted { found[$0.key.low] = $0.value.loadUnaligned(as: UInt64.self) }
    return found
}

/// Slots with a number each, of which images are made as of engines' states.
private struct Slots: ~Copyable {
    private(set) var values: [UInt64]
    private var marks = ChangeMarks()

    init(_ values: [UInt64]) { self.values = values }

    mutating func begin(_ image: StateImage, all: Bool) {
        if all { for slot in values.indices { _ = marks.willChange(slot) } }
        marks.begin(image)
    }

    /// Changes a slot; whatever the image needs of it is copied first.
    mutating func change(_ slot: Int, to value: UInt64) {
        if marks.willChange(slot) { copy(slot) }
        values[slot] = value
    }

    /// True once the image has all.
    mutating func fill(upTo limit: Int) -> Bool {
        while let slot = marks.next(upTo: limit) { copy(slot) }
        return marks.image == nil
    }

    private func copy(_ slot: Int) {
        guard let image = marks.image else { return }
        withUnsafeBytes(of: values[slot]) { image.add(table, Text(low: UInt64(slot), high: 0), time: 0, value: $0) }
    }
}

@Suite struct StateImageTests {
    /// However an image is filled while its state goes on: it holds what was there when it was begun, and of a later one
    /// only what has changed since.
    @Test(arguments: Seeds.upTo(100))
    func anImageIsAsOfItsBeginning(seed: UInt64) {
        var random = Seeded(seed: seed)
        var slots = Slots((0..<50).map { _ in UInt64(random.below(1 << 20)) })
        var known: [UInt64: UInt64] = [:]
        for round in 0..<20 {
            let image = StateImage(offset: Int64(round), clock: nil, tables: tables)
            slots.begin(image, all: round == 0)
            let wanted = slots.values
            repeat {
                for _ in 0..<random.below(8) {
                    slots.change(random.below(50), to: UInt64(random.below(1 << 20)))
                }
            } while !slots.fill(upTo: image.byteCount + random.below(400))
            let found = contents(image)
            #expect(found.count == image.count, "Each slot is copied once.")
            known.merge(found) { $1 }
            #expect((0..<50).allSatisfy { known[UInt64($0)] == wanted[$0] })
        }
    }

    /// The disk is written in this order, and of a key that is added twice the first value counts.
    @Test func recordsComeInTheOrderOfTheirKeys() {
        let image = StateImage(offset: 0, clock: nil, tables: tables)
        for (number, key) in ([7, 3, 9, 3, 1, 7] as [UInt64]).enumerated() {
            withUnsafeBytes(of: UInt64(number)) { image.add(table, Text(low: key, high: 0), time: 0, value: $0) }
        }
        var keys: [UInt64] = []
        image.visitSorted { keys.append($0.key.low) }
        #expect(keys == [1, 3, 7, 9])
        #expect(contents(image) == [1: 4, 3: 1, 7: 0, 9: 2])
    }

    @Test func whatTheClockHasPassedIsDead() {
        let image = StateImage(offset: 0, clock: 5000, tables: tables)
        func isDead(_ number: UInt16, _ time: Int64) -> Bool {
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            return image.isDead(StateRecord(table: StateTable(number), key: .absent, time: time, value: nothing))
        }
        #expect(!isDead(1, 4000) && isDead(1, 3999))
        #expect(isDead(2, 9000), "No table of the state has it.")
    }

    /// A value that grows from image to image takes what the last one takes, not what all of them took.
    @Test func anImageKeepsNoMemoryOfLargeValues() {
        let image = StateImage(offset: 0, clock: nil, tables: tables)
        for round in 1...30 {
            image.reuse(offset: Int64(round), clock: nil, tables: tables)
            let value = [UInt8](repeating: UInt8(round), count: round * 100_000)
            value.withUnsafeBytes { image.add(table, Text(low: 1, high: 2), time: 0, value: $0) }
            for key in 0..<9 as Range<UInt64> {
                value[..<100].withUnsafeBytes { image.add(table, Text(low: key, high: 3), time: 0, value: $0) }
            }
            #expect(image.heldBytes <= value.count + 600_000)
        }
    }
}

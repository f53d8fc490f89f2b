/// How often each key occurs, in bounded memory.
///
/// Exact up to a limit of different keys. Beyond it keys are kept whose hashes begin with a zero, then two, and so on:
/// an even sample of the keys, each of which is still counted exactly (adaptive sampling; Wegman 1984, Flajolet 1990).
/// So the number of keys is estimated within some 1.2 / √limit, and what is said of a key is true of that key.
package final class KeySample {
    private let limit: Int
    private var hashes: UnsafeMutablePointer<UInt64>
    /// Occurrences of the key of a slot.
    package private(set) var counts: UnsafeMutablePointer<UInt32>
    /// What the owner notes of the key of a slot; 0 at first.
    private(set) var notes: UnsafeMutablePointer<Int64>
    private var capacity = 64
    /// Keys in the sample.
    package private(set) var count = 0
    /// Leading bits of a hash that must be zero.
    private var level: UInt64 = 0

    /// - Parameter limit: Keys that are held at most; a power of two.
    package init(limit: Int) {
        self.limit = limit
        hashes = .allocate(capacity: capacity)
        counts = .allocate(capacity: capacity)
        notes = .allocate(capacity: capacity)
        hashes.initialize(repeating: 0, count: capacity)
        counts.initialize(repeating: 0, count: capacity)
        notes.initialize(repeating: 0, count: capacity)
    }

    deinit {
        hashes.deallocate()
        counts.deallocate()
        notes.deallocate()
    }

    /// Whether every key is in the sample.
    package var isExact: Bool { level == 0 }

    /// Different keys, exactly or about.
    package var distinct: Int { count << Int(level) }

    /// Counts a key and gives its slot, which is good until the next call; nil if it is not in the sample.
    @inline(__always)
    package func add(_ key: UInt64) -> Int? {
        // Zero marks a free slot.
        let hash = key == 0 ? 1 : key
        guard level == 0 || hash >> (64 &- level) == 0 else { return nil }
        var slot = Int(truncatingIfNeeded: hash) & (capacity &- 1)
        while hashes[slot] != hash {
            guard hashes[slot] != 0 else { return insert(hash) }
            slot = (slot &+ 1) & (capacity &- 1)
        }
        if counts[slot] < .max { counts[slot] &+= 1 }
        return slot
    }

    private func insert(_ hash: UInt64) -> Int? {
        if count == limit {
            level += 1
            rebuild(capacity)
            return hash >> (64 - level) == 0 ? insert(hash) : nil
        }
        if count * 2 >= capacity { rebuild(capacity * 2) }
        let slot = freeSlot(hash)
        hashes[slot] = hash
        counts[slot] = 1
        notes[slot] = 0
        count += 1
        return slot
    }

    private func freeSlot(_ hash: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: hash) & (capacity - 1)
        while hashes[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
        return slot
    }

    /// Moves the keys that stay into tables of another size.
    private func rebuild(_ size: Int) {
        let (oldHashes, oldCounts, oldNotes, oldCapacity) = (hashes, counts, notes, capacity)
        capacity = size
        hashes = .allocate(capacity: size)
        counts = .allocate(capacity: size)
        notes = .allocate(capacity: size)
        hashes.initialize(repeating: 0, count: size)
        counts.initialize(repeating: 0, count: size)
        notes.initialize(repeating: 0, count: size)
        count = 0
        for old in 0..<oldCapacity where oldHashes[old] != 0 && (level == 0 || oldHashes[old] >> (64 - level) == 0) {
            let slot = freeSlot(oldHashes[old])
            hashes[slot] = oldHashes[old]
            counts[slot] = oldCounts[old]
            notes[slot] = oldNotes[old]
            count += 1
        }
        oldHashes.deallocate()
        oldCounts.deallocate()
        oldNotes.deallocate()
    }

    /// The counts of all keys in the sample, ascending.
    package var sortedCounts: [UInt32] {
        (0..<capacity).filter { hashes[$0] != 0 }.map { counts[$0] }.sorted()
    }

    /// Occurrences beyond each key's first one, in all, exactly or about.
    package var repetitions: Int {
        var sum = 0
        for slot in 0..<capacity where hashes[slot] != 0 { sum += Int(counts[slot]) - 1 }
        return sum << Int(level)
    }
}

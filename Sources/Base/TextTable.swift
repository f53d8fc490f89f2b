/// Finds the slot number of a text: open addressing with linear probing in segments that are split as they fill, so
/// that no single insertion takes long (extendible hashing; Fagin, Nievergelt, Pippenger, Strong 1979).
///
/// A slot number stays the same until its key is removed; freed numbers are used again, the last freed first. Owned by
/// one engine; not `Sendable`. Look-up, insertion and removal are O(1) expected. The order of slots is the order of
/// insertion, never of hashes.
public struct TextTable: ~Copyable {
    /// By the first ``depth`` bits of a hash: where its segment is. A segment that differs in fewer bits has several
    /// entries next to one another.
    private var directory: UnsafeMutablePointer<Segment>
    private var depth: UInt64 = 0
    private var keys = GrowingArray<Text>()
    private var free: [Int32] = []
    private var cellCount = TextTable.smallestSegment

    /// Keys in the table.
    public private(set) var count = 0

    /// Bytes of memory that the table takes, but for the little that an empty one does.
    public var byteCount: Int {
        keys.byteCount + (cellCount - Self.smallestSegment + free.capacity) * MemoryLayout<Int32>.stride
            + (1 << Int(depth) &- 1) * MemoryLayout<Segment>.stride
    }

    /// Slot numbers in use or free: every slot is below this.
    public var slotCount: Int { keys.count }

    /// An empty table.
    public init() {
        directory = .allocate(capacity: 1)
        directory.initialize(to: Segment(cellCount: Self.smallestSegment, depth: 0))
    }

    deinit {
        var entry = 0
        while entry < 1 << Int(depth) {
            let segment = directory[entry]
            entry += 1 << (Int(depth) - Int(segment.depth))
            segment.deallocate()
        }
        directory.deallocate()
    }

    /// Cells of a new table, and of a segment that is split instead of growing: a split moves half as many keys.
    private static let smallestSegment = 128
    private static let largestSegment = 2048

    /// The key of a slot; absent if the slot is free.
    public func key(of slot: Int) -> Text { keys[slot] }

    /// The slot of a key, or nil.
    public func slot(of key: Text) -> Int? {
        let hash = key.hash64
        let segment = directory[entry(of: hash)]
        var cell = segment.home(of: hash)
        while segment.cells[cell] != 0 {
            let slot = Int(segment.cells[cell]) - 1
            if keys[slot] == key { return slot }
            cell = (cell + 1) & segment.mask
        }
        return nil
    }

    /// Brings the memory of keys that are about to be looked for into the caches, all of them at once: a table that is
    /// larger than the caches makes each key wait for memory otherwise, one after another (group prefetching; Chen et
    /// al., ICDE 2004).
    ///
    /// - Parameters:
    ///   - expected: The keys.
    ///   - count: How many; some ten to twenty are best.
    ///   - slots: [count]. Where each key is if the first place that is looked at is the right one; -1 if that is
    ///     empty.
    /// - Returns: False if the table is small: it is in the caches anyway, and nothing was done.
    public func expect(_ expected: UnsafePointer<Text>, count: Int, slots: UnsafeMutablePointer<Int32>) -> Bool {
        guard self.count >= Self.expectedMin else { return false }
        for index in 0..<count { prefetch(firstCell(of: expected[index])) }
        for index in 0..<count {
            let slot = firstCell(of: expected[index]).pointee - 1
            slots[index] = slot
            if slot >= 0 { keys.prefetch(Int(slot)) }
        }
        return true
    }

    /// Keys of a table that is larger than the fast caches.
    private static let expectedMin = 2048

    private func firstCell(of key: Text) -> UnsafeMutablePointer<Int32> {
        let hash = key.hash64
        let segment = directory[entry(of: hash)]
        return segment.cells + segment.home(of: hash)
    }

    /// The slot of a key, taken anew if there is none yet.
    public mutating func insert(_ key: Text) -> (slot: Int, isNew: Bool) {
        let hash = key.hash64
        let segment = directory[entry(of: hash)]
        var cell = segment.home(of: hash)
        while segment.cells[cell] != 0 {
            let slot = Int(segment.cells[cell]) - 1
            if keys[slot] == key { return (slot, false) }
            cell = (cell + 1) & segment.mask
        }
        guard !segment.isFull else {
            makeRoom(for: hash)
            return insert(key)
        }
        let slot: Int
        if let last = free.popLast() {
            slot = Int(last)
            keys[slot] = key
        } else {
            slot = keys.count
            keys.append(key)
        }
        segment.cells[cell] = Int32(slot + 1)
        segment.used += 1
        count += 1
        return (slot, true)
    }

    /// Removes the key of a slot in use; the slot may be handed out again.
    public mutating func remove(slot: Int) {
        let key = keys[slot]
        precondition(!key.isAbsent, "The slot is free already.")
        let hash = key.hash64
        let segment = directory[entry(of: hash)]
        let cells = segment.cells
        var hole = segment.home(of: hash)
        while cells[hole] != Int32(slot + 1) { hole = (hole + 1) & segment.mask }
        keys[slot] = .absent
        free.append(Int32(slot))
        count -= 1
        segment.used -= 1
        // Backward shift: every entry behind the hole that may move into it does, so no tombstones are needed.
        var next = (hole + 1) & segment.mask
        while cells[next] != 0 {
            let home = segment.home(of: keys[Int(cells[next]) - 1].hash64)
            if (next &- home) & segment.mask >= (next &- hole) & segment.mask {
                cells[hole] = cells[next]
                hole = next
            }
            next = (next + 1) & segment.mask
        }
        cells[hole] = 0
    }

    /// Some keys of the table, those whose hashes begin with the same ``depth`` bits.
    private struct Segment {
        /// Slot + 1, or 0 for an empty cell. A power of two, at most half full. The number of keys is in front of them.
        let cells: UnsafeMutablePointer<Int32>
        private let lastCell: UInt32
        let depth: UInt32

        init(cellCount: Int, depth: UInt32) {
            let memory = UnsafeMutablePointer<Int32>.allocate(capacity: cellCount + 1)
            memory.initialize(repeating: 0, count: cellCount + 1)
            cells = memory + 1
            lastCell = UInt32(cellCount - 1)
            self.depth = depth
        }

        func deallocate() { (cells - 1).deallocate() }

        var mask: Int { Int(lastCell) }

        var used: Int32 {
            get { cells[-1] }
            nonmutating set { cells[-1] = newValue }
        }

        var isFull: Bool { (Int(used) + 1) * 2 > mask + 1 }

        func home(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & mask }

        func add(_ slot: Int32, _ hash: UInt64) {
            var cell = home(of: hash)
            while cells[cell] != 0 { cell = (cell + 1) & mask }
            cells[cell] = slot
            used += 1
        }
    }

    private func entry(of hash: UInt64) -> Int { Int(truncatingIfNeeded: (hash >> 32) &>> (32 - depth)) }

    /// Makes the segment of a hash larger, or splits it.
    private mutating func makeRoom(for hash: UInt64) {
        let old = directory[entry(of: hash)]
        // Keys that somebody has chosen to have similar hashes must not make the directory large.
        let isSparse = (1 << depth) * Self.largestSegment > 64 * (count + Self.largestSegment)
        guard old.mask + 1 >= Self.largestSegment, UInt64(old.depth) < depth || !isSparse else {
            let larger = Segment(cellCount: (old.mask + 1) * 2, depth: old.depth)
            for cell in 0...old.mask where old.cells[cell] != 0 {
                larger.add(old.cells[cell], keys[Int(old.cells[cell]) - 1].hash64)
            }
            replace(old, hash, by: larger, larger)
            return
        }
        if UInt64(old.depth) == depth { deepen() }
        let low = Segment(cellCount: old.mask + 1, depth: old.depth + 1)
        let high = Segment(cellCount: old.mask + 1, depth: old.depth + 1)
        for cell in 0...old.mask where old.cells[cell] != 0 {
            let hash = keys[Int(old.cells[cell]) - 1].hash64
            ((hash << UInt64(old.depth)) >> 63 == 0 ? low : high).add(old.cells[cell], hash)
        }
        replace(old, hash, by: low, high)
    }

    /// Puts two segments in the place of the one that a hash belongs to.
    private mutating func replace(_ old: Segment, _ hash: UInt64, by low: Segment, _ high: Segment) {
        let width = 1 << (Int(depth) - Int(old.depth))
        let first = entry(of: hash) / width * width
        for entry in 0..<width { directory[first + entry] = entry < width / 2 ? low : high }
        cellCount += low.mask - old.mask
        if high.cells != low.cells { cellCount += high.mask + 1 }
        old.deallocate()
    }

    /// Doubles the directory.
    private mutating func deepen() {
        let size = 1 << Int(depth)
        let larger = UnsafeMutablePointer<Segment>.allocate(capacity: size * 2)
        for entry in 0..<size {
            (larger + entry * 2).initialize(to: directory[entry])
            (larger + entry * 2 + 1).initialize(to: directory[entry])
        }
        directory.deallocate()
        directory = larger
        depth += 1
    }
}

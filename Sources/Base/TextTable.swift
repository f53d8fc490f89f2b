/// Finds the slot number of a text: open addressing with linear probing, one cache line a look-up for most keys.
///
/// A slot number stays the same until its key is removed; freed numbers are used again, the last freed first. Owned by
/// one engine; not `Sendable`. Look-up, insertion and removal are O(1) expected. The order of slots is the order of
/// insertion, never of hashes.
public struct TextTable: ~Copyable {
    /// Index cells: slot + 1, or 0 for an empty cell. Always a power of two, at most half full.
    private var cells: UnsafeMutablePointer<Int32>
    private var cellCount: Int
    private var keys: UnsafeMutablePointer<Text>
    private var keyCapacity: Int
    private var free: [Int32] = []

    /// Slot numbers in use or free: every slot is below this.
    public private(set) var slotCount = 0
    /// Keys in the table.
    public private(set) var count = 0

    public init(capacity: Int = 64) {
        var size = 128
        while size < capacity * 2 { size *= 2 }
        cellCount = size
        cells = .allocate(capacity: size)
        cells.initialize(repeating: 0, count: size)
        keyCapacity = size / 2
        keys = .allocate(capacity: keyCapacity)
    }

    deinit {
        cells.deallocate()
        keys.deallocate()
    }

    /// The key of a slot; absent if the slot is free.
    public func key(of slot: Int) -> Text { keys[slot] }

    /// The slot of a key, or nil.
    public func slot(of key: Text) -> Int? {
        var cell = Int(truncatingIfNeeded: key.hash64) & (cellCount - 1)
        while cells[cell] != 0 {
            let slot = Int(cells[cell]) - 1
            if keys[slot] == key { return slot }
            cell = (cell + 1) & (cellCount - 1)
        }
        return nil
    }

    /// The slot of a key, taken anew if there is none yet.
    public mutating func insert(_ key: Text) -> (slot: Int, isNew: Bool) {
        var cell = Int(truncatingIfNeeded: key.hash64) & (cellCount - 1)
        while cells[cell] != 0 {
            let slot = Int(cells[cell]) - 1
            if keys[slot] == key { return (slot, false) }
            cell = (cell + 1) & (cellCount - 1)
        }
        if (count + 1) * 2 > cellCount {
            grow()
            return insert(key)
        }
        let slot: Int
        if let last = free.popLast() {
            slot = Int(last)
        } else {
            slot = slotCount
            slotCount += 1
            if slotCount > keyCapacity { growKeys() }
        }
        keys[slot] = key
        cells[cell] = Int32(slot + 1)
        count += 1
        return (slot, true)
    }

    /// Removes the key of a slot in use; the slot may be handed out again.
    public mutating func remove(slot: Int) {
        let key = keys[slot]
        precondition(!key.isAbsent, "The slot is free already.")
        var cell = Int(truncatingIfNeeded: key.hash64) & (cellCount - 1)
        while cells[cell] != Int32(slot + 1) { cell = (cell + 1) & (cellCount - 1) }
        keys[slot] = .absent
        free.append(Int32(slot))
        count -= 1
        // Backward shift: every entry behind the hole that may move into it does, so no tombstones are needed.
        var hole = cell
        var next = (hole + 1) & (cellCount - 1)
        while cells[next] != 0 {
            let home = Int(truncatingIfNeeded: keys[Int(cells[next]) - 1].hash64) & (cellCount - 1)
            if (next &- home) & (cellCount - 1) >= (next &- hole) & (cellCount - 1) {
                cells[hole] = cells[next]
                hole = next
            }
            next = (next + 1) & (cellCount - 1)
        }
        cells[hole] = 0
    }

    private mutating func grow() {
        cells.deallocate()
        cellCount *= 2
        cells = .allocate(capacity: cellCount)
        cells.initialize(repeating: 0, count: cellCount)
        for slot in 0..<slotCount where !keys[slot].isAbsent {
            var cell = Int(truncatingIfNeeded: keys[slot].hash64) & (cellCount - 1)
            while cells[cell] != 0 { cell = (cell + 1) & (cellCount - 1) }
            cells[cell] = Int32(slot + 1)
        }
    }

    private mutating func growKeys() {
        let larger = UnsafeMutablePointer<Text>.allocate(capacity: keyCapacity * 2)
        larger.update(from: keys, count: keyCapacity)
        keys.deallocate()
        keys = larger
        keyCapacity *= 2
    }
}

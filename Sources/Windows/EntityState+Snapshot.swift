import Base
import Plan
import State

/// Where the keys are that have been spilled to disk: the last checkpoint.
struct ColdKeys {
    var table: StateTable
    var state: any ColdState
    /// The first read that failed. The events since then have not seen all of their history.
    var failure: ColdError?
    var scratch: [UInt8] = []
}

extension EntityState {
    /// Bytes of memory that the keys take, with what others have left for the next ones.
    var byteCount: Int { arena.byteCount + fixedBytes }

    /// The same without the rows that are free: what giving up keys makes less. Slots stay for the next keys.
    var heldBytes: Int { arena.liveBytes + fixedBytes }

    private var fixedBytes: Int { running.byteCount + slots.byteCount + table.byteCount + changes.byteCount }

    /// Bytes of an image of what has changed, about.
    var changedBytes: Int {
        (arena.liveBytes / max(1, keyCount) + StateImage.recordBytes) * changes.changedCount
    }

    /// Begins to fill an image with the keys that have changed since the last one was begun; with all that are in
    /// memory if `all`. The last one must be whole.
    mutating func beginImage(_ image: StateImage, all: Bool) {
        if all {
            for slot in 0..<slots.count where slots[slot].sizeClass >= 0 { _ = changes.willChange(slot) }
        }
        changes.begin(image)
    }

    /// Copies on, until the image has about `limit` bytes. True once it has every key.
    mutating func fillImage(upTo limit: Int) -> Bool {
        while let slot = changes.next(upTo: limit) { copy(slot) }
        return changes.image == nil
    }

    /// Copies a key into the image that is being filled.
    func copy(_ slot: Int) {
        guard let image = changes.image else {
            preconditionFailure("Only an image that is being filled has keys to be copied.")
        }
        let count = Int(slots[slot].count)
        precondition(count > 0, "A key that is copied has a row.")
        let rows = arena.words + slots[slot].block
        let last = Int64(bitPattern: rows[(count - 1) * arena.width])
        let bytes = UnsafeRawBufferPointer(start: rows, count: count * arena.width * 8)
        image.add(stateTable, table.key(of: slot), time: last, value: bytes)
    }

    /// Takes a key from a checkpoint, unless it is there already. False if its rows cannot be of this pipeline.
    mutating func load(_ key: Text, _ value: UnsafeRawBufferPointer) -> Bool {
        guard table.slot(of: key) == nil else { return true }
        let rowBytes = arena.width * 8
        guard !key.isAbsent, !value.isEmpty, value.count % rowBytes == 0 else { return false }
        let (slot, _) = table.insert(key)
        if slot == slots.count { slots.append(Slot()) }
        slots[slot] = Slot(block: arena.takeBlock(0), count: 0, sizeClass: 0)
        fill(slot, value)
        return true
    }

    private mutating func fill(_ slot: Int, _ value: UnsafeRawBufferPointer) {
        let count = value.count / (arena.width * 8)
        var sizeClass = 0
        while RowArena.rowCapacity(sizeClass) < count { sizeClass += 1 }
        if sizeClass > 0 {
            arena.giveBack(slots[slot].block, sizeClass: 0)
            slots[slot].block = arena.takeBlock(sizeClass)
            slots[slot].sizeClass = Int16(sizeClass)
        }
        UnsafeMutableRawPointer(arena.words + slots[slot].block).copyMemory(
            from: value.baseAddress ?? UnsafeRawPointer(arena.words),
            byteCount: value.count
        )
        precondition(count <= RowArena.rowCapacity(Int(slots[slot].sizeClass)), "Rows lie in their block.")
        slots[slot].count = Int32(count)
    }

    /// Brings a key back that may have been spilled.
    mutating func fetch(_ key: Text, _ slot: Int, clock: Int64) {
        guard var cold else { return }
        // Taken out, so that the scratch memory is not copied.
        self.cold = nil
        defer { self.cold = cold }
        do {
            guard let last = try cold.state.find(cold.table, key, into: &cold.scratch) else { return }
            guard last >= clock - horizon, cold.scratch.count % (arena.width * 8) == 0 else { return }
            cold.scratch.withUnsafeBytes { fill(slot, $0) }
        } catch {
            cold.failure = cold.failure ?? .unread(error)
        }
    }

    /// Gives up keys until their rows take at most three quarters of what `limit` bytes leave for rows: those that were
    /// not used since the hand of the clock went by (Corbató 1969), and that the last checkpoint holds as they are. No
    /// image may be being filled.
    mutating func spill(limit: Int) {
        guard heldBytes > limit else { return }
        precondition(changes.image == nil, "Keys that an image needs are not given up.")
        let target = max(0, limit - fixedBytes) / 4 * 3
        var looks = slots.count * 2
        while arena.liveBytes > target, looks > 0 {
            looks -= 1
            if spillPosition >= slots.count { spillPosition = 0 }
            let slot = spillPosition
            spillPosition += 1
            guard slots[slot].sizeClass >= 0, !changes.isChanged(slot) else { continue }
            if slots[slot].isWarm {
                slots[slot].isWarm = false
            } else {
                release(slot)
                spilledCount += 1
            }
        }
        // What once was for more keys than there is room for now.
        if fixedBytes > limit / 2, slots.count > keyCount * 2 + 1024 { shrink() }
        // Blocks of one size are of no use to rows that need larger ones.
        if byteCount > limit + limit / 2 { compact() }
    }

    /// Puts the keys into a table of their own size. What is known of their windows is made again when it is asked for.
    private mutating func shrink() {
        var table = TextTable()
        var slots = GrowingArray<Slot>()
        var changes = ChangeMarks()
        for old in 0..<self.slots.count where self.slots[old].sizeClass >= 0 {
            let (slot, _) = table.insert(self.table.key(of: old))
            precondition(slot == slots.count, "A new table hands out its slots in their order.")
            slots.append(self.slots[old])
            slots[slot].running = -1
            if self.changes.isChanged(old) { _ = changes.willChange(slot) }
        }
        running = RunningWindows(like: running)
        precondition(table.count == keyCount, "No key is lost.")
        self.table = table
        self.slots = slots
        self.changes = changes
        spillPosition = 0
        sweepPosition = 0
    }

    /// Moves all rows together, so that the memory of free blocks can be given back. O(n log n).
    private mutating func compact() {
        var order: [(block: Int, slot: Int32)] = []
        order.reserveCapacity(keyCount)
        for slot in 0..<slots.count where slots[slot].sizeClass >= 0 { order.append((slots[slot].block, Int32(slot))) }
        order.sort { $0.block < $1.block }
        var end = 0
        for (block, slot) in order {
            let size = arena.width * RowArena.rowCapacity(Int(slots[Int(slot)].sizeClass))
            if block != end { (arena.words + end).update(from: arena.words + block, count: size) }
            slots[Int(slot)].block = end
            end += size
        }
        arena.cut(to: end)
    }
}

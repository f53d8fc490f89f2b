import Base
import Plan
import State

/// What is remembered of one entity: for every live key its recent events as rows, sorted by (event time, offset).
///
/// A row is: event time, offset, then one word for each number and two for each text that a window of the entity
/// aggregates over. All windows of the entity share the rows. An event is inserted at its place in time, so an event
/// that arrives out of order is seen by later ones exactly as if it had come in time (C8). Rows that no window can
/// reach any more are dropped when a block is full, keys when the clock has passed their last event by the longest
/// window; both are invisible in results.
public struct EntityState: ~Copyable {
    /// Word positions inside a row.
    public static let timeWord = 0
    public static let offsetWord = 1
    public static let firstArgumentWord = 2

    struct Slot: BitwiseCopyable {
        var block = 0
        var count: Int32 = 0
        /// -1 = the slot is free.
        var sizeClass: Int16 = -1
        /// Used since the last look for keys to spill.
        var isWarm = false
        /// What is known of its windows, or -1.
        var running: Int32 = -1
    }

    /// The windows of this entity, for retention.
    private(set) var windows: [Window]
    /// How long after its last event a key can still matter, microseconds.
    private(set) var horizon: Int64
    var table = TextTable()
    var slots = GrowingArray<Slot>()
    var arena: RowArena
    var running: RunningWindows
    var sweepPosition = 0
    var changes = ChangeMarks()
    var stateTable: StateTable
    var spillPosition = 0
    /// Keys that were given up to disk so far.
    var spilledCount = 0
    /// Where keys are that are not in memory; nil while all are.
    var cold: ColdKeys?

    public var keyCount: Int { table.count }

    init(_ program: EntityProgram, table: StateTable) {
        stateTable = table
        windows = program.windows
        running = RunningWindows(
            spanCount: program.groups.count,
            momentCount: program.moments.count,
            counterCount: program.counters.count
        )
        horizon = windows.map(\.reach).max() ?? 0
        arena = RowArena(width: program.width)
    }

    /// From now on other windows look at the rows, which hold all that they need. What is known of the windows of
    /// before is forgotten, unless it is of these.
    ///
    /// - Complexity: O(slots); O(1) if nothing is forgotten.
    mutating func follow(_ program: EntityProgram, after other: EntityProgram) {
        precondition(program.width == arena.width, "The words of a row stay where they are.")
        windows = program.windows
        horizon = windows.map(\.reach).max() ?? 0
        guard !program.knows(sameAs: other) else { return }
        running = RunningWindows(
            spanCount: program.groups.count,
            momentCount: program.moments.count,
            counterCount: program.counters.count
        )
        for slot in 0..<slots.count { slots[slot].running = -1 }
    }

    /// Where the rows of a key are: the first row's word index and how many rows there are.
    func rows(of slot: Int) -> (start: Int, count: Int) {
        assert(slots[slot].sizeClass >= 0, "A key has rows.")
        return (slots[slot].block, Int(slots[slot].count))
    }

    /// The slot of a key that has rows, or nil.
    public func slot(of key: Text) -> Int? { table.slot(of: key) }

    /// Keys whose memory is waited for together.
    static let groupSize = 16

    /// Brings the memory of keys that are about to get events into the caches.
    ///
    /// - Parameters:
    ///   - keys: The next events' keys.
    ///   - count: At most ``groupSize``.
    ///   - scratch: Room for as many numbers.
    func expect(_ keys: UnsafePointer<Text>, count: Int, scratch: UnsafeMutablePointer<Int32>) {
        guard table.expect(keys, count: count, slots: scratch) else { return }
        for index in 0..<count where scratch[index] >= 0 { slots.prefetch(Int(scratch[index])) }
        for index in 0..<count where scratch[index] >= 0 {
            let slot = slots[Int(scratch[index])]
            prefetch(arena.words + slot.block)
            prefetch(arena.words + slot.block + Int(slot.count) * arena.width)
        }
    }

    /// Makes room for an event of the key at its place in time, and returns the slot and the row's position.
    /// The caller fills the words behind the offset.
    mutating func insert(_ key: Text, time: Int64, offset: Int64, clock: Int64) -> (slot: Int, position: Int) {
        let (slot, isNew) = table.insert(key)
        if isNew {
            if slot == slots.count { slots.append(Slot()) }
            slots[slot] = Slot(block: arena.takeBlock(0), count: 0, sizeClass: 0)
            if cold != nil { fetch(key, slot, clock: clock) }
        }
        if changes.willChange(slot) { copy(slot) }
        slots[slot].isWarm = true
        if Int(slots[slot].count) == RowArena.rowCapacity(Int(slots[slot].sizeClass)) { makeRoom(slot, clock: clock) }
        let width = arena.width
        let base = arena.words + slots[slot].block
        var position = Int(slots[slot].count)
        while position > 0, Int64(bitPattern: base[(position - 1) * width]) > time { position -= 1 }
        let tail = Int(slots[slot].count) - position
        if tail > 0 {
            let row = base + position * width
            (row + width).update(from: row, count: tail * width)
        }
        slots[slot].count += 1
        base[position * width] = UInt64(bitPattern: time)
        base[position * width + 1] = UInt64(bitPattern: offset)
        assert(slots[slot].count <= RowArena.rowCapacity(Int(slots[slot].sizeClass)), "Rows lie in their block.")
        return (slot, position)
    }

    /// What is known of a key's windows from its last event; nil for one with few rows.
    @inline(__always)
    mutating func running(of slot: Int, rowCount: Int) -> RunningWindows.Known? {
        if slots[slot].running < 0 {
            guard rowCount >= RunningWindows.rowsMin else { return nil }
            slots[slot].running = running.take()
        }
        return running.known(slots[slot].running)
    }

    /// Drops what no window reaches; if that frees less than half of the block, moves to a block of twice the size.
    private mutating func makeRoom(_ slot: Int, clock: Int64) {
        let width = arena.width
        let old = slots[slot]
        let count = Int(old.count)
        let keep = firstNeeded(old, clock: clock)
        precondition(count == RowArena.rowCapacity(Int(old.sizeClass)) && keep <= count, "A full block needs room.")
        if keep * 2 >= count {
            let base = arena.words + old.block
            base.update(from: base + keep * width, count: (count - keep) * width)
        } else {
            let block = arena.takeBlock(Int(old.sizeClass) + 1)
            (arena.words + block).update(
                from: arena.words + old.block + keep * width,
                count: (count - keep) * width
            )
            arena.giveBack(old.block, sizeClass: Int(old.sizeClass))
            slots[slot].block = block
            slots[slot].sizeClass += 1
        }
        slots[slot].count = Int32(count - keep)
        if keep > 0, old.running >= 0 { running.reset(old.running) }
    }

    /// The first row that an event at or after the clock can still reach.
    private func firstNeeded(_ slot: Slot, clock: Int64) -> Int {
        let width = arena.width
        let base = arena.words + slot.block
        let count = Int(slot.count)
        func time(_ row: Int) -> Int64 { Int64(bitPattern: base[row * width]) }
        var needed = count
        for window in windows {
            switch window.kind {
            case .sliding, .tumbling:
                let start = clock - window.reach
                while needed > 0, time(needed - 1) > start { needed -= 1 }
            case .session(let gap):
                // From the clock back, as long as the next event could have continued the session.
                var row = count
                while row > 0, time(row - 1) >= clock { row -= 1 }
                var next = row < count ? min(time(row), clock) : clock
                while row > 0, next - time(row - 1) <= gap {
                    row -= 1
                    next = time(row)
                }
                needed = min(needed, row)
            }
        }
        return needed
    }

    /// Gives back keys that the clock has left behind: looks at `limit` slots, the next ones at the next call.
    mutating func sweep(clock: Int64, limit: Int) {
        var left = min(limit, slots.count)
        while left > 0 {
            if sweepPosition >= slots.count { sweepPosition = 0 }
            let group = sweepPosition..<min(sweepPosition + Self.groupSize, sweepPosition + left, slots.count)
            for slot in group where slots[slot].sizeClass >= 0 { prefetch(arena.words + lastRow(slot)) }
            for slot in group where slots[slot].sizeClass >= 0 {
                if Int64(bitPattern: arena.words[lastRow(slot)]) < clock - horizon { release(slot) }
            }
            sweepPosition = group.upperBound
            left -= group.count
        }
    }

    private func lastRow(_ slot: Int) -> Int { slots[slot].block + (Int(slots[slot].count) - 1) * arena.width }

    mutating func release(_ slot: Int) {
        precondition(slots[slot].sizeClass >= 0, "A slot that is freed has a key.")
        if changes.willFree(slot) { copy(slot) }
        if slots[slot].running >= 0 { running.giveBack(slots[slot].running) }
        arena.giveBack(slots[slot].block, sizeClass: Int(slots[slot].sizeClass))
        slots[slot] = Slot()
        table.remove(slot: slot)
    }
}

extension Window {
    /// How far back from the current event the window can see at least one earlier neighbour, microseconds.
    var reach: Int64 {
        switch kind {
        case .sliding(let size): size + delay
        case .tumbling(let size): size + delay
        case .session(let gap): gap
        }
    }
}

import Glibc

/// Blocks of rows for the keys of one entity, in one growing array of words.
///
/// A row is `width` words of 8 bytes. A block holds `1 << sizeClass` rows; a freed block goes to the free list of its
/// class and is handed out again, whole or in halves, so that memory follows the number of live rows and no key has an
/// allocation of its own. Block addresses are word indices and stay valid when the arena grows.
struct RowArena: ~Copyable {
    let width: Int
    private(set) var words: UnsafeMutablePointer<UInt64>
    private var capacity: Int
    private var used = 0
    /// Bytes of the blocks that are handed out.
    private(set) var liveBytes = 0
    /// By class: the first free block, or -1. A free block's first word is where the next one is.
    private var free: [Int] = []

    init(width: Int) {
        precondition(width > 0, "A row has words.")
        self.width = width
        capacity = 1 << 12
        words = Self.resize(nil, to: capacity)
    }

    deinit { Glibc.free(words) }

    static func rowCapacity(_ sizeClass: Int) -> Int { 1 << sizeClass }

    private func size(_ sizeClass: Int) -> Int { width * Self.rowCapacity(sizeClass) }

    mutating func takeBlock(_ sizeClass: Int) -> Int {
        liveBytes += size(sizeClass) * 8
        if let block = takeFree(sizeClass) { return block }
        let size = size(sizeClass)
        if used + size > capacity { grow(to: used + size) }
        used += size
        precondition(used <= capacity, "A block lies in the arena.")
        return used - size
    }

    mutating func giveBack(_ block: Int, sizeClass: Int) {
        precondition(sizeClass >= 0 && block >= 0 && block + size(sizeClass) <= used, "A block lies in the arena.")
        liveBytes -= size(sizeClass) * 8
        precondition(liveBytes >= 0, "A block is given back once.")
        add(block, sizeClass)
    }

    private mutating func add(_ block: Int, _ sizeClass: Int) {
        while free.count <= sizeClass { free.append(-1) }
        words[block] = UInt64(bitPattern: Int64(free[sizeClass]))
        free[sizeClass] = block
    }

    /// A free block of the class, or the first part of a larger one.
    private mutating func takeFree(_ sizeClass: Int) -> Int? {
        var larger = sizeClass
        while larger < free.count, free[larger] < 0 { larger += 1 }
        guard larger < free.count else { return nil }
        let block = free[larger]
        precondition(block + size(larger) <= used, "A block lies in the arena.")
        free[larger] = Int(Int64(bitPattern: words[block]))
        while larger > sizeClass {
            larger -= 1
            add(block + size(larger), larger)
        }
        return block
    }

    private mutating func grow(to needed: Int) {
        while capacity < needed { capacity += capacity / (capacity < Self.largeWords ? 2 : 4) }
        words = Self.resize(words, to: capacity)
    }

    /// Words above which the arena grows by a quarter.
    private static let largeWords = 1 << 20

    /// By `realloc`, which moves large memory by its page tables: a copy would hold it twice for a moment.
    private static func resize(_ words: UnsafeMutablePointer<UInt64>?, to capacity: Int) -> UnsafeMutablePointer<UInt64>
    {
        guard let memory = realloc(words, capacity * 8) else { preconditionFailure("Out of memory.") }
        return memory.bindMemory(to: UInt64.self, capacity: capacity)
    }

    /// Bytes of memory that the blocks take, handed out or free.
    var byteCount: Int { used * 8 }

    /// Nothing is free any more: all blocks lie in front of `end`. What is behind it goes back to the system.
    mutating func cut(to end: Int) {
        precondition(end * 8 == liveBytes, "All blocks that are handed out lie in front, without a gap.")
        free = []
        used = end
        while capacity > 1 << 12, capacity / 2 >= end { capacity /= 2 }
        words = Self.resize(words, to: capacity)
    }
}

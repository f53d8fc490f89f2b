import Glibc

/// Blocks of rows for the keys of one entity, in one growing array of words.
///
/// A row is `width` words of 8 bytes. A block holds `1 << sizeClass` rows; a freed block goes to the free list of its
/// class and is handed out again, so that memory follows the number of live rows and no key has an allocation of its
/// own. Block addresses are word indices and stay valid when the arena grows.
struct RowArena: ~Copyable {
    let width: Int
    private(set) var words: UnsafeMutablePointer<UInt64>
    private var capacity: Int
    private var used = 0
    /// Bytes of the blocks that are handed out.
    private(set) var liveBytes = 0
    private var free: [[Int]] = []

    init(width: Int) {
        self.width = width
        capacity = 1 << 12
        words = Self.resize(nil, to: capacity)
    }

    deinit { Glibc.free(words) }

    static func rowCapacity(_ sizeClass: Int) -> Int { 1 << sizeClass }

    mutating func takeBlock(_ sizeClass: Int) -> Int {
        while free.count <= sizeClass { free.append([]) }
        let size = width * Self.rowCapacity(sizeClass)
        liveBytes += size * 8
        if let block = free[sizeClass].popLast() { return block }
        if used + size > capacity { grow(to: used + size) }
        used += size
        return used - size
    }

    mutating func giveBack(_ block: Int, sizeClass: Int) {
        liveBytes -= width * Self.rowCapacity(sizeClass) * 8
        free[sizeClass].append(block)
    }

    private mutating func grow(to needed: Int) {
        while capacity < needed { capacity += capacity / 2 }
        words = Self.resize(words, to: capacity)
    }

    /// By `realloc`, which moves large memory by its page tables: a copy would hold it twice for a moment.
    private static func resize(_ words: UnsafeMutablePointer<UInt64>?, to capacity: Int) -> UnsafeMutablePointer<UInt64>
    {
        guard let memory = realloc(words, capacity * 8) else { preconditionFailure("Out of memory.") }
        return memory.bindMemory(to: UInt64.self, capacity: capacity)
    }

    /// Bytes that are allocated.
    var byteCount: Int { capacity * 8 }
}

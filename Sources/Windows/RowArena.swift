/// Blocks of rows for the keys of one entity, in one growing array of words.
///
/// A row is `width` words of 8 bytes. A block holds `4 << sizeClass` rows; a freed block goes to the free list of its
/// class and is handed out again, so that memory follows the number of live rows and no key has an allocation of its
/// own. Block addresses are word indices and stay valid when the arena grows.
struct RowArena: ~Copyable {
    let width: Int
    private(set) var words: UnsafeMutablePointer<UInt64>
    private var capacity: Int
    private var used = 0
    private var free: [[Int]] = []

    init(width: Int) {
        self.width = width
        capacity = 1 << 12
        words = .allocate(capacity: capacity)
    }

    deinit { words.deallocate() }

    static func rowCapacity(_ sizeClass: Int) -> Int { 4 << sizeClass }

    mutating func takeBlock(_ sizeClass: Int) -> Int {
        while free.count <= sizeClass { free.append([]) }
        if let block = free[sizeClass].popLast() { return block }
        let size = width * Self.rowCapacity(sizeClass)
        if used + size > capacity { grow(to: used + size) }
        used += size
        return used - size
    }

    mutating func giveBack(_ block: Int, sizeClass: Int) { free[sizeClass].append(block) }

    private mutating func grow(to needed: Int) {
        while capacity < needed { capacity += capacity / 2 }
        let larger = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity)
        larger.update(from: words, count: used)
        words.deallocate()
        words = larger
    }

    /// Bytes that are allocated.
    var byteCount: Int { capacity * 8 }
}

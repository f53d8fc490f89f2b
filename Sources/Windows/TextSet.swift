import Base

/// An exact set of texts: an open table, at most half full. Whoever makes one gives its memory back.
struct TextSet {
    private(set) var count = 0
    private var cells: UnsafeMutablePointer<Text>
    /// Cells in use, a power of two, and cells that there is memory for.
    private var size: Int
    private var capacity: Int

    /// Has room for so many texts before it grows.
    init(expecting texts: Int) {
        size = Self.size(for: texts)
        capacity = size
        cells = .allocate(capacity: capacity)
        cells.initialize(repeating: .absent, count: capacity)
    }

    func deallocate() { cells.deallocate() }

    /// Empties the set. Of a large table only the cells are cleared that so many texts need.
    mutating func removeAll(expecting texts: Int) {
        size = Self.size(for: texts)
        if size > capacity {
            deallocate()
            self = TextSet(expecting: texts)
        } else {
            cells.update(repeating: .absent, count: size)
            count = 0
        }
    }

    /// Returns whether the text is new.
    @inline(__always)
    mutating func insert(_ text: Text) -> Bool {
        if (count + 1) * 2 > size { grow() }
        guard place(text) else { return false }
        count += 1
        return true
    }

    /// Visits the texts in no particular order: only for what does not depend on it.
    func visit(_ body: (Text) -> Void) {
        for cell in 0..<size where !cells[cell].isAbsent { body(cells[cell]) }
    }

    @inline(__always)
    private func place(_ text: Text) -> Bool {
        var cell = Int(truncatingIfNeeded: text.hash64) & (size - 1)
        while !cells[cell].isAbsent {
            if cells[cell] == text { return false }
            cell = (cell + 1) & (size - 1)
        }
        cells[cell] = text
        return true
    }

    private mutating func grow() {
        let old = self
        self = TextSet(expecting: old.size)
        old.visit { _ = place($0) }
        count = old.count
        old.deallocate()
    }

    private static func size(for texts: Int) -> Int {
        var size = 8
        while size < texts * 2 { size *= 2 }
        return size
    }
}

import Base

/// How often each text is in a window, so that the number of different ones is known at any time: texts come and go one
/// by one. An open table, at most half full of what came since it was made; whoever holds one empties it in the end.
struct TextCounts {
    private struct Cell {
        var text = Text.absent
        /// 0 = it has gone; its cell keeps others findable until the table is made anew.
        var count: Int32 = 0
    }

    /// Different texts in the window.
    private(set) var distinct: Int32 = 0
    private var used: Int32 = 0
    private var cells: UnsafeMutablePointer<Cell>?
    private var size = 0
    /// Where the memory of all tables is added up.
    private let bytes: UnsafeMutablePointer<Int>

    init(bytes: UnsafeMutablePointer<Int>) {
        self.bytes = bytes
    }

    /// Gives the memory back.
    mutating func removeAll() {
        cells?.deallocate()
        bytes.pointee -= size * MemoryLayout<Cell>.stride
        (cells, size, used, distinct) = (nil, 0, 0, 0)
    }

    /// Adds a text to the window, or takes it away again.
    @inline(__always)
    mutating func change(_ text: Text, adding: Bool) {
        guard !text.isAbsent else { return }
        if adding { add(text) } else { remove(text) }
    }

    /// Whether the window has the text exactly once.
    func hasOnce(_ text: Text) -> Bool {
        guard let cells, !text.isAbsent else { return false }
        return cells[cell(of: text, in: cells)].count == 1
    }

    private mutating func add(_ text: Text) {
        if (Int(used) + 1) * 2 > size { rebuild() }
        guard let cells else { return }
        let cell = cell(of: text, in: cells)
        if cells[cell].text.isAbsent {
            cells[cell].text = text
            used += 1
        }
        cells[cell].count += 1
        if cells[cell].count == 1 { distinct += 1 }
    }

    private mutating func remove(_ text: Text) {
        guard let cells else { preconditionFailure("What leaves a window has come into it.") }
        let cell = cell(of: text, in: cells)
        cells[cell].count -= 1
        if cells[cell].count == 0 { distinct -= 1 }
    }

    private func cell(of text: Text, in cells: UnsafeMutablePointer<Cell>) -> Int {
        var cell = Int(truncatingIfNeeded: text.hash64) & (size - 1)
        while !cells[cell].text.isAbsent, cells[cell].text != text { cell = (cell + 1) & (size - 1) }
        return cell
    }

    /// A new table of what has not gone, a quarter full at most.
    private mutating func rebuild() {
        let (old, oldSize) = (cells, size)
        size = 16
        while size < Int(distinct) * 4 { size *= 2 }
        bytes.pointee += (size - oldSize) * MemoryLayout<Cell>.stride
        let larger = UnsafeMutablePointer<Cell>.allocate(capacity: size)
        larger.initialize(repeating: Cell(), count: size)
        cells = larger
        used = distinct
        guard let old else { return }
        for number in 0..<oldSize where old[number].count > 0 {
            larger[cell(of: old[number].text, in: larger)] = old[number]
        }
        old.deallocate()
    }
}

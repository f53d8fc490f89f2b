import Base

/// An exact set of values in the words of a row: two in place, more in a set of their own.
///
/// Words: [values in all | number of the larger set << 32], value, value. Most keys have one device and one country in
/// a window, so the common case touches the row only.
enum DistinctCell {
    static let words = 5
    private static let places = 2

    @inline(__always)
    static func insert(_ text: Text, into cell: UnsafeMutablePointer<UInt64>, _ overflow: OverflowSets) {
        let held = Int(cell[0] & 0xFFFF_FFFF)
        if held > 0, cell[1] == text.low, cell[2] == text.high { return }
        if held > 1, cell[3] == text.low, cell[4] == text.high { return }
        guard held >= places else {
            cell[1 + held * 2] = text.low
            cell[2 + held * 2] = text.high
            cell[0] += 1
            return
        }
        if cell[0] >> 32 == 0 { cell[0] |= UInt64(overflow.make()) << 32 }
        if overflow.insert(text, into: Int(cell[0] >> 32)) { cell[0] += 1 }
    }

    @inline(__always)
    static func count(_ cell: UnsafePointer<UInt64>) -> Double { Double(cell[0] & 0xFFFF_FFFF) }

    static func forEach(_ cell: UnsafePointer<UInt64>, _ overflow: OverflowSets, _ body: (Text) -> Void) {
        let held = Int(cell[0] & 0xFFFF_FFFF)
        for place in 0..<min(held, places) { body(Text(low: cell[1 + place * 2], high: cell[2 + place * 2])) }
        if cell[0] >> 32 != 0 { overflow.forEach(Int(cell[0] >> 32), body) }
    }
}

/// The sets of a pane's rows that have more values than fit their row. Numbers start at 1.
final class OverflowSets {
    /// An open table of texts; its size is a power of two, at most half of it is in use.
    private struct Table {
        var cells: UnsafeMutablePointer<Text>
        var size: Int
        var count = 0
    }

    private var tables: [Table] = []

    deinit { removeAll() }

    func removeAll() {
        for table in tables { table.cells.deallocate() }
        tables.removeAll(keepingCapacity: true)
    }

    func make() -> Int {
        tables.append(Self.table(size: 8))
        return tables.count
    }

    /// Returns whether the value is new.
    func insert(_ text: Text, into number: Int) -> Bool {
        let index = number - 1
        if (tables[index].count + 1) * 2 > tables[index].size { grow(index) }
        let table = tables[index]
        var cell = Int(truncatingIfNeeded: text.hash64) & (table.size - 1)
        while !table.cells[cell].isAbsent {
            if table.cells[cell] == text { return false }
            cell = (cell + 1) & (table.size - 1)
        }
        table.cells[cell] = text
        tables[index].count += 1
        return true
    }

    /// Visits the values in no particular order: only for what does not depend on it.
    func forEach(_ number: Int, _ body: (Text) -> Void) {
        let table = tables[number - 1]
        for cell in 0..<table.size where !table.cells[cell].isAbsent { body(table.cells[cell]) }
    }

    private func grow(_ index: Int) {
        let old = tables[index]
        var larger = Self.table(size: old.size * 2)
        for place in 0..<old.size where !old.cells[place].isAbsent {
            var cell = Int(truncatingIfNeeded: old.cells[place].hash64) & (larger.size - 1)
            while !larger.cells[cell].isAbsent { cell = (cell + 1) & (larger.size - 1) }
            larger.cells[cell] = old.cells[place]
        }
        larger.count = old.count
        old.cells.deallocate()
        tables[index] = larger
    }

    private static func table(size: Int) -> Table {
        let cells = UnsafeMutablePointer<Text>.allocate(capacity: size)
        cells.initialize(repeating: .absent, count: size)
        return Table(cells: cells, size: size)
    }
}

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
        if cell[0] >> 32 != 0 { overflow.visit(Int(cell[0] >> 32), body) }
    }
}

/// The sets of a pane's rows that have more values than fit their row. Numbers start at 1.
final class OverflowSets {
    private var sets: [TextSet] = []

    deinit { removeAll() }

    func removeAll() {
        for set in sets { set.deallocate() }
        sets.removeAll(keepingCapacity: true)
    }

    func make() -> Int {
        sets.append(TextSet(expecting: 4))
        return sets.count
    }

    /// Returns whether the value is new.
    func insert(_ text: Text, into number: Int) -> Bool { sets[number - 1].insert(text) }

    /// Visits the values in no particular order: only for what does not depend on it.
    func visit(_ number: Int, _ body: (Text) -> Void) { sets[number - 1].visit(body) }
}

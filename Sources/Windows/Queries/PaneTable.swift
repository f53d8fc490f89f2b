import Base
import Plan

/// The rows of one pane (a stretch of event time): one row of words for each key that had an event in it.
///
/// A row is: the parts of the key, two words each, then the cells of the columns. Rows stay where they are until the
/// pane is emptied, so that a batch can hold pointers to them. The index is open addressing with part of the hash in
/// each cell: a look-up touches one index line and one row. Everything is given back at once when the pane has passed.
final class PaneTable {
    let layout: PaneLayout
    private(set) var start: Int64
    private(set) var count = 0
    let overflow = OverflowSets()
    let names = KeyNames()

    /// Upper half: 32 bits of the hash. Lower half: row + 1, or 0 for an empty cell.
    private var cells: UnsafeMutablePointer<UInt64>
    private var cellCount: Int
    private var chunks: [UnsafeMutablePointer<UInt64>] = []
    private static let chunkRows = 512

    init(layout: PaneLayout, start: Int64) {
        self.layout = layout
        self.start = start
        cellCount = 1 << 10
        cells = .allocate(capacity: cellCount)
        cells.initialize(repeating: 0, count: cellCount)
    }

    deinit {
        cells.deallocate()
        for chunk in chunks { chunk.deallocate() }
    }

    /// Empties the table for another stretch of time; its memory is used again.
    func begin(at start: Int64) {
        self.start = start
        cells.update(repeating: 0, count: cellCount)
        count = 0
        overflow.removeAll()
        names.removeAll()
    }

    @inline(__always)
    func row(_ index: Int) -> UnsafeMutablePointer<UInt64> {
        chunks[index / Self.chunkRows] + index % Self.chunkRows * layout.width
    }

    /// The row of a key, made if there is none yet.
    ///
    /// - Parameters:
    ///   - hash: The key's hash.
    ///   - key: The parts of the key, as words.
    /// - Returns: The row, and whether it is new: only its key is filled then.
    @inline(__always)
    func insert(hash: UInt64, _ key: UnsafePointer<UInt64>) -> (row: UnsafeMutablePointer<UInt64>, isNew: Bool) {
        let tag = hash & 0xFFFF_FFFF_0000_0000
        var cell = Int(truncatingIfNeeded: hash) & (cellCount - 1)
        while cells[cell] != 0 {
            if cells[cell] & 0xFFFF_FFFF_0000_0000 == tag {
                let row = row(Int(cells[cell] & 0xFFFF_FFFF) - 1)
                var word = 0
                while word < layout.keyWords, row[word] == key[word] { word += 1 }
                if word == layout.keyWords { return (row, false) }
            }
            cell = (cell + 1) & (cellCount - 1)
        }
        return (append(tag: tag, cell: cell, hash: hash, key), true)
    }

    private func append(
        tag: UInt64,
        cell: Int,
        hash: UInt64,
        _ key: UnsafePointer<UInt64>
    ) -> UnsafeMutablePointer<UInt64> {
        if count == chunks.count * Self.chunkRows { chunks.append(.allocate(capacity: Self.chunkRows * layout.width)) }
        let row = row(count)
        row.update(from: key, count: layout.keyWords)
        count += 1
        cells[cell] = tag | UInt64(count)
        if count * 2 > cellCount { grow() }
        return row
    }

    private func grow() {
        cells.deallocate()
        cellCount *= 2
        cells = .allocate(capacity: cellCount)
        cells.initialize(repeating: 0, count: cellCount)
        for index in 0..<count {
            let hash = layout.hash(of: row(index))
            var cell = Int(truncatingIfNeeded: hash) & (cellCount - 1)
            while cells[cell] != 0 { cell = (cell + 1) & (cellCount - 1) }
            cells[cell] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(index + 1)
        }
    }
}

/// What the words of a pane's rows are.
struct PaneLayout {
    /// Words of the key: two a part.
    let keyWords: Int
    let cells: [PaneCell]
    let width: Int

    init(keyParts: Int, columns: [Query.Column]) {
        keyWords = keyParts * 2
        var cells: [PaneCell] = []
        var width = keyParts * 2
        for column in columns {
            let cell = PaneCell(column, word: width)
            cells.append(cell)
            width += cell.words
        }
        self.cells = cells
        self.width = width
    }

    /// The hash of a row's key, as ``KeyLanes`` computes it.
    func hash(of row: UnsafePointer<UInt64>) -> UInt64 {
        var hash = Text(low: row[0], high: row[1]).hash64
        var word = 2
        while word < keyWords {
            hash = KeyLanes.joined(hash, Text(low: row[word], high: row[word + 1]))
            word += 2
        }
        return hash
    }
}

import Base
import Plan

/// The rows of one key as an aggregate sees them: `first ..< end` of a block, a word column in it.
///
/// Every aggregate is a plain loop over the window's rows in (time, offset) order, so a sum has one defined order of
/// additions, and an emptied window is exactly 0 (C2).
struct RowRange {
    let words: UnsafePointer<UInt64>
    let width: Int
    let first: Int
    let end: Int

    @inline(__always)
    func number(_ row: Int, _ word: Int) -> Double { Double(bitPattern: words[row * width + word]) }

    @inline(__always)
    func time(_ row: Int) -> Int64 { Int64(bitPattern: words[row * width]) }

    func count(whereTrue word: Int) -> Double {
        var count = 0
        for row in first..<end where number(row, word) == 1 { count += 1 }
        return Double(count)
    }

    func share(whereTrue word: Int) -> Double {
        first == end ? .nan : count(whereTrue: word) / Double(end - first)
    }

    func sum(_ word: Int) -> Double {
        var sum = 0.0
        for row in first..<end {
            let value = number(row, word)
            if !value.isNaN { sum += value }
        }
        return sum
    }

    func mean(_ word: Int) -> Double {
        var sum = 0.0
        var known = 0
        for row in first..<end {
            let value = number(row, word)
            if !value.isNaN {
                sum += value
                known += 1
            }
        }
        return known == 0 ? .nan : sum / Double(known)
    }

    /// Standard deviation of the sample (n − 1), in two passes; null below two values.
    func deviation(_ word: Int) -> Double {
        let mean = mean(word)
        var squares = 0.0
        var known = 0
        for row in first..<end {
            let value = number(row, word)
            if !value.isNaN {
                squares += (value - mean) * (value - mean)
                known += 1
            }
        }
        return known < 2 ? .nan : (squares / Double(known - 1)).squareRoot()
    }

    func minimum(_ word: Int) -> Double {
        var least = Double.nan
        for row in first..<end {
            let value = number(row, word)
            if value < least || least.isNaN { least = value }
        }
        return least
    }

    func maximum(_ word: Int) -> Double {
        var largest = Double.nan
        for row in first..<end {
            let value = number(row, word)
            if value > largest || largest.isNaN { largest = value }
        }
        return largest
    }

    func firstKnown(_ word: Int) -> Double {
        for row in first..<end where !number(row, word).isNaN { return number(row, word) }
        return .nan
    }

    func lastKnown(_ word: Int) -> Double {
        for row in (first..<end).reversed() where !number(row, word).isNaN { return number(row, word) }
        return .nan
    }

    /// Different numbers; -0 and 0 are one value.
    func distinctNumbers(_ word: Int, scratch: inout DistinctSet) -> Double {
        scratch.begin(expecting: end - first)
        for row in first..<end {
            let value = number(row, word)
            if !value.isNaN { scratch.insert(Text(low: (value == 0 ? 0.0 : value).bitPattern, high: 1)) }
        }
        return Double(scratch.count)
    }

    func distinctTexts(_ word: Int, scratch: inout DistinctSet) -> Double {
        scratch.begin(expecting: end - first)
        for row in first..<end {
            let text = Text(low: words[row * width + word], high: words[row * width + word + 1])
            if !text.isAbsent { scratch.insert(text) }
        }
        return Double(scratch.count)
    }
}

/// A set for one exact distinct count at a time: a list while it is short, an open table beyond.
struct DistinctSet {
    private(set) var count = 0
    private var list: [Text] = []
    private var cells: [Text] = []
    private var isTable = false

    init() { list.reserveCapacity(32) }

    mutating func begin(expecting rows: Int) {
        count = 0
        list.removeAll(keepingCapacity: true)
        isTable = rows > 24
        guard isTable else { return }
        var size = 64
        while size < rows * 2 { size *= 2 }
        if cells.count == size {
            for index in cells.indices { cells[index] = .absent }
        } else {
            cells = Array(repeating: .absent, count: size)
        }
    }

    mutating func insert(_ text: Text) {
        if isTable {
            var cell = Int(truncatingIfNeeded: text.hash64) & (cells.count - 1)
            while !cells[cell].isAbsent {
                if cells[cell] == text { return }
                cell = (cell + 1) & (cells.count - 1)
            }
            cells[cell] = text
        } else {
            for known in list where known == text { return }
            list.append(text)
        }
        count += 1
    }
}

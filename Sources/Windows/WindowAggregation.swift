import Base
import Plan

/// The rows of one key as an aggregate sees them: `first ..< end` of a block, a word column in it.
///
/// Counts, sums and deviations come from ``ExactMoments``; the rest, and what does not fit those, from plain loops over
/// the rows in (time, offset) order, so that there is one defined order (C2).
struct RowRange {
    let words: UnsafePointer<UInt64>
    let width: Int
    let first: Int
    let end: Int

    init(words: UnsafePointer<UInt64>, width: Int, first: Int, end: Int) {
        self.words = words
        self.width = width
        self.first = first
        self.end = end
    }

    /// The rows that a window shows to the event at `position` of a block: never any behind it.
    /// `near` is where the window was for the key's last event, if that is known: most likely nearly the same.
    @inline(__always)
    init(
        _ window: Window,
        _ block: UnsafeMutablePointer<UInt64>,
        _ width: Int,
        position: Int,
        time: Int64,
        near: RunningWindows.Span?
    ) {
        words = UnsafePointer(block)
        self.width = width
        switch window.kind {
        case .sliding(let size):
            let limit = position + 1
            end =
                window.delay == 0
                ? limit : Self.after(time - window.delay, block, width, below: limit, near: near.map { Int($0.end) })
            let start = time - window.delay - size
            first = Self.after(start, block, width, below: end, near: near.map { Int($0.first) })
        case .tumbling(let size):
            end = position + 1
            let start = time - (time % size + size) % size
            first = Self.after(start - 1, block, width, below: end, near: near.map { Int($0.first) })
        case .session(let gap):
            end = position + 1
            var row = position
            while row > 0, Int64(bitPattern: block[row * width]) - Int64(bitPattern: block[(row - 1) * width]) <= gap {
                row -= 1
                // What was a session is a session still, however many rows have been put into it.
                if let near, row < Int(near.end) { row = min(row, Int(near.first)) }
            }
            first = row
        }
    }

    /// The first row behind `time` among those below `limit`: step by step from a place that is near, or by steps that
    /// double, back from the newest, and then by halves.
    @inline(__always)
    private static func after(
        _ time: Int64,
        _ block: UnsafeMutablePointer<UInt64>,
        _ width: Int,
        below limit: Int,
        near: Int?
    ) -> Int {
        func isBehind(_ row: Int) -> Bool { Int64(bitPattern: block[row * width]) > time }
        if let near {
            var row = min(near, limit)
            while row < limit, !isBehind(row) { row += 1 }
            while row > 0, isBehind(row - 1) { row -= 1 }
            return row
        }
        var high = limit
        var step = 1
        // Rows at and behind `high` are behind the time.
        while high > 0 {
            let probe = max(0, high - step)
            guard isBehind(probe) else {
                var low = probe + 1
                while low < high {
                    let middle = (low + high) / 2
                    if isBehind(middle) { high = middle } else { low = middle + 1 }
                }
                return high
            }
            high = probe
            step *= 2
        }
        return 0
    }

    /// All but the newest row.
    func dropLast() -> RowRange { RowRange(words: words, width: width, first: first, end: max(first, end - 1)) }

    /// The moments of a value over the rows, from nothing.
    @inline(__always)
    func moments(_ source: EntityProgram.Moment) -> ExactMoments {
        var moments = ExactMoments()
        for row in first..<end {
            moments.change(number(row, source.word), adding: true, source)
        }
        return moments
    }

    /// What an aggregate of moments comes to; NaN is null.
    @inline(__always)
    func value(
        _ operation: EntityProgram.Operation,
        _ moments: ExactMoments,
        current: UnsafePointer<UInt64>
    ) -> Double {
        let isExact = moments.irregular == 0
        switch operation.function {
        case .count: return Double(moments.trues)
        case .share: return first == end ? .nan : Double(moments.trues) / Double(end - first)
        case .sum: return isExact ? moments.total : sum(operation.word)
        case .mean, .avg: return isExact ? moments.mean : mean(operation.word)
        case .std: return isExact ? moments.deviation : deviation(operation.word)
        case .min: return moments.known == 0 ? .nan : moments.least
        case .max: return moments.known == 0 ? .nan : moments.largest
        default:
            let deviation = isExact ? moments.deviation : deviation(operation.word)
            let mean = isExact ? moments.mean : mean(operation.word)
            return deviation > 0 ? (Double(bitPattern: current[operation.word]) - mean) / deviation : .nan
        }
    }

    /// Goes through the rows for an extreme that has left the window.
    func findExtremes(_ word: Int, _ moments: inout ExactMoments) {
        if moments.hasLostLeast { moments.find(least: minimum(word)) }
        if moments.hasLostLargest { moments.find(largest: maximum(word)) }
    }

    /// What an aggregate that needs the rows themselves comes to; NaN is null.
    @inline(__always)
    func value(_ operation: EntityProgram.Operation, scratch: inout DistinctSet) -> Double {
        let word = operation.word
        switch operation.function {
        case .distinct:
            return operation.isText
                ? distinctTexts(word, scratch: &scratch) : distinctNumbers(word, scratch: &scratch)
        case .first: return firstKnown(word)
        case .last: return lastKnown(word)
        case .sincePrevious:
            guard end - first >= 2 else { return .nan }
            return Double(time(end - 1) - time(end - 2)) / 1_000_000
        // The others are of moments, but for the number of rows.
        default: return Double(end - first)
        }
    }

    @inline(__always)
    func number(_ row: Int, _ word: Int) -> Double { Double(bitPattern: words[row * width + word]) }

    @inline(__always)
    func time(_ row: Int) -> Int64 { Int64(bitPattern: words[row * width]) }

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
        return least == 0 ? 0 : least
    }

    func maximum(_ word: Int) -> Double {
        var largest = Double.nan
        for row in first..<end {
            let value = number(row, word)
            if value > largest || largest.isNaN { largest = value }
        }
        return largest == 0 ? 0 : largest
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
struct DistinctSet: ~Copyable {
    private var list: [Text] = []
    private var table = TextSet(expecting: 32)
    private var isTable = false

    init() { list.reserveCapacity(32) }

    deinit { table.deallocate() }

    var count: Int { isTable ? table.count : list.count }

    mutating func begin(expecting rows: Int) {
        list.removeAll(keepingCapacity: true)
        isTable = rows > 24
        if isTable { table.removeAll(expecting: rows) }
    }

    mutating func insert(_ text: Text) {
        if isTable {
            _ = table.insert(text)
        } else {
            for known in list where known == text { return }
            list.append(text)
        }
    }
}

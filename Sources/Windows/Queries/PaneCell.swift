import Base
import Plan

/// The words of one column in a pane's rows: how an event changes them, how two panes' are merged, and what they come
/// to.
///
/// Within a pane events count in log order, panes are merged in the order of time: a sum has one defined order (C2).
/// Sums are plain doubles, one word each, and not ``ExactMoments``, as a feature's are: these take four to ten words,
/// and what does not fit them needs the rows, which a pane does not keep.
struct PaneCell {
    enum Kind {
        /// [events]
        case count
        /// [events for which the condition is true]
        case countTrue
        /// [true ones, events]
        case share
        /// [sum]
        case sum
        /// [sum, values]
        case mean
        /// [value or NaN]
        case min, max
        /// [values, mean, sum of squared distances from it] (Welford 1962; merged after Chan et al. 1979)
        case std
        /// [time, value or NaN]
        case first, last
        /// See ``DistinctCell``.
        case distinctNumbers, distinctTexts
    }

    let kind: Kind
    let word: Int

    init(_ column: Query.Column, word: Int) {
        self.word = word
        kind =
            switch column.function {
            case .count: column.argument == nil ? .count : .countTrue
            case .share: .share
            case .sum: .sum
            case .mean, .avg: .mean
            case .min: .min
            case .max: .max
            case .std: .std
            case .first: .first
            case .last: .last
            case .distinct: column.argument?.type == .text ? .distinctTexts : .distinctNumbers
            case .sincePrevious, .zscore: preconditionFailure("A query's columns need no current event.")
            }
    }

    var words: Int {
        switch kind {
        case .count, .countTrue, .sum, .min, .max: 1
        case .share, .mean, .first, .last: 2
        case .std: 3
        case .distinctNumbers, .distinctTexts: DistinctCell.words
        }
    }

    /// Fills the words of a row without events.
    @inline(__always)
    func clear(_ row: UnsafeMutablePointer<UInt64>) {
        for place in word..<word + words { row[place] = 0 }
        switch kind {
        case .min, .max: row[word] = Double.nan.bitPattern
        case .first, .last: row[word + 1] = Double.nan.bitPattern
        default: break
        }
    }

    /// Lets events change their rows.
    ///
    /// - Parameters:
    ///   - rows: Each event's row.
    ///   - range: Which events.
    ///   - numbers: Each event's value, for all but counts and texts.
    ///   - texts: Each event's value, for distinct texts.
    ///   - times: Each event's time.
    ///   - overflow: Where the rows' larger sets are.
    func update(
        _ rows: UnsafePointer<UnsafeMutablePointer<UInt64>>,
        _ range: Range<Int>,
        numbers: UnsafePointer<Double>,
        texts: UnsafePointer<Text>,
        times: UnsafePointer<Int64>,
        overflow: OverflowSets
    ) {
        switch kind {
        case .count: for event in range { rows[event][word] &+= 1 }
        case .countTrue: for event in range where numbers[event] == 1 { rows[event][word] &+= 1 }
        case .share:
            for event in range {
                rows[event][word] &+= numbers[event] == 1 ? 1 : 0
                rows[event][word + 1] &+= 1
            }
        case .sum: for event in range { add(numbers[event], to: rows[event] + word) }
        case .mean:
            for event in range where !numbers[event].isNaN {
                add(numbers[event], to: rows[event] + word)
                rows[event][word + 1] &+= 1
            }
        case .min:
            for event in range {
                let known = number(rows[event], word)
                if numbers[event] < known || known.isNaN { rows[event][word] = numbers[event].bitPattern }
            }
        case .max:
            for event in range {
                let known = number(rows[event], word)
                if numbers[event] > known || known.isNaN { rows[event][word] = numbers[event].bitPattern }
            }
        case .std:
            for event in range where !numbers[event].isNaN {
                let row = rows[event]
                let count = row[word] + 1
                let distance = numbers[event] - number(row, word + 1)
                let mean = number(row, word + 1) + distance / Double(count)
                row[word] = count
                row[word + 1] = mean.bitPattern
                row[word + 2] = (number(row, word + 2) + distance * (numbers[event] - mean)).bitPattern
            }
        case .first, .last:
            for event in range where !numbers[event].isNaN {
                keep(numbers[event], at: times[event], in: rows[event])
            }
        case .distinctNumbers:
            for event in range where !numbers[event].isNaN {
                // -0 and 0 are one value.
                let value = numbers[event] == 0 ? 0.0 : numbers[event]
                DistinctCell.insert(Text(low: value.bitPattern, high: 1), into: rows[event] + word, overflow)
            }
        case .distinctTexts:
            for event in range where !texts[event].isAbsent {
                DistinctCell.insert(texts[event], into: rows[event] + word, overflow)
            }
        }
    }

    /// Adds what another pane has of the same key to a row.
    func merge(
        _ other: UnsafePointer<UInt64>,
        _ otherOverflow: OverflowSets,
        into row: UnsafeMutablePointer<UInt64>,
        _ overflow: OverflowSets
    ) {
        switch kind {
        case .count, .countTrue: row[word] &+= other[word]
        case .share:
            row[word] &+= other[word]
            row[word + 1] &+= other[word + 1]
        case .sum: add(number(other, word), to: row + word)
        case .mean:
            add(number(other, word), to: row + word)
            row[word + 1] &+= other[word + 1]
        case .min:
            let (known, new) = (number(row, word), number(other, word))
            if new < known || known.isNaN { row[word] = new.bitPattern }
        case .max:
            let (known, new) = (number(row, word), number(other, word))
            if new > known || known.isNaN { row[word] = new.bitPattern }
        case .std:
            guard other[word] > 0 else { return }
            let (left, right) = (Double(row[word]), Double(other[word]))
            let distance = number(other, word + 1) - number(row, word + 1)
            let squares =
                number(row, word + 2) + number(other, word + 2) + distance * distance * left * right / (left + right)
            row[word] += other[word]
            row[word + 1] = (number(row, word + 1) + distance * right / (left + right)).bitPattern
            row[word + 2] = squares.bitPattern
        case .first, .last:
            let value = number(other, word + 1)
            if !value.isNaN { keep(value, at: Int64(bitPattern: other[word]), in: row) }
        case .distinctNumbers, .distinctTexts:
            DistinctCell.forEach(other + word, otherOverflow) { DistinctCell.insert($0, into: row + word, overflow) }
        }
    }

    /// The column's value; NaN is null.
    @inline(__always)
    func result(_ row: UnsafePointer<UInt64>) -> Double {
        switch kind {
        case .count, .countTrue: return Double(row[word])
        case .share: return row[word + 1] == 0 ? .nan : Double(row[word]) / Double(row[word + 1])
        case .sum, .min, .max: return number(row, word)
        case .mean: return row[word + 1] == 0 ? .nan : number(row, word) / Double(row[word + 1])
        case .std: return row[word] < 2 ? .nan : (number(row, word + 2) / Double(row[word] - 1)).squareRoot()
        case .first, .last: return number(row, word + 1)
        case .distinctNumbers, .distinctTexts: return DistinctCell.count(row + word)
        }
    }

    @inline(__always)
    private func number(_ row: UnsafePointer<UInt64>, _ word: Int) -> Double { Double(bitPattern: row[word]) }

    @inline(__always)
    private func add(_ value: Double, to place: UnsafeMutablePointer<UInt64>) {
        if !value.isNaN { place.pointee = (Double(bitPattern: place.pointee) + value).bitPattern }
    }

    /// By event time; of equal times the earlier event in the log is first, the later one last.
    @inline(__always)
    private func keep(_ value: Double, at time: Int64, in row: UnsafeMutablePointer<UInt64>) {
        let known = Int64(bitPattern: row[word])
        let isBetter = kind == .first ? time < known : time >= known
        guard isBetter || number(row, word + 1).isNaN else { return }
        row[word] = UInt64(bitPattern: time)
        row[word + 1] = value.bitPattern
    }
}

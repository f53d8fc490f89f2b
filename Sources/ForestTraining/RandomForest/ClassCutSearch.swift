/// Finds the cut of one feature, at one node, that leaves the least Gini impurity.
///
/// Maximising Σ left²/|left| + Σ right²/|right| over the classes' weights is minimising the weighted impurity; missing
/// rows are tried on both sides, and of equal cuts the first wins. Large nodes count rows into a table of bins and
/// classes. Small ones chain the rows of each bin and visit only the bins that occur: O(rows), however many bins.
final class ClassCutSearch {
    struct Cut {
        var score = 0.0
        /// The last bin that goes left.
        var bin = 0
        var missingGoesLeft = false
    }

    /// What a row counts for: its class, and how often the sample holds it.
    struct Row: BitwiseCopyable {
        var label: UInt16
        var times: UInt16
    }

    private let classCount: Int
    private let leafRowsMin: Int
    private let weights: Stretch<Double>
    private let table: Stretch<UInt32>
    /// 1 + the first row of each bin's chain; 0 = none.
    private let heads: Stretch<UInt32>
    private let nexts: Stretch<UInt32>
    /// A bit for each bin that occurs.
    private let occurs: Stretch<UInt64>
    private let left: Stretch<Double>
    private let missing: Stretch<Double>
    private var missingRows = 0

    /// The node: what each class weighs in it, their squares' sum, all classes' weight, and sampled rows.
    let totals: Stretch<Double>
    private(set) var squares = 0.0
    private(set) var weight = 0.0
    private(set) var rowCount = 0

    init(weights: [Double], leafRowsMin: Int, binsMax: Int, rowsMax: Int) {
        classCount = weights.count
        self.leafRowsMin = leafRowsMin
        self.weights = Stretch(copying: weights)
        table = Stretch(repeating: 0, count: (binsMax + 1) * weights.count)
        heads = Stretch(repeating: 0, count: binsMax + 1)
        nexts = Stretch(repeating: 0, count: rowsMax)
        occurs = Stretch(repeating: 0, count: binsMax / 64 + 1)
        left = Stretch(repeating: 0, count: weights.count)
        missing = Stretch(repeating: 0, count: weights.count)
        totals = Stretch(repeating: 0, count: weights.count)
    }

    /// The score of the node as it is: a cut must have more.
    var score: Double { weight > 0 ? squares / weight : 0 }

    /// Takes up a node.
    func begin(_ rows: UnsafePointer<Row>, count: Int) {
        totals.base.update(repeating: 0, count: classCount)
        rowCount = 0
        for index in 0..<count {
            let row = rows[index]
            totals.base[Int(row.label)] += Double(row.times) * weights.base[Int(row.label)]
            rowCount += Int(row.times)
        }
        squares = 0
        weight = 0
        for index in 0..<classCount {
            squares += totals.base[index] * totals.base[index]
            weight += totals.base[index]
        }
    }

    /// Finds the best cut.
    ///
    /// - Parameters:
    ///   - feature: Its bins.
    ///   - bins: The bin of every row of the set.
    ///   - numbers: The node's rows, as numbers into `bins`.
    ///   - rows: The node's rows themselves.
    ///   - count: How many.
    ///   - least: A score.
    /// - Returns: The cut that scores most, if that is more than `least`.
    func best(
        _ feature: BinnedFeature,
        _ bins: UnsafePointer<UInt16>,
        _ numbers: UnsafePointer<UInt32>,
        _ rows: UnsafePointer<Row>,
        count: Int,
        above least: Double
    ) -> Cut? {
        let usesTable = count * 5 > (feature.binCount + 1) * classCount
        if usesTable {
            fillTable(bins, numbers, rows, count, feature.binCount)
        } else {
            chain(bins, numbers, count)
        }
        noteMissing(feature, rows, usesTable)
        var cut = Cut(score: least)
        let sides = missingRows > 0 ? [false, true] : [false]
        var found = false
        for goesLeft in sides {
            // With the missing rows on the right, the last cut has every known value on the left.
            let cuts = missingRows > 0 && !goesLeft ? feature.binCount : feature.binCount - 1
            let better =
                usesTable
                ? scanTable(cuts, missingGoesLeft: goesLeft, &cut)
                : scanChains(rows, cuts, missingGoesLeft: goesLeft, &cut)
            found = better || found
        }
        if !usesTable { clearChains(feature.binCount) }
        return found ? cut : nil
    }

    private func fillTable(
        _ bins: UnsafePointer<UInt16>,
        _ numbers: UnsafePointer<UInt32>,
        _ rows: UnsafePointer<Row>,
        _ count: Int,
        _ binCount: Int
    ) {
        let (table, classCount) = (table.base, classCount)
        table.update(repeating: 0, count: (binCount + 1) * classCount)
        for index in 0..<count {
            let row = rows[index]
            table[Int(bins[Int(numbers[index])]) &* classCount &+ Int(row.label)] &+= UInt32(row.times)
        }
    }

    private func chain(_ bins: UnsafePointer<UInt16>, _ numbers: UnsafePointer<UInt32>, _ count: Int) {
        let (heads, nexts, occurs) = (heads.base, nexts.base, occurs.base)
        for index in 0..<count {
            let bin = Int(bins[Int(numbers[index])])
            nexts[index] = heads[bin]
            heads[bin] = UInt32(truncatingIfNeeded: index &+ 1)
            occurs[bin >> 6] |= 1 << UInt64(bin & 63)
        }
    }

    private func clearChains(_ binCount: Int) {
        for word in 0...binCount / 64 {
            var bits = occurs.base[word]
            while bits != 0 {
                heads.base[word << 6 | bits.trailingZeroBitCount] = 0
                bits &= bits &- 1
            }
            occurs.base[word] = 0
        }
    }

    private func noteMissing(_ feature: BinnedFeature, _ rows: UnsafePointer<Row>, _ usesTable: Bool) {
        missingRows = 0
        guard feature.hasMissing else { return }
        missing.base.update(repeating: 0, count: classCount)
        if usesTable {
            for label in 0..<classCount {
                let times = table.base[feature.binCount * classCount + label]
                missingRows += Int(times)
                missing.base[label] = Double(times) * weights.base[label]
            }
        } else {
            var next = heads.base[feature.binCount]
            while next != 0 {
                let row = rows[Int(next) - 1]
                missingRows += Int(row.times)
                missing.base[Int(row.label)] += Double(row.times) * weights.base[Int(row.label)]
                next = nexts.base[Int(next) - 1]
            }
        }
    }

    /// What is on the left before the first bin is: nothing, or the missing rows.
    private func start(_ missingGoesLeft: Bool) -> (squares: Double, otherSquares: Double, weight: Double, rows: Int) {
        var (squares, otherSquares, weight) = (0.0, 0.0, 0.0)
        for label in 0..<classCount {
            let value = missingGoesLeft ? missing.base[label] : 0
            left.base[label] = value
            squares += value * value
            otherSquares += (totals.base[label] - value) * (totals.base[label] - value)
            weight += value
        }
        return (squares, otherSquares, weight, missingGoesLeft ? missingRows : 0)
    }

    private func scanTable(_ cuts: Int, missingGoesLeft: Bool, _ cut: inout Cut) -> Bool {
        let begin = start(missingGoesLeft)
        var rowsLeft = begin.rows
        var weightLeft = begin.weight
        var best = cut.score
        var found = -1
        let (left, totals, weights, classCount) = (left.base, totals.base, weights.base, classCount)
        var counts = table.base
        for bin in 0..<max(0, cuts) {
            var rowsHere: UInt32 = 0
            var squares = 0.0
            var otherSquares = 0.0
            for label in 0..<classCount {
                rowsHere &+= counts[label]
                let added = Double(counts[label]) * weights[label]
                let value = left[label] + added
                let other = totals[label] - value
                left[label] = value
                weightLeft += added
                squares += value * value
                otherSquares += other * other
            }
            counts += classCount
            if rowsHere == 0 { continue }
            rowsLeft &+= Int(rowsHere)
            if rowsLeft < leafRowsMin { continue }
            if rowCount &- rowsLeft < leafRowsMin { break }
            let weightRight = weight - weightLeft
            let value = squares * weightRight + otherSquares * weightLeft
            if value > best * (weightLeft * weightRight) {
                best = value / (weightLeft * weightRight)
                found = bin
            }
        }
        guard found >= 0 else { return false }
        cut = Cut(score: best, bin: found, missingGoesLeft: missingGoesLeft)
        return true
    }

    private func scanChains(
        _ rows: UnsafePointer<Row>,
        _ cuts: Int,
        missingGoesLeft: Bool,
        _ cut: inout Cut
    ) -> Bool {
        let begin = start(missingGoesLeft)
        var (squares, otherSquares, weightLeft, rowsLeft) = begin
        var best = cut.score
        var found = -1
        let (left, totals, weights) = (left.base, totals.base, weights.base)
        let (heads, nexts) = (heads.base, nexts.base)
        search: for word in 0...max(0, cuts - 1) / 64 {
            var bits = occurs.base[word]
            while bits != 0 {
                let bin = word << 6 | bits.trailingZeroBitCount
                bits &= bits &- 1
                guard bin < cuts else { break search }
                var next = heads[bin]
                while next != 0 {
                    let row = rows[Int(next) &- 1]
                    next = nexts[Int(next) &- 1]
                    let label = Int(row.label)
                    let added = Double(row.times) * weights[label]
                    let before = left[label]
                    squares += added * (before + before + added)
                    let other = totals[label] - before
                    otherSquares += added * (added - other - other)
                    left[label] = before + added
                    weightLeft += added
                    rowsLeft &+= Int(row.times)
                }
                if rowsLeft < leafRowsMin { continue }
                if rowCount &- rowsLeft < leafRowsMin { break search }
                let weightRight = weight - weightLeft
                let value = squares * weightRight + otherSquares * weightLeft
                if value > best * (weightLeft * weightRight) {
                    best = value / (weightLeft * weightRight)
                    found = bin
                }
            }
        }
        guard found >= 0 else { return false }
        cut = Cut(score: best, bin: found, missingGoesLeft: missingGoesLeft)
        return true
    }
}

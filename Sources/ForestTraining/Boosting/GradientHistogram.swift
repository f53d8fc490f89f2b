/// Sums of gradients and hessians, one pair a bin.
///
/// The pairs are whole numbers (fixed point): sums do not depend on their order, so a tree is the same, bit for bit,
/// however rows and features are dealt out to threads (C2), and a sibling's histogram is exactly the difference.
enum GradientHistogram {
    typealias Pair = SIMD2<Int64>

    /// A way to cut a node's rows in two.
    struct Cut: BitwiseCopyable {
        /// Σ gradient² / (hessian + λ) over both sides; the higher the better.
        var score = -Double.infinity
        var feature: Int32 = -1
        /// The last bin that goes left.
        var bin: Int32 = 0
        var missingGoesLeft = false
        /// Sums of the left side.
        var left = Pair(0, 0)
    }

    /// What a node allows.
    struct Limits: BitwiseCopyable {
        /// λ and the least hessian of a side, in the node's fixed-point unit.
        var lambda: Double
        var hessianMin: Int64
    }

    /// Sums up rows, cell by cell.
    ///
    /// Where neighbouring rows are often in the same bin, each addition would wait for the one before it: four copies
    /// of the cells, used in turn, break the chain (four times as fast).
    ///
    /// - Parameters:
    ///   - bins: Of one feature.
    ///   - rows: Numbers into `bins`; nil: 0..<count.
    ///   - pairs: Of these rows, one by one.
    ///   - count: How many rows.
    ///   - cells: Where the sums go; overwritten.
    ///   - cellCount: How many there are.
    ///   - isSkewed: Whether few bins hold most rows.
    static func count(
        _ bins: UnsafePointer<UInt16>,
        rows: UnsafePointer<UInt32>?,
        _ pairs: UnsafePointer<Pair>,
        count: Int,
        into cells: UnsafeMutablePointer<Pair>,
        cellCount: Int,
        isSkewed: Bool
    ) {
        guard isSkewed, count > 4 * cellCount else {
            cells.update(repeating: Pair(0, 0), count: cellCount)
            add(bins, rows, pairs, count, cells, stride: 0)
            return
        }
        withUnsafeTemporaryAllocation(of: Pair.self, capacity: 4 * cellCount) { copies in
            guard let first = copies.baseAddress else { return }
            first.initialize(repeating: Pair(0, 0), count: 4 * cellCount)
            add(bins, rows, pairs, count, first, stride: cellCount)
            for cell in 0..<cellCount {
                cells[cell] =
                    first[cell] &+ first[cellCount + cell] &+ first[2 * cellCount + cell] &+ first[3 * cellCount + cell]
            }
        }
    }

    /// Every row adds to the cells that lie `stride` behind those of the row before it, every fourth to the first ones.
    @inline(__always)
    private static func add(
        _ bins: UnsafePointer<UInt16>,
        _ rows: UnsafePointer<UInt32>?,
        _ pairs: UnsafePointer<Pair>,
        _ count: Int,
        _ cells: UnsafeMutablePointer<Pair>,
        stride: Int
    ) {
        let (second, third, fourth) = (cells + stride, cells + 2 * stride, cells + 3 * stride)
        let whole = count & ~3
        var index = 0
        if let rows {
            while index < whole {
                cells[Int(bins[Int(rows[index])])] &+= pairs[index]
                second[Int(bins[Int(rows[index &+ 1])])] &+= pairs[index &+ 1]
                third[Int(bins[Int(rows[index &+ 2])])] &+= pairs[index &+ 2]
                fourth[Int(bins[Int(rows[index &+ 3])])] &+= pairs[index &+ 3]
                index &+= 4
            }
            for index in whole..<count { cells[Int(bins[Int(rows[index])])] &+= pairs[index] }
        } else {
            while index < whole {
                cells[Int(bins[index])] &+= pairs[index]
                second[Int(bins[index &+ 1])] &+= pairs[index &+ 1]
                third[Int(bins[index &+ 2])] &+= pairs[index &+ 2]
                fourth[Int(bins[index &+ 3])] &+= pairs[index &+ 3]
                index &+= 4
            }
            for index in whole..<count { cells[Int(bins[index])] &+= pairs[index] }
        }
    }

    /// A node's histogram less one child's is the other child's.
    static func subtract(
        _ child: UnsafePointer<Pair>,
        from cells: UnsafeMutablePointer<Pair>,
        count: Int
    ) {
        for index in 0..<count { cells[index] &-= child[index] }
    }

    /// The best cut of one feature; its score is −∞ if there is none. Of equal cuts the first wins.
    ///
    /// - Parameters:
    ///   - cells: One for each bin, and one for missing values behind them.
    ///   - binCount: Bins of known values.
    ///   - total: The sums of all the node's rows.
    ///   - limits: What each side must have.
    /// - Returns: The cut, without its feature.
    static func bestCut(_ cells: UnsafePointer<Pair>, binCount: Int, total: Pair, limits: Limits) -> Cut {
        var best = Cut()
        let missing = cells[binCount]
        if missing == Pair(0, 0) {
            scan(cells, binCount - 1, left: Pair(0, 0), total, limits, missingGoesLeft: false, &best)
            // What the training rows do not say: a missing value goes where more of them are.
            best.missingGoesLeft = best.left.y > total.y - best.left.y
        } else {
            // The last cut has every known value on its left.
            scan(cells, binCount, left: Pair(0, 0), total, limits, missingGoesLeft: false, &best)
            scan(cells, binCount - 1, left: missing, total, limits, missingGoesLeft: true, &best)
        }
        return best
    }

    private static func scan(
        _ cells: UnsafePointer<Pair>,
        _ cutCount: Int,
        left start: Pair,
        _ total: Pair,
        _ limits: Limits,
        missingGoesLeft: Bool,
        _ best: inout Cut
    ) {
        var gradient = start.x
        var hessian = start.y
        var score = best.score
        var found = -1
        var foundLeft = Pair(0, 0)
        for bin in 0..<max(0, cutCount) {
            let cell = cells[bin]
            if cell.x | cell.y == 0 { continue }
            gradient &+= cell.x
            hessian &+= cell.y
            let otherHessian = total.y &- hessian
            if hessian < limits.hessianMin { continue }
            if otherHessian < limits.hessianMin { break }
            let left = Double(gradient)
            let right = Double(total.x &- gradient)
            let leftWeight = Double(hessian) + limits.lambda
            let rightWeight = Double(otherHessian) + limits.lambda
            // Compared without dividing: a division a bin would take most of the time.
            let value = left * left * rightWeight + right * right * leftWeight
            let weight = leftWeight * rightWeight
            if value > score * weight {
                score = value / weight
                found = bin
                foundLeft = Pair(gradient, hessian)
            }
        }
        guard found >= 0 else { return }
        best.score = score
        best.bin = Int32(found)
        best.missingGoesLeft = missingGoesLeft
        best.left = foundLeft
    }
}

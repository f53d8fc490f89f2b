import Base

/// The rows that a tree grows on; each node owns a stretch of them, in ascending order.
///
/// Threads may read it side by side; only its owner changes it, between their work.
final class RowPartition: @unchecked Sendable {
    private let rows: Stretch<UInt32>
    private let spare: Stretch<UInt32>
    private let total: Int
    /// Rows of the tree; behind them are those left out.
    private(set) var count = 0

    init(rowCount: Int) {
        total = rowCount
        rows = Stretch(repeating: 0, count: rowCount)
        spare = Stretch(repeating: 0, count: rowCount)
    }

    var base: UnsafeMutablePointer<UInt32> { rows.base }
    var isWhole: Bool { count == total }
    var leftOut: UnsafeBufferPointer<UInt32> {
        UnsafeBufferPointer(start: rows.base + count, count: total - count)
    }

    func takeAll() {
        for row in 0..<total { rows.base[row] = UInt32(row) }
        count = total
    }

    /// Takes each row with that probability, one at least.
    func sample(share: Double, _ random: inout Seeded) {
        take { _ in random.unit() < share }
        if count == 0, total > 0 { count = 1 }
    }

    /// Takes the rows that a test holds for.
    func take(where isTaken: (Int) -> Bool) {
        count = 0
        var out = 0
        for row in 0..<total {
            if isTaken(row) {
                rows.base[count] = UInt32(row)
                count += 1
            } else {
                spare.base[out] = UInt32(row)
                out += 1
            }
        }
        for index in 0..<out { rows.base[count + index] = spare.base[index] }
    }

    /// Puts a node's rows that go left before the others, both in their old order.
    ///
    /// - Parameters:
    ///   - range: The node's rows.
    ///   - bins: Of the feature tested.
    ///   - lastLeft: The last bin that goes left.
    ///   - missing: The bin that goes left, too; any number above all bins if none does.
    /// - Returns: Where the right child's rows begin.
    func partition(_ range: Range<Int>, _ bins: UnsafePointer<UInt16>, lastLeft: UInt16, missing: UInt16) -> Int {
        let (rows, spare) = (rows.base, spare.base)
        var left = range.lowerBound
        var right = 0
        for index in range {
            let row = rows[index]
            let bin = bins[Int(row)]
            // Both are written, one counts: no branch to mispredict.
            rows[left] = row
            spare[right] = row
            let goesLeft = bin <= lastLeft || bin == missing ? 1 : 0
            left &+= goesLeft
            right &+= 1 - goesLeft
        }
        (rows + left).update(from: spare, count: right)
        return left
    }
}

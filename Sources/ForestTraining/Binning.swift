/// The values of one feature cut into bins, and where between them a tree may split.
///
/// Up to ``limit`` different values each have a bin of their own. Beyond that, three quarters of the bins hold equal
/// shares of the rows, and the lowest and highest 2 % get an eighth each: frauds live in the tails.
struct BinnedFeature {
    static let limit = 1024

    /// Bin of each row; `binCount` for a missing value.
    let bins: [UInt16]
    /// `thresholds[i]`: below it are the bins 0…i.
    let thresholds: [Float]
    let binCount: Int
    let hasMissing: Bool

    init(_ column: [Float]) {
        let known = column.filter { !$0.isNaN }.sorted()
        var distinct: [Float] = []
        for value in known where distinct.last != value { distinct.append(value) }
        let lower = distinct.count <= Self.limit ? distinct : Self.quantiles(known)
        var thresholds: [Float] = []
        if lower.count > 1 {
            for index in 1..<lower.count {
                // The largest value below this bin, so that the threshold lies in the real gap.
                let first = Self.lowerBound(known, lower[index])
                let below = known[first - 1]
                let middle = below + (lower[index] - below) / 2
                thresholds.append(middle > below && middle.isFinite ? middle : lower[index])
            }
        }
        self.thresholds = thresholds
        binCount = thresholds.count + 1
        hasMissing = known.count < column.count
        let count = UInt16(thresholds.count + 1)
        bins = column.map { value in
            guard !value.isNaN else { return count }
            var low = 0
            var high = thresholds.count
            while low < high {
                let middle = (low + high) / 2
                if value < thresholds[middle] { high = middle } else { low = middle + 1 }
            }
            return UInt16(low)
        }
    }

    /// Lower ends of bins over sorted values with too many different ones.
    private static func quantiles(_ sorted: [Float]) -> [Float] {
        let tail = sorted.count / 50
        var lower: [Float] = [sorted[0]]
        func cut(_ range: Range<Int>, into bins: Int) {
            for index in 0..<bins {
                let value = sorted[range.lowerBound + range.count * index / bins]
                if let last = lower.last, value > last { lower.append(value) }
            }
        }
        cut(0..<tail, into: limit / 8)
        cut(tail..<sorted.count - tail, into: limit * 3 / 4)
        cut(sorted.count - tail..<sorted.count, into: limit / 8)
        return lower
    }

    private static func lowerBound(_ sorted: [Float], _ value: Float) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Where the values of one feature are cut into bins, and so where a tree may split.
///
/// Up to the limit different values each have a bin of their own. Beyond that, three quarters of the bins hold equal
/// shares of the rows, and the lowest and highest 2 % get an eighth each: frauds live in the tails.
struct BinnedFeature: Sendable, Equatable {
    /// `thresholds[i]`: below it are the bins 0…i. Where values are missing, the last one has all known values below
    /// it.
    let thresholds: [Float]
    /// Bins of known values; a missing value is in bin `binCount`.
    let binCount: Int
    let hasMissing: Bool

    /// Chooses the bins.
    ///
    /// - Parameters:
    ///   - sorted: The known values, ascending.
    ///   - hasMissing: Whether rows lack a value.
    ///   - binsMax: At least 2 and at most 65,535.
    init(sorted: UnsafeBufferPointer<Float>, hasMissing: Bool, binsMax: Int) {
        self.hasMissing = hasMissing
        var thresholds: [Float] = []
        for first in Self.firsts(sorted, binsMax) {
            let (below, value) = (sorted[first - 1], sorted[first])
            let middle = below + (value - below) / 2
            let threshold = middle > below && middle.isFinite ? middle : min(value, .greatestFiniteMagnitude)
            if threshold > below { thresholds.append(threshold) }
        }
        binCount = thresholds.count + 1
        if hasMissing { thresholds.append(.infinity) }
        self.thresholds = thresholds
    }

    /// Where in the sorted values the second and every further bin begins.
    private static func firsts(_ sorted: UnsafeBufferPointer<Float>, _ binsMax: Int) -> [Int] {
        guard !sorted.isEmpty else { return [] }
        var firsts: [Int] = []
        for index in 1..<sorted.count where sorted[index] > sorted[index - 1] {
            firsts.append(index)
            guard firsts.count < binsMax else { break }
        }
        guard firsts.count >= binsMax else { return firsts }
        firsts = []
        let tail = sorted.count / 50
        var last = sorted[0]
        func cut(_ range: Range<Int>, into bins: Int) {
            for index in 0..<bins {
                var first = range.lowerBound + range.count * index / bins
                guard sorted[first] > last else { continue }
                last = sorted[first]
                while sorted[first - 1] == last { first -= 1 }
                firsts.append(first)
            }
        }
        let eighth = binsMax / 8
        cut(0..<tail, into: eighth)
        cut(tail..<sorted.count - tail, into: binsMax - 2 * eighth)
        cut(sorted.count - tail..<sorted.count, into: eighth)
        return firsts
    }

    /// Writes the bin of every value.
    func bin(_ values: UnsafeBufferPointer<Float>, into bins: UnsafeMutablePointer<UInt16>) {
        let missing = UInt16(binCount)
        // Padded to a power of two: the search has no branch but the loop's.
        var width = 1
        while width < binCount { width *= 2 }
        let padded = Stretch(repeating: Float.infinity, count: width)
        for index in 0..<binCount - 1 { padded.base[index] = thresholds[index] }
        let cuts = padded.base
        for index in 0..<values.count {
            let value = values[index]
            var low = 0
            var step = width / 2
            while step > 0 {
                low = value >= cuts[low + step - 1] ? low + step : low
                step /= 2
            }
            bins[index] = value.isNaN ? missing : UInt16(truncatingIfNeeded: min(low, binCount - 1))
        }
    }
}

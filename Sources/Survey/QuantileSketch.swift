/// Quantiles of any number of values in bounded memory, each within 1 % of its value, and the same whatever the order
/// of the values: a histogram whose buckets grow with the numbers (as DDSketch; Masson, Rim, Lee 2019).
///
/// A bucket is an exponent of two and the first seven bits behind it, so whole numbers up to 256 are exact.
public struct QuantileSketch: Sendable, Equatable {
    private var positive = Side()
    private var negative = Side()
    private var zeros = 0
    public private(set) var count = 0
    public private(set) var minimum = Double.infinity
    public private(set) var maximum = -Double.infinity

    public init() {}

    /// Counts a number; NaN is none.
    public mutating func add(_ value: Double) {
        guard !value.isNaN else { return }
        count += 1
        minimum = min(minimum, value)
        maximum = max(maximum, value)
        if value > 0 { positive.add(value) } else if value < 0 { negative.add(-value) } else { zeros += 1 }
    }

    /// The value below which a share of the values lies, or the least one that is not below it; nil without values.
    public func quantile(_ share: Double) -> Double? {
        guard count > 0 else { return nil }
        var rank = min(count - 1, Int((Double(count) * share).rounded(.down)))
        guard rank > 0 else { return minimum }
        guard rank < count - 1 else { return maximum }
        let below = negative.total
        if rank < below {
            return max(minimum, -(negative.edge(atRank: below - 1 - rank, isUpper: true)))
        }
        rank -= below
        guard rank >= zeros else { return 0 }
        return min(maximum, max(minimum, positive.edge(atRank: rank - zeros, isUpper: false)))
    }

    /// How many values are at least as large as a positive bound, buckets taken whole.
    public func count(atLeast bound: Double) -> Int {
        guard bound > 0 else { return bound <= minimum ? count : positive.total + zeros }
        return positive.count(from: bound)
    }

    /// The buckets of numbers above zero.
    private struct Side: Sendable, Equatable {
        private var counts: [UInt32] = []
        private var first = 0
        private(set) var total = 0

        /// Numbers below 2^-32 and above 2^72 share a bucket each: amounts, counts and microseconds lie between.
        private static let least = Self.bucket(0x1p-32)
        private static let largest = Self.bucket(0x1p72)

        private static func bucket(_ value: Double) -> Int { Int(value.bitPattern >> 45) }

        private static func edge(_ bucket: Int) -> Double { Double(bitPattern: UInt64(bucket) << 45) }

        mutating func add(_ value: Double) {
            let bucket = min(max(Self.bucket(value), Self.least), Self.largest)
            if counts.isEmpty { first = bucket }
            if bucket < first {
                counts.insert(contentsOf: repeatElement(0, count: first - bucket), at: 0)
                first = bucket
            }
            let place = bucket - first
            if place >= counts.count { counts.append(contentsOf: repeatElement(0, count: place + 1 - counts.count)) }
            counts[place] &+= 1
            total += 1
        }

        /// Where the bucket of the value of that rank begins, or ends.
        func edge(atRank rank: Int, isUpper: Bool) -> Double {
            var seen = 0
            for (place, count) in counts.enumerated() {
                seen += Int(count)
                if seen > rank { return Self.edge(first + place + (isUpper ? 1 : 0)) }
            }
            return Self.edge(first + counts.count)
        }

        func count(from bound: Double) -> Int {
            let start = max(0, min(max(Self.bucket(bound), Self.least), Self.largest) - first)
            return counts.dropFirst(start).reduce(0) { $0 + Int($1) }
        }
    }
}

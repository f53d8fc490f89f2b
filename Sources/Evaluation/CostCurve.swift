/// What it costs to look at every event from a threshold on: each look has its price, and so has each fraud that nobody
/// looked at.
///
/// With a capacity, people look at so many events a day at most: at those with the highest scores of the day, of equal
/// ones at the earlier.
public struct CostCurve: Sendable, Equatable {
    public struct Point: Sendable, Equatable {
        /// The least score that is looked at; nothing is at infinity.
        public var threshold: Double
        public var reviewed: Int
        /// Frauds among them.
        public var caught: Int
        public var cost: Double
    }

    /// From looking at nothing down to looking at everything, one point a score.
    public private(set) var points: [Point] = []
    /// The cheapest point, of equally cheap ones the highest threshold.
    public private(set) var best: Point

    /// - Parameters:
    ///   - days: The day of each event.
    ///   - isFraud: Its truth.
    ///   - scores: How suspicious it is.
    ///   - missCosts: What it costs to miss it, if it is a fraud; NaN counts as nothing.
    ///   - reviewCost: What it costs to look at one event.
    ///   - capacity: Events that can be looked at a day; nil = any number.
    public init(
        days: [Int],
        isFraud: [Bool],
        scores: [Double],
        missCosts: [Double],
        reviewCost: Double,
        capacity: Int?
    ) {
        precondition(days.count == scores.count && isFraud.count == scores.count && missCosts.count == scores.count)
        let order = scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
        func missCost(_ row: Int) -> Double { isFraud[row] && !missCosts[row].isNaN ? missCosts[row] : 0 }
        var point = Point(threshold: .infinity, reviewed: 0, caught: 0, cost: 0)
        for row in scores.indices { point.cost += missCost(row) }
        points = [point]
        best = point
        var looked: [Int: Int] = [:]
        var position = 0
        while position < order.count {
            point.threshold = scores[order[position]]
            while position < order.count, scores[order[position]] == point.threshold {
                let row = order[position]
                position += 1
                if let capacity, looked[days[row], default: 0] >= capacity { continue }
                looked[days[row], default: 0] += 1
                point.reviewed += 1
                point.caught += isFraud[row] ? 1 : 0
                point.cost += reviewCost - missCost(row)
            }
            points.append(point)
            if point.cost < best.cost { best = point }
        }
    }

    /// At most `count` points in the curve's order, its ends and its best one among them.
    public func thinned(to count: Int) -> [Point] {
        guard points.count > count, count > 2 else { return points }
        var kept = Set((0..<count - 1).map { $0 * (points.count - 1) / (count - 2) })
        if let place = points.firstIndex(of: best) { kept.insert(place) }
        return kept.sorted().map { points[$0] }
    }
}

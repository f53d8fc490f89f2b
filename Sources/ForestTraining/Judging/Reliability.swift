/// How well scores fit how often fraud really happens.
public struct Reliability: Sendable, Equatable {
    /// Rows whose scores lie in one tenth of 0…1.
    public struct Tenth: Sendable, Equatable {
        public var rows: Int
        public var meanScore: Double
        /// Share of the rows that are frauds.
        public var fraudShare: Double
    }

    /// Mean squared difference of score and truth (Brier 1950).
    public let brier: Double
    /// Mean difference of score and fraud share over the tenths, weighted by their rows.
    public let calibrationError: Double
    /// Those that have rows, in ascending order.
    public let tenths: [Tenth]

    /// - Parameters:
    ///   - scores: 0…1.
    ///   - truth: Whether each row is a fraud.
    public init(scores: [Double], truth: [Bool]) {
        var squares = 0.0
        var sums = Array(repeating: (rows: 0, scores: 0.0, frauds: 0), count: 10)
        for (score, isFraud) in zip(scores, truth) {
            let difference = score - (isFraud ? 1 : 0)
            squares += difference * difference
            let tenth = min(9, max(0, Int(score * 10)))
            sums[tenth].rows += 1
            sums[tenth].scores += score
            sums[tenth].frauds += isFraud ? 1 : 0
        }
        let count = Double(max(1, scores.count))
        brier = squares / count
        tenths = sums.filter { $0.rows > 0 }.map { sum in
            Tenth(
                rows: sum.rows,
                meanScore: sum.scores / Double(sum.rows),
                fraudShare: Double(sum.frauds) / Double(sum.rows)
            )
        }
        calibrationError = tenths.reduce(0) { $0 + Double($1.rows) / count * abs($1.meanScore - $1.fraudShare) }
    }
}

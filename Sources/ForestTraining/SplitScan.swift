/// Walks over the bins of one feature at one node and finds the cut with the least Gini impurity.
///
/// Maximising Σ left²/|left| + Σ right²/|right| is minimising the weighted Gini impurity; the missing rows are tried on
/// both sides. Of equal cuts the first wins.
struct SplitScan {
    struct Cut {
        var gain: Double
        var bin: Int
        var missingGoesLeft: Bool
    }

    private(set) var best: Cut?
    private var left: [Double]
    private var right: [Double]
    private let missing: [Double]
    private let weights: [Double]
    private var leftRows = 0
    private var rightRows: Int
    private let missingRows: Int
    private let leafRowsMin: Int
    private let parent: Double

    /// - Parameters:
    ///   - counts: The node's rows by class.
    ///   - missing: Those of them that lack the feature.
    ///   - weights: What a row of each class weighs.
    ///   - leafRowsMin: Rows that each side must hold.
    init(counts: [Int32], missing: [Int32], weights: [Double], leafRowsMin: Int) {
        self.weights = weights
        self.leafRowsMin = leafRowsMin
        left = Array(repeating: 0, count: counts.count)
        right = counts.indices.map { Double(counts[$0] - missing[$0]) * weights[$0] }
        self.missing = missing.indices.map { Double(missing[$0]) * weights[$0] }
        missingRows = missing.reduce(0) { $0 + Int($1) }
        rightRows = counts.reduce(0) { $0 + Int($1) } - missingRows
        let whole = counts.indices.map { Double(counts[$0]) * weights[$0] }
        parent = Self.purity(whole, whole, takesOther: false)
    }

    @inline(__always)
    mutating func moveLeft(_ index: Int, _ rows: Int32) {
        let weight = Double(rows) * weights[index]
        left[index] += weight
        right[index] -= weight
        leftRows += Int(rows)
        rightRows -= Int(rows)
    }

    mutating func consider(_ bin: Int) {
        if missingRows == 0 {
            guard leftRows >= leafRowsMin, rightRows >= leafRowsMin else { return }
            note(Self.purity(left, left, takesOther: false) + Self.purity(right, right, takesOther: false), bin, true)
            return
        }
        if leftRows + missingRows >= leafRowsMin, rightRows >= leafRowsMin {
            note(Self.purity(left, missing, takesOther: true) + Self.purity(right, right, takesOther: false), bin, true)
        }
        if leftRows >= leafRowsMin, rightRows + missingRows >= leafRowsMin {
            note(Self.purity(left, left, takesOther: false) + Self.purity(right, missing, takesOther: true), bin, false)
        }
    }

    private mutating func note(_ value: Double, _ bin: Int, _ missingGoesLeft: Bool) {
        let gain = value - parent
        if gain > max(best?.gain ?? 0, 1e-9) { best = Cut(gain: gain, bin: bin, missingGoesLeft: missingGoesLeft) }
    }

    @inline(__always)
    private static func purity(_ counts: [Double], _ other: [Double], takesOther: Bool) -> Double {
        var total = 0.0
        var squares = 0.0
        for index in counts.indices {
            let count = takesOther ? counts[index] + other[index] : counts[index]
            total += count
            squares += count * count
        }
        return total > 0 ? squares / total : 0
    }
}

import Forest

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What boosting makes smaller: log loss of two classes (one margin) or of more (a margin each).
///
/// Holds the margins of a set of rows. Gradients come out in fixed point, see ``GradientHistogram``.
final class Objective: @unchecked Sendable {
    let outputCount: Int
    /// What margins start from.
    let base: [Double]
    /// One for each output: the margins of all rows.
    let margins: [Stretch<Double>]
    private let labels: Stretch<UInt16>
    private let rowCount: Int
    /// Of a row of each class.
    private let weights: [Float]
    /// Softmax only: of each output and row, as of the round's beginning.
    private let probabilities: [Stretch<Float>]
    private let workers: Workers

    /// - Parameters:
    ///   - labels: The class of each row.
    ///   - weights: Of a row of each class; two or more.
    ///   - base: Where margins start; nil: at the classes' weighted shares.
    ///   - workers: Threads.
    init(labels: [UInt16], weights: [Double], base: [Double]?, workers: Workers) {
        var totals = Array(repeating: 0.0, count: weights.count)
        for label in labels { totals[Int(label)] += weights[Int(label)] }
        let outputs = weights.count == 2 ? 1 : weights.count
        outputCount = outputs
        let base = base ?? Self.base(totals)
        self.base = base
        self.labels = Stretch(copying: labels)
        rowCount = labels.count
        self.weights = weights.map { Float($0) }
        margins = base.map { Stretch(repeating: $0, count: labels.count) }
        probabilities = outputs == 1 ? [] : base.map { _ in Stretch(repeating: 0, count: labels.count) }
        self.workers = workers
    }

    /// The margins that give every row the classes' shares; a class without rows counts as half a row.
    private static func base(_ totals: [Double]) -> [Double] {
        let shares = totals.map { max($0, 0.5) }
        let all = shares.reduce(0, +)
        let margins = shares.count == 2 ? [log(shares[1] / shares[0])] : shares.map { log($0 / all) }
        // The model is scored in single precision.
        return margins.map { Double(Float($0)) }
    }

    /// How many fixed-point steps make 1: fine enough for a double's precision, and no sum of all rows overflows.
    var unit: Double {
        let largest = Double(weights.max() ?? 1)
        let bits = 61 - (log2(largest) + log2(Double(max(1, rowCount)))).rounded(.up)
        return exp2(min(bits, 50 - log2(largest).rounded(.up)))
    }

    /// To be called before the trees of a round are grown.
    func beginRound() {
        guard outputCount > 1 else { return }
        workers.eachBlock(of: rowCount) { [self] rows in softmax(rows) }
    }

    /// Writes the gradient and hessian of one output's margins.
    func gradients(of output: Int, unit: Double, into pairs: Stretch<GradientHistogram.Pair>) {
        workers.eachBlock(of: rowCount) { [self] rows in
            if outputCount == 1 { logistic(rows, unit, pairs.base) } else { softmax(rows, output, unit, pairs.base) }
        }
    }

    /// The mean loss over the rows, by the weights.
    var loss: Double {
        let blocks = workers.map((rowCount + 16383) / 16384) { [self] block -> (Double, Double) in
            var sum = 0.0
            var weight = 0.0
            for row in block * 16384..<min(rowCount, (block + 1) * 16384) {
                let label = Int(labels.base[row])
                sum += Double(weights[label]) * loss(of: row, label)
                weight += Double(weights[label])
            }
            return (sum, weight)
        }
        let sums = blocks.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
        return sums.1 > 0 ? sums.0 / sums.1 : 0
    }

    private func loss(of row: Int, _ label: Int) -> Double {
        if outputCount == 1 {
            let margin = margins[0].base[row]
            let signed = label == 1 ? -margin : margin
            return max(0, signed) + log1p(exp(-abs(signed)))
        }
        var top = -Double.infinity
        for output in margins { top = max(top, output.base[row]) }
        var sum = 0.0
        for output in margins { sum += exp(output.base[row] - top) }
        return log(sum) + top - margins[label].base[row]
    }

    // MARK: - Loops over rows

    /// 1.5 · 2^52: adding it rounds a double to a whole number, which the low bits then hold.
    private static let rounding = 6_755_399_441_055_744.0

    private func logistic(_ rows: Range<Int>, _ unit: Double, _ pairs: UnsafeMutablePointer<GradientHistogram.Pair>) {
        let (margins, labels) = (margins[0].base, labels.base)
        let (negative, positive) = (weights[0], weights[1])
        let bits = Int64(bitPattern: Self.rounding.bitPattern)
        for row in rows {
            let p = 1 / (1 + exponential(-Float(margins[row])))
            let isPositive: Float = labels[row] == 0 ? 0 : 1
            let weight = labels[row] == 0 ? negative : positive
            let gradient = Double((p - isPositive) * weight) * unit + Self.rounding
            let hessian = Double(max(p * (1 - p), 1e-16) * weight) * unit + Self.rounding
            pairs[row] = GradientHistogram.Pair(
                Int64(bitPattern: gradient.bitPattern) &- bits,
                Int64(bitPattern: hessian.bitPattern) &- bits
            )
        }
    }

    private func softmax(
        _ rows: Range<Int>,
        _ output: Int,
        _ unit: Double,
        _ pairs: UnsafeMutablePointer<GradientHistogram.Pair>
    ) {
        let (probabilities, labels) = (probabilities[output].base, labels.base)
        let bits = Int64(bitPattern: Self.rounding.bitPattern)
        weights.withUnsafeBufferPointer { weights in
            for row in rows {
                let p = probabilities[row]
                let label = Int(labels[row])
                let isClass: Float = label == output ? 1 : 0
                let gradient = Double((p - isClass) * weights[label]) * unit + Self.rounding
                let hessian = Double(max(2 * p * (1 - p), 1e-16) * weights[label]) * unit + Self.rounding
                pairs[row] = GradientHistogram.Pair(
                    Int64(bitPattern: gradient.bitPattern) &- bits,
                    Int64(bitPattern: hessian.bitPattern) &- bits
                )
            }
        }
    }

    private func softmax(_ rows: Range<Int>) {
        let top = Stretch(repeating: -Double.infinity, count: rows.count)
        let sum = Stretch(repeating: Float(0), count: rows.count)
        for output in 0..<outputCount {
            let margins = margins[output].base + rows.lowerBound
            for index in 0..<rows.count { top.base[index] = max(top.base[index], margins[index]) }
        }
        for output in 0..<outputCount {
            let margins = margins[output].base + rows.lowerBound
            let probabilities = probabilities[output].base + rows.lowerBound
            for index in 0..<rows.count {
                let value = exponential(Float(margins[index] - top.base[index]))
                probabilities[index] = value
                sum.base[index] += value
            }
        }
        for output in 0..<outputCount {
            let probabilities = probabilities[output].base + rows.lowerBound
            for index in 0..<rows.count { probabilities[index] /= sum.base[index] }
        }
    }
}

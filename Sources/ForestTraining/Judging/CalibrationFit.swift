import Forest

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension Calibration {
    /// Straight lines through the blocks of an isotonic regression (pool adjacent violators; Zadrozny & Elkan 2002).
    ///
    /// Each block of rows is one point, at its mean score; 0 stays 0 and 1 stays 1, so that rows above or below all
    /// blocks keep their order.
    ///
    /// - Parameters:
    ///   - scores: 0…1, of validation rows.
    ///   - truth: Whether each is a fraud.
    ///   - negativeClass: See ``negativeClass``.
    /// - Returns: Nil unless both outcomes occur.
    public static func isotonic(scores: [Double], truth: [Bool], negativeClass: Int) -> Calibration? {
        guard truth.contains(true), truth.contains(false) else { return nil }
        struct Block {
            var scores: Double
            var frauds: Double
            var rows: Double
        }
        var blocks: [Block] = []
        let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
        var index = 0
        while index < order.count {
            let score = scores[order[index]]
            var block = Block(scores: 0, frauds: 0, rows: 0)
            // Equal scores cannot be told apart: one block.
            while index < order.count, scores[order[index]] == score {
                block.scores += score
                block.frauds += truth[order[index]] ? 1 : 0
                block.rows += 1
                index += 1
            }
            while let last = blocks.last, last.frauds * block.rows >= block.frauds * last.rows {
                block.scores += last.scores
                block.frauds += last.frauds
                block.rows += last.rows
                blocks.removeLast()
            }
            blocks.append(block)
        }
        var points: [(score: Double, value: Double)] = [(0, 0)]
        for block in blocks {
            let (score, value) = (block.scores / block.rows, block.frauds / block.rows)
            if let last = points.last, score > last.score, value >= last.value {
                points.append((score, value))
            } else {
                points[points.count - 1].value = value
            }
        }
        if let last = points.last, last.score < 1 { points.append((1, 1)) }
        return Calibration(
            map: .isotonic(scores: points.map(\.score), values: points.map(\.value)),
            negativeClass: negativeClass
        )
    }

    /// A logistic curve over the scores' log odds, fitted by Newton's method to Platt's targets (Platt 1999; Lin, Lin &
    /// Weng 2007).
    ///
    /// - Parameters:
    ///   - scores: 0…1, of validation rows.
    ///   - truth: Whether each is a fraud.
    ///   - negativeClass: See ``negativeClass``.
    /// - Returns: Nil unless both outcomes occur and fraud becomes likelier with the score.
    public static func platt(scores: [Double], truth: [Bool], negativeClass: Int) -> Calibration? {
        let frauds = truth.count { $0 }
        guard frauds > 0, frauds < truth.count else { return nil }
        let odds = scores.map { score in
            let inner = min(max(score, 1e-12), 1 - 1e-12)
            return log(inner / (1 - inner))
        }
        let high = Double(frauds + 1) / Double(frauds + 2)
        let low = 1 / Double(truth.count - frauds + 2)
        var (slope, intercept) = (1.0, 0.0)
        func loss(_ slope: Double, _ intercept: Double) -> Double {
            var sum = 0.0
            for (x, isFraud) in zip(odds, truth) {
                let margin = slope * x + intercept
                let target = isFraud ? high : low
                sum += max(margin, 0) - target * margin + log1p(exp(-abs(margin)))
            }
            return sum
        }
        var now = loss(slope, intercept)
        for _ in 0..<100 {
            var (g0, g1, h00, h01, h11) = (0.0, 0.0, 1e-9, 0.0, 1e-9)
            for (x, isFraud) in zip(odds, truth) {
                let p = 1 / (1 + exp(-(slope * x + intercept)))
                let difference = p - (isFraud ? high : low)
                let curvature = p * (1 - p)
                g0 += difference * x
                g1 += difference
                h00 += curvature * x * x
                h01 += curvature * x
                h11 += curvature
            }
            let determinant = h00 * h11 - h01 * h01
            guard determinant > 0, abs(g0) > 1e-7 || abs(g1) > 1e-7 else { break }
            let d0 = -(h11 * g0 - h01 * g1) / determinant
            let d1 = -(h00 * g1 - h01 * g0) / determinant
            var step = 1.0
            var next = loss(slope + d0, intercept + d1)
            while next > now, step > 1e-9 {
                step /= 2
                next = loss(slope + step * d0, intercept + step * d1)
            }
            guard next < now else { break }
            slope += step * d0
            intercept += step * d1
            now = next
        }
        guard slope > 0 else { return nil }
        return Calibration(map: .platt(slope: slope, intercept: intercept), negativeClass: negativeClass)
    }
}

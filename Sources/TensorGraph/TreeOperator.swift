import CKernels
public import Forest
import Synchronization

/// A tree ensemble as one operator of a graph: the forest engines add up its leaves, and what ONNX Runtime does with
/// the sums is done to them.
public struct TreeOperator: Sendable {
    public enum Transform: String, Sendable {
        case none = "NONE"
        case logistic = "LOGISTIC"
        case softmax = "SOFTMAX"
        case softmaxZero = "SOFTMAX_ZERO"
        case probit = "PROBIT"
    }

    /// Of a classifier.
    public struct Classes: Sendable {
        /// Texts or integers.
        public var labels: Tensor.Values
        /// Two classes with one score, which stands at the first or the second of them.
        public var side: Int?
        /// Whether no leaf is below zero: a single score is then a probability.
        public var isPositive: Bool

        public init(labels: Tensor.Values, side: Int?, isPositive: Bool) {
            self.labels = labels
            self.side = side
            self.isPositive = isPositive
        }
    }

    private let transform: Transform
    private let classes: Classes?
    private let engines: Engines

    /// The engines for rows of 32 and of 64 bits, made when the first such rows come.
    private final class Engines: Sendable {
        private let make: @Sendable (ForestModel.Precision) throws(GraphFault) -> ForestModel
        private let made = Mutex<[ForestModel.Precision: ForestEngines]>([:])

        init(_ make: @escaping @Sendable (ForestModel.Precision) throws(GraphFault) -> ForestModel) { self.make = make }

        func of(_ rows: ForestModel.Precision) throws(GraphFault) -> (ForestEngines, width: Int, outputs: Int) {
            let known = made.withLock { $0[rows] }
            let engines = if let known { known } else { ForestEngines(try make(rows)) }
            if known == nil { made.withLock { $0[rows] = engines } }
            return (engines, engines.featureCount, engines.outputCount)
        }
    }

    /// - Parameters:
    ///   - transform: What is done to the sums.
    ///   - classes: Of a classifier.
    ///   - forest: The ensemble for rows of so many bits, whose margins are the sums.
    public init(
        _ transform: Transform,
        classes: Classes?,
        _ forest: @escaping @Sendable (ForestModel.Precision) throws(GraphFault) -> ForestModel
    ) {
        self.transform = transform
        self.classes = classes
        engines = Engines(forest)
    }

    /// A classifier's labels and scores, or a regressor's values.
    public var kernel: Graph.Kernel {
        { inputs, work throws(GraphFault) in
            let rows = try inputs.needed(0)
            guard rows.shape.count == 2 else { throw .malformed("rows of the shape \(rows.shape)") }
            let (sums, outputs) = try self.sums(rows, work)
            var isDouble = false
            if case .double = rows.values { isDouble = true }
            guard let classes else {
                let values = self.results(sums, outputs) { self.transformed($0) }
                return [
                    try Tensor(
                        shape: [rows.shape[0], outputs],
                        isDouble ? .double(values) : .float(values.map { Float($0) })
                    )
                ]
            }
            let scores = self.results(sums, outputs) { self.scores($0, classes) }
            let labels = classes.labels.picked(self.labels(sums, outputs, classes))
            return [
                try Tensor(shape: [rows.shape[0]], labels),
                try Tensor(shape: [rows.shape[0], classes.labels.count], .float(scores.map { Float($0) })),
            ]
        }
    }

    private func sums(_ rows: Tensor, _ work: Work) throws(GraphFault) -> (sums: [Double], outputs: Int) {
        let (count, width) = (rows.shape[0], rows.shape[1])
        if case .double(let values) = rows.values {
            let (engines, features, outputs) = try engines.of(.double)
            try work.take(count * outputs * 16)
            var sums = Array(repeating: 0.0, count: count * outputs)
            let taken = try Self.columns(values, width, features)
            ForestScorer(engines).margins(rows: taken, rowCount: count, into: &sums)
            return (sums, outputs)
        }
        let (engines, features, outputs) = try engines.of(.single)
        try work.take(count * outputs * 16)
        var sums = Array(repeating: 0.0, count: count * outputs)
        let taken = try Self.columns(try rows.values.floats(), width, features)
        ForestScorer(engines).margins(rows: taken, rowCount: count, into: &sums)
        return (sums, outputs)
    }

    /// The columns that the trees know; nothing tests those behind them.
    private static func columns<Number>(_ rows: [Number], _ width: Int, _ features: Int) throws(GraphFault) -> [Number]
    {
        guard width >= features else { throw .malformed("\(width) columns, but the trees test \(features)") }
        guard width > features else { return rows }
        return stride(from: 0, to: rows.count, by: width).flatMap { rows[$0..<$0 + features] }
    }

    private func results(_ sums: [Double], _ outputs: Int, _ body: ([Double]) -> [Double]) -> [Double] {
        stride(from: 0, to: sums.count, by: outputs).flatMap { body(Array(sums[$0..<$0 + outputs])) }
    }

    // MARK: - What ONNX Runtime makes of the sums

    private func scores(_ sums: [Double], _ classes: Classes) -> [Double] {
        guard classes.labels.count > 1 else { return sums }
        switch classes.side {
        case 0:
            let sum = sums[0]
            guard transform == .logistic else { return [classes.isPositive ? 1 - sum : -sum, sum] }
            return [Self.sigmoid(-sum), Self.sigmoid(sum)]
        case 1: return transformed([0, sums[0]])
        default: return transformed(sums)
        }
    }

    private func labels(_ sums: [Double], _ outputs: Int, _ classes: Classes) -> [Int] {
        stride(from: 0, to: sums.count, by: outputs).map { first in
            guard classes.side == nil, classes.labels.count > 1 else {
                let isSecond = sums[first] > (classes.isPositive ? 0.5 : 0)
                return isSecond && classes.labels.count > 1 ? 1 : 0
            }
            return (1..<max(1, outputs)).reduce(0) { sums[first + $1] > sums[first + $0] ? $1 : $0 }
        }
    }

    private func transformed(_ sums: [Double]) -> [Double] {
        switch transform {
        case .none: return sums
        case .logistic: return sums.map(Self.sigmoid)
        case .softmax: return Reductions.softmax(sums)
        case .softmaxZero:
            // Zeros stay zeros.
            let largest = sums.max() ?? 0
            let powers = sums.map { $0.magnitude > 1e-7 ? pa_exp($0 - largest) : $0 * pa_exp(-largest) }
            let total = powers.reduce(0, +)
            return powers.map { $0 / total }
        case .probit: return sums.map(Self.probit)
        }
    }

    private static func sigmoid(_ value: Double) -> Double { 1 / (1 + pa_exp(-value)) }

    /// The normal distribution's quantile, by the approximation that ONNX Runtime uses (Winitzki 2008).
    private static func probit(_ value: Double) -> Double {
        let x = 2 * value - 1
        let log = logarithm((1 - x) * (1 + x))
        let v = 2 / (3.14159 * 0.147) + 0.5 * log
        let root = (-v + (v * v - 1 / 0.147 * log).squareRoot()).squareRoot()
        return 1.41421356 * (x < 0 ? -root : root)
    }
}

import CKernels

/// Rows of 64 bits as rows of 32 that every engine takes: each value is replaced by how many of the forest's thresholds
/// it reaches.
///
/// The forest over codes has the same trees, its thresholds replaced by their numbers: each comparison has the answer
/// that it has in 64 bits, and so has every engine and every explanation. What a row costs more is one search a
/// feature.
final class RowCoding: @unchecked Sendable {
    // Everything is written in the initialiser only.
    /// The forest over codes. Its features are the same, and nothing of them counts as missing but NaN.
    let model: ForestModel
    private let coding: pa_coding
    private let memory: [KernelMemory]

    /// Thresholds of a feature from which on codes are no longer exact.
    private static let thresholdLimit = 1 << 24
    private static let pivotCount = 16

    /// Nil if a feature is compared with too many thresholds to number them.
    init?(_ model: ForestModel) {
        var found = Array(repeating: Set<Double>(), count: model.featureNames.count)
        var isCategory = Array(repeating: false, count: model.featureNames.count)
        for tree in model.trees {
            for node in 0..<tree.nodeCount where tree.feature[node] >= 0 {
                let feature = Int(tree.feature[node])
                switch tree.test(node) {
                case .less: found[feature].insert(tree.threshold[node])
                case .equal:
                    // Whoever reaches the number but not the next one is equal to it.
                    found[feature].insert(tree.threshold[node])
                    found[feature].insert(tree.threshold[node].nextUp)
                case .inSet: isCategory[feature] = true
                }
            }
        }
        guard found.allSatisfy({ $0.count < Self.thresholdLimit }) else { return nil }
        let thresholds = found.map { $0.sorted() }
        self.model = ForestModel(model, overCodes: model.trees.map { Self.coded($0, thresholds) })
        var columns: [pa_code_column] = []
        var pivots: [Double] = []
        var filled: [Double] = []
        for feature in thresholds.indices where isCategory[feature] || !thresholds[feature].isEmpty {
            var step = 1
            while thresholds[feature].count >= Self.pivotCount * step { step *= 2 }
            let padding = Self.pivotCount * step - thresholds[feature].count
            let first = filled.count
            columns.append(
                pa_code_column(
                    feature: UInt32(feature),
                    is_category: isCategory[feature] ? 1 : 0,
                    zero_is_missing: !model.zeroIsMissing.isEmpty && model.zeroIsMissing[feature] ? 1 : 0,
                    first_pivot: UInt32(pivots.count),
                    first_threshold: first,
                    step: step
                )
            )
            filled += thresholds[feature] + Array(repeating: .nan, count: padding)
            pivots += (1...Self.pivotCount).map { filled[first + $0 * step - 1] }
        }
        let columnMemory = KernelMemory(columns)
        let thresholdMemory = KernelMemory(filled)
        let pivotMemory = KernelMemory(pivots)
        memory = [columnMemory, thresholdMemory, pivotMemory]
        coding = pa_coding(
            columns: columnMemory.pointer(to: pa_code_column.self),
            column_count: columns.count,
            thresholds: thresholdMemory.pointer(to: Double.self),
            pivots: pivotMemory.pointer(to: Double.self),
            zero_limit: Double(ForestModel.zeroLimit),
            row_width: model.featureNames.count
        )
    }

    /// A tree whose thresholds are numbered from 1.
    private static func coded(_ tree: Tree, _ thresholds: [[Double]]) -> Tree {
        var coded = tree
        for node in 0..<tree.nodeCount where tree.feature[node] >= 0 && tree.test(node) != .inSet {
            let known = thresholds[Int(tree.feature[node])]
            var low = 0
            var high = known.count - 1
            while low < high {
                let middle = (low + high) / 2
                if known[middle] < tree.threshold[node] { low = middle + 1 } else { high = middle }
            }
            coded.threshold[node] = Double(low + 1)
        }
        return coded
    }

    /// Codes rows.
    ///
    /// - Parameters:
    ///   - rows: [count][feature], NaN = missing.
    ///   - count: How many.
    ///   - codes: [count][feature]; features that nothing is compared with stay what they were.
    ///   - level: Instructions to use.
    func code(
        _ rows: UnsafePointer<Double>,
        _ count: Int,
        into codes: UnsafeMutablePointer<Float>,
        level: KernelLevel
    ) {
        withUnsafePointer(to: coding) { pa_code_rows($0, rows, count, codes, level.rawValue) }
    }
}

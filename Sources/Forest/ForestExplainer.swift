import CKernels

/// Explains scores of a forest: how much each feature of a row moved it (exact path-dependent TreeSHAP).
///
/// The base value, what the forest expects of a row it knows nothing of, plus the contributions of all features is what
/// is explained. What a tree expects where a feature is unknown follows the cover of its nodes; unknown covers count
/// alike. O(nodes) a row, eight rows at a time: a batch of rows costs little more than one.
public final class ForestExplainer: @unchecked Sendable {
    // Everything is written in the initialiser only; calls have their own scratch memory.
    private var explainer: pa_explainer
    private let memory: [KernelMemory]
    /// What rows are compared with, and how those of 64 bits become codes of it.
    private let model: ForestModel
    private let coding: RowCoding?
    public let featureCount: Int
    /// The value of a row of which nothing is known.
    public let baseValue: Double

    /// Prepares explanations of a weighted sum of margins.
    ///
    /// - Parameters:
    ///   - model: Adds up or averages its trees; of others every contribution is 0.
    ///   - weights: One for each output.
    ///   - constant: Added to the base value.
    public init(_ model: ForestModel, weights: [Double], constant: Double = 0) {
        featureCount = model.featureNames.count
        coding = model.rowPrecision == .double ? RowCoding(model) : nil
        let model = coding?.model ?? model
        self.model = model
        var columns = NodeColumns(model)
        var nodes: [pa_path_node] = []
        var trees: [pa_path_tree] = []
        var expected = zip(model.base, weights).reduce(constant) { $0 + $1.0 * $1.1 }
        let scale: Double =
            switch model.aggregation {
            case .sum: 1
            case .average(let count): 1 / Double(count)
            case .minimum, .maximum: 0
            }
        for tree in model.trees where scale != 0 {
            let paths = TreePaths(tree, weights: weights.map { $0 * scale })
            expected += paths.expected
            guard tree.nodeCount > 1, !paths.isNeutral else { continue }
            trees.append(paths.append(to: &nodes, columns: &columns, featureCount: featureCount))
        }
        baseValue = expected
        let pointLimit = trees.reduce(1) { max($0, Int($1.point_count)) }
        let rules = (1...pointLimit).map { KernelMemory(GaussLegendre(pointCount: $0).padded) }
        let ruleTable = KernelMemory(rules.map { UnsafePointer($0.pointer(to: Double.self)) })
        let nodeMemory = KernelMemory(nodes)
        let treeMemory = KernelMemory(trees)
        memory = columns.memory + rules + [ruleTable, nodeMemory, treeMemory]
        explainer = pa_explainer(
            columns: columns.form,
            nodes: nodeMemory.pointer(to: pa_path_node.self),
            trees: treeMemory.pointer(to: pa_path_tree.self),
            tree_count: trees.count,
            rules: UnsafePointer(ruleTable.pointer(to: UnsafePointer<Double>.self)),
            point_limit: UInt32(pointLimit),
            depth_limit: trees.reduce(0) { max($0, $1.depth) },
            feature_count: UInt32(featureCount)
        )
    }

    /// Prepares explanations of what speaks against a class: 1 − P(class) of a mean of probabilities (random forest),
    /// else the margin away from the class; the only output if there are no classes. The longer a path in an isolation
    /// forest, the more ordinary a row: what shortens it counts.
    public convenience init(_ model: ForestModel, awayFrom negativeClass: Int) {
        guard model.outputCount > 1 else {
            let grows = model.kind != .anomaly && (negativeClass == 0 || model.classNames.isEmpty)
            self.init(model, weights: [grows ? 1 : -1])
            return
        }
        var isMean = false
        if case .average = model.aggregation {
            isMean = model.link == .identity && model.outputCount == model.classNames.count
        }
        let weights = (0..<model.outputCount).map { $0 == negativeClass ? -1.0 : 0 }
        self.init(model, weights: weights, constant: isMean ? 1 : 0)
    }

    /// The contributions of features to the values of rows.
    ///
    /// - Parameters:
    ///   - rows: [rowCount][featureCount], NaN = missing.
    ///   - rowCount: How many.
    ///   - output: [rowCount][featureCount].
    ///   - level: Instructions to use, of those that the processor has.
    public func contributions(
        rows: UnsafePointer<Float>,
        rowCount: Int,
        into output: UnsafeMutablePointer<Double>,
        level: KernelLevel = .best
    ) {
        explain(rowCount, into: output, level) { preparation, first, count in
            preparation.singles(rows + first * self.featureCount, count)
        }
    }

    /// The same for rows of 64 bits.
    public func contributions(
        rows: UnsafePointer<Double>,
        rowCount: Int,
        into output: UnsafeMutablePointer<Double>,
        level: KernelLevel = .best
    ) {
        explain(rowCount, into: output, level) { preparation, first, count in
            preparation.singles(rows + first * self.featureCount, count)
        }
    }

    private func explain(
        _ rowCount: Int,
        into output: UnsafeMutablePointer<Double>,
        _ level: KernelLevel,
        _ rows: (inout RowPreparation, _ first: Int, _ count: Int) -> UnsafePointer<Float>
    ) {
        var preparation = RowPreparation(model, coding, level: level)
        let step = Int(PA_EXPLAIN_ROWS)
        withUnsafePointer(to: explainer) { explainer in
            let scratch = KernelMemory(byteCount: pa_explain_scratch_size(explainer))
            for first in stride(from: 0, to: rowCount, by: step) {
                let count = min(step, rowCount - first)
                let source = rows(&preparation, first, count)
                pa_explain(explainer, source, count, scratch.base, output + first * featureCount, level.rawValue)
            }
        }
    }

    /// The contribution of each feature to the value of one row.
    public func contributions(of row: UnsafePointer<Double>) -> [Double] {
        Array(unsafeUninitializedCapacity: featureCount) { buffer, count in
            if let target = buffer.baseAddress { contributions(rows: row, rowCount: 1, into: target) }
            count = featureCount
        }
    }

    /// The contribution of each feature to the value of one row.
    public func contributions(of row: UnsafePointer<Float>) -> [Double] {
        Array(unsafeUninitializedCapacity: featureCount) { buffer, count in
            if let target = buffer.baseAddress { contributions(rows: row, rowCount: 1, into: target) }
            count = featureCount
        }
    }
}

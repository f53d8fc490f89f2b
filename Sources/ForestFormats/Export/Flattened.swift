import Forest

/// A model made simpler for formats that know only sums: averages are scaled into the leaves, and where a base cannot
/// be written it is added to the leaves of the first tree of its output.
///
/// Leaves are rounded to 32 bits once, so margins may differ from ours in the last digits.
struct Flattened {
    let model: ForestModel
    /// What every leaf and base is multiplied by.
    private let scale: Double
    /// Added to the leaves of the first tree that has the output.
    private let offsets: [Double]

    /// - Parameters:
    ///   - model: Not of minima or maxima, and not calibrated.
    ///   - factor: What margins are multiplied by, because the format's link knows no scale.
    ///   - keepsBase: Whether the format has a place for the base.
    init(_ model: ForestModel, factor: Double, keepsBase: Bool) {
        self.model = model
        var scale = factor
        if case .average(let count) = model.aggregation { scale /= Double(count) }
        self.scale = scale
        offsets = keepsBase ? model.base.map { _ in 0 } : model.base.map { $0 * factor }
    }

    /// [tree][leaf · width] in 32 bits.
    func leaves() -> [[Float]] {
        var waiting = offsets
        return model.trees.map { tree in
            var leaves: [Float] = []
            leaves.reserveCapacity(tree.leaves.count)
            for (index, value) in tree.leaves.enumerated() {
                leaves.append(Float(value * scale + waiting[tree.output + index % tree.leafWidth]))
            }
            for output in tree.output..<tree.output + tree.leafWidth { waiting[output] = 0 }
            return leaves
        }
    }

    /// Offsets of outputs that no tree has.
    func strayOffsets() -> [(output: Int, value: Float)] {
        var seen = Array(repeating: false, count: model.outputCount)
        for tree in model.trees {
            for output in tree.output..<tree.output + tree.leafWidth { seen[output] = true }
        }
        return seen.indices.filter { !seen[$0] && offsets[$0] != 0 }.map { ($0, Float(offsets[$0])) }
    }

    /// What no other format knows.
    static func check(_ model: ForestModel) throws(ExportError) {
        guard model.calibration == nil else {
            throw ExportError(
                "other formats have no calibration: export the probabilities as they come with --uncalibrated"
            )
        }
        for tree in model.trees {
            for node in 0..<tree.nodeCount where tree.feature[node] >= 0 && tree.test(node) == .equal {
                guard Double(Float(tree.threshold[node])) == tree.threshold[node] else {
                    throw ExportError("an == test with a number of 64 bits")
                }
            }
        }
        guard model.zeroIsMissing.isEmpty else {
            let names = model.featureNames.indices.filter { model.zeroIsMissing[$0] }.map { model.featureNames[$0] }
            throw ExportError("other formats cannot treat zero as missing (\(names.prefix(5).joined(separator: ", ")))")
        }
    }
}

extension Tree {
    /// The threshold for rows of 32 bits.
    func singleThreshold(_ node: Int) -> Float {
        test(node) == .less ? Float(Double(above: threshold[node], .single)) : Float(threshold[node])
    }
}

extension ForestModel {
    /// What is lost where rows and thresholds become numbers of 32 bits; nil if nothing is.
    public var lossOf32Bits: String? {
        guard rowPrecision == .double else { return nil }
        var wide: [Set<Double>] = Array(repeating: [], count: featureNames.count)
        var narrow: [Set<Float>] = Array(repeating: [], count: featureNames.count)
        for tree in trees {
            for node in 0..<tree.nodeCount where tree.feature[node] >= 0 && tree.test(node) != .inSet {
                wide[Int(tree.feature[node])].insert(tree.threshold[node])
                narrow[Int(tree.feature[node])].insert(tree.singleThreshold(node))
            }
        }
        let before = wide.reduce(0) { $0 + $1.count }
        let lost = before - narrow.reduce(0) { $0 + $1.count }
        let merged = lost > 0 ? "; \(lost) of its \(before) thresholds become equal to others" : ""
        return "the model compares in 64 bits, the exported one in 32: rows that need more are rounded first\(merged)"
    }
}

/// Explains single scores of a forest: how much each test on a row's way through the trees moved the score.
///
/// In a mean of probabilities (random forest) a node's value is the share of its training rows that are of any class but
/// one (fraud: not "regular"); elsewhere it is what its leaves add to the margin away from that class. Walking from the
/// root to a leaf, each step's change of the value is credited to the feature tested (Saabas 2014). The base value plus
/// all contributions is the score of a random forest, and the margin of other models.
public struct ForestExplainer: Sendable {
    private let trees: [Tree]
    /// [tree][node], as defined above.
    private let values: [[Float]]
    private let featureCount: Int
    private let zeroIsMissing: [Bool]
    private let scale: Double
    /// The scaled sum of the trees' roots.
    public let baseValue: Double

    /// Prepares explanations of 1 − P(class); of the only output if there are no classes.
    public init(_ model: ForestModel, awayFrom negativeClass: Int) {
        featureCount = model.featureNames.count
        zeroIsMissing = model.zeroIsMissing
        trees = model.trees
        var isMean = false
        var scale = 1.0
        if case .average(let count) = model.aggregation {
            scale = 1 / Double(count)
            isMean = model.link == .identity && model.outputCount == model.classNames.count
        }
        self.scale = scale
        values = trees.map { Self.values($0, model, negativeClass, isMean: isMean) }
        let output = model.outputCount == 1 ? 0 : negativeClass
        let sign = model.outputCount == 1 && (negativeClass == 0 || model.classNames.isEmpty) ? 1.0 : -1.0
        baseValue = values.reduce(0.0) { $0 + Double($1[0]) } * scale + sign * model.base[output]
    }

    private static func values(_ tree: Tree, _ model: ForestModel, _ negative: Int, isMean: Bool) -> [Float] {
        var values = Array(repeating: Float(0), count: tree.nodeCount)
        // Children follow their parents, so one pass from the back sees them first.
        for node in (0..<tree.nodeCount).reversed() {
            guard tree.feature[node] >= 0 else {
                let leaf = Int(tree.right[node])
                if model.outputCount == 1 {
                    let value = Float(tree.leaves[leaf])
                    values[node] = negative == 0 || model.classNames.isEmpty ? value : -value
                } else if tree.leafWidth > 1 {
                    let value = Float(tree.leaves[leaf * tree.leafWidth + negative])
                    values[node] = isMean ? 1 - value : -value
                } else if tree.output == negative {
                    values[node] = -Float(tree.leaves[leaf])
                }
                continue
            }
            let left = node + 1
            let right = Int(tree.right[node])
            let total = tree.cover[left] + tree.cover[right]
            values[node] =
                total > 0
                ? (values[left] * tree.cover[left] + values[right] * tree.cover[right]) / total
                : (values[left] + values[right]) / 2
        }
        return values
    }

    /// The contribution of each feature to the score of a row.
    public func contributions(of row: UnsafePointer<Float>) -> [Double] {
        var parts = Array(repeating: 0.0, count: featureCount)
        for (tree, values) in zip(trees, values) {
            var node = 0
            while tree.feature[node] >= 0 {
                let feature = Int(tree.feature[node])
                let isMissing =
                    !zeroIsMissing.isEmpty && zeroIsMissing[feature]
                    && row[feature].magnitude <= ForestModel.zeroLimit
                let next =
                    tree.sendsLeft(isMissing ? .nan : row[feature], at: node) ? node + 1 : Int(tree.right[node])
                parts[feature] += Double(values[next]) - Double(values[node])
                node = next
            }
        }
        for index in parts.indices { parts[index] *= scale }
        return parts
    }
}

/// Explains single scores of a forest: how much each test on a row's way through the trees moved the score.
///
/// A node's value is the share of its training rows that are of any class but one (fraud: not "regular"). Walking from the
/// root to a leaf, each step's change of the value is credited to the feature tested (Saabas 2014), averaged over the
/// trees. The base value plus all contributions is the score.
public struct ForestExplainer: Sendable {
    private let model: ForestModel
    /// [tree][node]: share of rows that are not of the class.
    private let values: [[Float]]
    /// The mean of the trees' roots.
    public let baseValue: Double

    /// Prepares explanations of 1 − P(class).
    public init(_ model: ForestModel, awayFrom negativeClass: Int) {
        self.model = model
        let classes = model.classNames.count
        values = model.trees.map { tree in
            var values = Array(repeating: Float(0), count: tree.nodeCount)
            // Children follow their parents, so one pass from the back sees them first.
            for node in (0..<tree.nodeCount).reversed() {
                if tree.feature[node] < 0 {
                    values[node] = 1 - tree.leaves[Int(tree.right[node]) * classes + negativeClass]
                } else {
                    let left = node + 1
                    let right = Int(tree.right[node])
                    let total = tree.cover[left] + tree.cover[right]
                    values[node] =
                        total > 0
                        ? (values[left] * tree.cover[left] + values[right] * tree.cover[right]) / total
                        : (values[left] + values[right]) / 2
                }
            }
            return values
        }
        baseValue = values.reduce(0.0) { $0 + Double($1[0]) } / Double(values.count)
    }

    /// The contribution of each feature to the score of a row.
    public func contributions(of row: UnsafePointer<Float>) -> [Double] {
        var parts = Array(repeating: 0.0, count: model.featureNames.count)
        for (tree, values) in zip(model.trees, values) {
            var node = 0
            while tree.feature[node] >= 0 {
                let feature = Int(tree.feature[node])
                let value = row[feature]
                let goesLeft = value.isNaN ? tree.missingGoesLeft[node] : value < tree.threshold[node]
                let next = goesLeft ? node + 1 : Int(tree.right[node])
                parts[feature] += Double(values[next]) - Double(values[node])
                node = next
            }
        }
        let scale = 1 / Double(model.trees.count)
        for index in parts.indices { parts[index] *= scale }
        return parts
    }
}

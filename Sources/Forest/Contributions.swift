/// Explains single scores of a forest: how much each test on a row's way through the trees moved the score.
///
/// A node's value is the share of its training rows that are of any class but one (fraud: not "regular"). Walking from the
/// root to a leaf, each step's change of the value is credited to the feature tested (Saabas 2014), averaged over the
/// trees. The base value plus all contributions is the score.
public struct ForestExplainer: Sendable {
    private struct Node {
        var threshold: Float
        var feature: Int32
        /// Index of the right child; the left one follows its parent.
        var right: Int32
        var missingGoesLeft: Bool
        /// Share of the node's rows that are not of the class.
        var value: Float
    }

    /// All trees behind one another, and where each begins.
    private let nodes: [Node]
    private let roots: [Int]
    private let featureCount: Int
    /// The mean of the trees' roots.
    public let baseValue: Double

    /// Prepares explanations of 1 − P(class).
    public init(_ model: ForestModel, awayFrom negativeClass: Int) {
        featureCount = model.featureNames.count
        let classes = model.classNames.count
        var nodes: [Node] = []
        var roots: [Int] = []
        for tree in model.trees {
            let root = nodes.count
            roots.append(root)
            for node in 0..<tree.nodeCount {
                let isLeaf = tree.feature[node] < 0
                nodes.append(
                    Node(
                        threshold: tree.threshold[node],
                        feature: tree.feature[node],
                        right: isLeaf ? 0 : Int32(root) + tree.right[node],
                        missingGoesLeft: tree.missingGoesLeft[node],
                        value: isLeaf ? 1 - tree.leaves[Int(tree.right[node]) * classes + negativeClass] : 0
                    )
                )
            }
            // Children follow their parents, so one pass from the back sees them first.
            for node in (0..<tree.nodeCount).reversed() where tree.feature[node] >= 0 {
                let left = node + 1
                let right = Int(tree.right[node])
                let total = tree.cover[left] + tree.cover[right]
                let (first, second) = (nodes[root + left].value, nodes[root + right].value)
                nodes[root + node].value =
                    total > 0 ? (first * tree.cover[left] + second * tree.cover[right]) / total : (first + second) / 2
            }
        }
        self.nodes = nodes
        self.roots = roots
        baseValue = roots.reduce(0.0) { $0 + Double(nodes[$1].value) } / Double(roots.count)
    }

    /// The contribution of each feature to the score of a row.
    public func contributions(of row: UnsafePointer<Float>) -> [Double] {
        var parts = Array(repeating: 0.0, count: featureCount)
        nodes.withUnsafeBufferPointer { nodes in
            for root in roots {
                var node = root
                while nodes[node].feature >= 0 {
                    let feature = Int(nodes[node].feature)
                    let value = row[feature]
                    let goesLeft = value.isNaN ? nodes[node].missingGoesLeft : value < nodes[node].threshold
                    let next = goesLeft ? node + 1 : Int(nodes[node].right)
                    parts[feature] += Double(nodes[next].value) - Double(nodes[node].value)
                    node = next
                }
            }
        }
        let scale = 1 / Double(roots.count)
        for index in parts.indices { parts[index] *= scale }
        return parts
    }
}

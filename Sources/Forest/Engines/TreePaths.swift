import CKernels

/// The paths of a tree as TreeSHAP walks them: at every node, which share of the training rows passes the tests of a
/// feature so far.
struct TreePaths {
    /// What the tree gives a row of which nothing is known.
    let expected: Double

    private let tree: Tree
    /// By leaf: the weighted sum of its values.
    private let values: [Double]

    /// A feature's last test on the way to the current node.
    private struct Narrowing {
        var level: Int
        var share: Double
    }

    /// - Parameters:
    ///   - tree: A tree of a checked model.
    ///   - weights: What each output counts.
    init(_ tree: Tree, weights: [Double]) {
        self.tree = tree
        values = (0..<tree.leafCount).map { leaf in
            guard tree.leafWidth > 1 else { return tree.leaves[leaf] * weights[tree.output] }
            return (0..<tree.leafWidth).reduce(0) { $0 + tree.leaves[leaf * tree.leafWidth + $1] * weights[$1] }
        }
        var means = Array(repeating: 0.0, count: tree.nodeCount)
        for node in (0..<tree.nodeCount).reversed() {
            let right = Int(tree.right[node])
            if tree.feature[node] < 0 {
                means[node] = values[right]
            } else {
                let share = Self.shareOfLeft(tree, node)
                means[node] = means[node + 1] * share + means[right] * (1 - share)
            }
        }
        expected = means[0]
    }

    /// Whether the tree adds nothing to the weighted outputs, as those of the other classes do.
    var isNeutral: Bool { values.allSatisfy { $0 == 0 } }

    /// The share of a node's training rows that went left; half if nothing is known.
    private static func shareOfLeft(_ tree: Tree, _ node: Int) -> Double {
        let left = Double(tree.cover[node + 1])
        let right = Double(tree.cover[Int(tree.right[node])])
        return left + right > 0 ? left / (left + right) : 0.5
    }

    /// Appends the nodes but the root, depth first.
    func append(
        to nodes: inout [pa_path_node],
        columns: inout NodeColumns,
        featureCount: Int
    ) -> pa_path_tree {
        let first = nodes.count
        var deepest = 0
        var widest = 0
        var path: [Narrowing?] = Array(repeating: nil, count: featureCount)
        var narrowed = 0
        /// What is to be done, the next thing last: enter a child, or forget what its subtree narrowed.
        enum Step {
            case enter(node: Int, parent: Int, level: Int)
            case restore(feature: Int32, to: Narrowing?)
        }
        var steps: [Step] = []
        func open(_ node: Int, level: Int) {
            steps.append(.enter(node: Int(tree.right[node]), parent: node, level: level + 1))
            steps.append(.enter(node: node + 1, parent: node, level: level + 1))
        }
        open(0, level: 0)
        while let step = steps.popLast() {
            switch step {
            case .restore(let feature, let before):
                path[Int(feature)] = before
                if before == nil { narrowed -= 1 }
            case .enter(let node, let parent, let level):
                let feature = tree.feature[parent]
                let isRight = node != parent + 1
                let share = Self.shareOfLeft(tree, parent)
                let before = path[Int(feature)]
                if before == nil { narrowed += 1 }
                let here = Narrowing(level: level, share: (before?.share ?? 1) * (isRight ? 1 - share : share))
                path[Int(feature)] = here
                steps.append(.restore(feature: feature, to: before))
                let test = columns.test(tree.split(parent))
                let isLeaf = tree.feature[node] < 0
                nodes.append(
                    pa_path_node(
                        threshold: test.threshold,
                        column: UInt32(test.column),
                        feature: UInt32(feature),
                        depth: UInt16(level),
                        previous: UInt16(before?.level ?? 0),
                        share: here.share,
                        share_before: before?.share ?? 1,
                        value: isLeaf ? values[Int(tree.right[node])] : 0,
                        is_right: isRight ? 1 : 0,
                        is_leaf: isLeaf ? 1 : 0
                    )
                )
                deepest = max(deepest, level)
                widest = max(widest, narrowed)
                if !isLeaf { open(node, level: level) }
            }
        }
        return pa_path_tree(
            node_count: nodes.count - first,
            point_count: UInt32(max(1, (widest + 1) / 2)),
            depth: UInt32(deepest)
        )
    }
}

/// Points and weights on 0...1 that integrate polynomials of degree 2 pointCount − 1 exactly.
struct GaussLegendre {
    private(set) var points: [Double] = []
    private(set) var weights: [Double] = []

    init(pointCount: Int) {
        for index in 0..<pointCount {
            // Newton's steps from a first guess that is good for every degree (Abramowitz, Stegun 22.16.6).
            var x = Self.cosine(Double.pi * (Double(index) + 0.75) / (Double(pointCount) + 0.5))
            var slope = 1.0
            for _ in 0..<12 {
                var before = 1.0
                var value = x
                for degree in stride(from: 2, through: pointCount, by: 1) {
                    let next = (Double(2 * degree - 1) * x * value - Double(degree - 1) * before) / Double(degree)
                    before = value
                    value = next
                }
                slope = Double(pointCount) * (x * value - before) / (x * x - 1)
                x -= value / slope
            }
            points.append((1 + x) / 2)
            weights.append(1 / ((1 - x * x) * slope * slope))
        }
    }

    /// All points t, all 1 − t, all weights w and all w / (1 − t), each padded to a multiple of 8 with points of no
    /// weight.
    var padded: [Double] {
        let padding = (8 - points.count % 8) % 8
        let points = points + Array(repeating: 0.5, count: padding)
        let weights = weights + Array(repeating: 0, count: padding)
        return points + points.map { 1 - $0 } + weights + zip(points, weights).map { $1 / (1 - $0) }
    }

    /// By its series: the same bits with every C library. For 0...π.
    private static func cosine(_ angle: Double) -> Double {
        let inner = angle > .pi / 2 ? .pi - angle : angle
        var term = 1.0
        var sum = 1.0
        for index in 1...12 {
            term *= -inner * inner / Double((2 * index - 1) * 2 * index)
            sum += term
        }
        return angle > .pi / 2 ? -sum : sum
    }
}

import Forest

/// A tree over bins, as the growers leave it: nodes in the order in which they were made, children after parents.
struct GrownTree: Sendable {
    struct Node: BitwiseCopyable {
        /// −1 at a leaf.
        var feature: Int32 = -1
        /// The last bin that goes left.
        var bin: Int32 = 0
        var missingGoesLeft = false
        var left: Int32 = 0
        var right: Int32 = 0
        var value: Float = 0
        var cover: Float = 0
        /// By how much the split lessens the loss.
        var gain: Float = 0
    }

    var nodes: [Node] = []

    /// Adds each row's leaf to its margin.
    func add(_ columns: BinnedColumns, _ rows: Range<Int>, to margins: UnsafeMutablePointer<Double>) {
        nodes.withUnsafeBufferPointer { nodes in
            for row in rows { margins[row] += Double(leaf(of: row, columns, nodes)) }
        }
    }

    /// Adds the leaves of some rows only.
    func add(_ columns: BinnedColumns, _ rows: UnsafeBufferPointer<UInt32>, to margins: UnsafeMutablePointer<Double>) {
        nodes.withUnsafeBufferPointer { nodes in
            for row in rows { margins[Int(row)] += Double(leaf(of: Int(row), columns, nodes)) }
        }
    }

    @inline(__always)
    private func leaf(of row: Int, _ columns: BinnedColumns, _ nodes: UnsafeBufferPointer<Node>) -> Float {
        var node = nodes[0]
        while node.feature >= 0 {
            let feature = Int(node.feature)
            let bin = Int32(columns.column(feature)[row])
            let isMissing = Int(bin) == columns.features[feature].binCount
            node = nodes[Int((isMissing ? node.missingGoesLeft : bin <= node.bin) ? node.left : node.right)]
        }
        return node.value
    }

    /// Takes back splits that gain too little, from the leaves upwards.
    mutating func prune(gainMin: Float) {
        for index in nodes.indices.reversed() where nodes[index].feature >= 0 && nodes[index].gain < gainMin {
            let (left, right) = (Int(nodes[index].left), Int(nodes[index].right))
            if nodes[left].feature < 0, nodes[right].feature < 0 { nodes[index].feature = -1 }
        }
    }

    /// The tree with thresholds in place of bins, depth first.
    func tree(_ features: [BinnedFeature], output: Int) -> Tree {
        var tree = Tree(output: output)
        var open: [(node: Int, parent: Int)] = [(0, -1)]
        while let (index, parent) = open.popLast() {
            let node = nodes[index]
            if parent >= 0 { tree.right[parent] = Int32(tree.nodeCount) }
            guard node.feature >= 0 else {
                tree.appendLeaf(CollectionOfOne(Double(node.value)), cover: node.cover)
                continue
            }
            open.append((Int(node.right), tree.nodeCount))
            open.append((Int(node.left), -1))
            tree.feature.append(node.feature)
            tree.threshold.append(Double(features[Int(node.feature)].thresholds[Int(node.bin)]))
            tree.missingGoesLeft.append(node.missingGoesLeft)
            tree.right.append(0)
            tree.cover.append(node.cover)
        }
        return tree
    }

    /// How much the splits on each feature lessened the loss, all trees together.
    static func gains(_ trees: [GrownTree], featureCount: Int) -> [Double] {
        var gains = Array(repeating: 0.0, count: featureCount)
        for tree in trees {
            for node in tree.nodes where node.feature >= 0 { gains[Int(node.feature)] += Double(node.gain) }
        }
        return gains
    }
}

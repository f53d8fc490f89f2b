/// What a node asks of a row's value. A missing value (NaN) is never asked: it goes where the node sends missing
/// values.
public enum NodeTest: UInt8, Sendable {
    /// `x < threshold` goes left. `x ≤ t` is `x < t.nextUp`; `>` and `≥` are the same with the children swapped.
    case less
    /// `x == threshold` goes left.
    case equal
    /// `x`, truncated to an integer, is in a set of categories: left. Negative numbers are in no set, nor are larger
    /// ones than a set knows.
    case inSet
}

/// One decision tree, nodes in depth-first order: a node's left child follows it.
public struct Tree: Sendable, Equatable {
    /// Feature that a node tests; -1 at a leaf.
    public var feature: [Int32] = []
    /// Empty if every inner node asks ``NodeTest/less``; else one for every node, ``NodeTest/less`` at a leaf.
    public var tests: [NodeTest] = []
    /// What the value is compared with: not NaN and above −∞; below +∞ is all that is not missing. For
    /// ``NodeTest/inSet`` the number of the set, 0 at a leaf. Exactly a `Float` where rows are of 32 bits.
    public var threshold: [Double] = []
    /// Where a missing value goes; true at a leaf.
    public var missingGoesLeft: [Bool] = []
    /// Index of the right child; at a leaf the index of the leaf: they are numbered from left to right.
    public var right: [Int32] = []
    /// Training rows, or their hessian, that reached the node, for explanations; all 0 = unknown.
    public var cover: [Float] = []
    /// [leaf][leafWidth] values, one behind the other.
    public var leaves: [Double] = []
    /// 1: a leaf adds to one output. Or the model's `outputCount`: it adds to all of them.
    public var leafWidth: Int
    /// The output that leaves of width 1 add to; 0 for wider ones.
    public var output: Int
    /// Where each set of categories begins in ``categoryWords``, and at the end where the last one ends; empty = no
    /// sets.
    public var categoryOffsets: [Int32] = []
    /// Bit `c % 32` of a set's word `c / 32`: category `c` is in it.
    public var categoryWords: [UInt32] = []

    /// An empty tree, to append nodes to.
    public init(leafWidth: Int = 1, output: Int = 0) {
        self.leafWidth = leafWidth
        self.output = output
    }

    public var nodeCount: Int { feature.count }

    /// Number of leaves.
    public var leafCount: Int { leaves.count / leafWidth }

    /// What a node asks.
    public func test(_ node: Int) -> NodeTest { tests.isEmpty ? .less : tests[node] }

    /// Whether an inner node sends a value of its feature to the left; NaN = missing.
    public func sendsLeft(_ value: Double, at node: Int) -> Bool {
        if value.isNaN { return missingGoesLeft[node] }
        return switch test(node) {
        case .less: value < threshold[node]
        case .equal: value == threshold[node]
        case .inSet: set(Int(threshold[node]), contains: value)
        }
    }

    /// Whether a set of categories holds a value that is not missing.
    public func set(_ set: Int, contains value: Double) -> Bool {
        let first = Int(categoryOffsets[set])
        let bits = Double((Int(categoryOffsets[set + 1]) - first) * 32)
        guard value >= 0, value < bits else { return false }
        let category = Int(value)
        return categoryWords[first + category / 32] >> UInt32(category % 32) & 1 == 1
    }

    /// Appends a leaf.
    ///
    /// - Parameters:
    ///   - values: ``leafWidth`` values.
    ///   - cover: Rows that reached it.
    public mutating func appendLeaf(_ values: some Sequence<Double>, cover: Float) {
        right.append(Int32(leafCount))
        feature.append(-1)
        if !tests.isEmpty { tests.append(.less) }
        threshold.append(0)
        missingGoesLeft.append(true)
        self.cover.append(cover)
        leaves += values
    }
}

extension Tree {
    /// Checks everything that scoring relies on; O(nodes), memory O(depth).
    func check(_ index: Int, features: Int, outputs: Int) throws(ForestError) {
        let count = nodeCount
        func refuse(_ node: Int, _ words: String) -> ForestError {
            .invalid(part: "tree \(index), node \(node)", words: words)
        }
        guard leafWidth == 1 ? output >= 0 && output < outputs : leafWidth == outputs && output == 0 else {
            throw refuse(0, "its leaves do not fit the \(outputs) outputs")
        }
        guard count > 0, count <= ForestModel.nodeLimit, threshold.count == count, right.count == count,
            missingGoesLeft.count == count, cover.count == count, tests.isEmpty || tests.count == count,
            leaves.count % leafWidth == 0
        else { throw refuse(0, "the arrays have different lengths") }
        let sets = try checkCategories(index)
        var usedLeaves = 0
        // Depth-first order: the ends of the open subtrees are a stack; every node must fall into the innermost one.
        var open: [(end: Int, depth: Int)] = [(count, 0)]
        var depth = 0
        for node in 0..<count {
            while let last = open.last, last.end == node {
                depth = last.depth
                open.removeLast()
            }
            guard let limit = open.last?.end else { throw refuse(node, "it belongs to no subtree") }
            guard depth <= ForestModel.depthLimit else {
                throw refuse(node, "the tree is deeper than \(ForestModel.depthLimit)")
            }
            guard cover[node].isFinite, cover[node] >= 0 else {
                throw refuse(node, "its cover is not a number of rows")
            }
            let right = Int(right[node])
            if feature[node] < 0 {
                guard right == usedLeaves, right < leafCount else { throw refuse(node, "its leaf is out of range") }
                usedLeaves += 1
                guard node + 1 == limit else { throw refuse(node, "it is a leaf with children") }
                guard missingGoesLeft[node], threshold[node] == 0, test(node) == .less else {
                    throw refuse(node, "it is a leaf with a test")
                }
            } else {
                guard Int(feature[node]) < features else { throw refuse(node, "its feature does not exist") }
                let threshold = threshold[node]
                if test(node) == .inSet {
                    guard threshold >= 0, threshold < Double(sets), threshold.rounded() == threshold else {
                        throw refuse(node, "its set of categories does not exist")
                    }
                } else {
                    guard threshold > -.infinity else { throw refuse(node, "its threshold is not a number") }
                }
                guard right > node + 1, right < limit else { throw refuse(node, "its child is out of range") }
                depth += 1
                open.append((right, depth))
            }
        }
        guard usedLeaves == leafCount else { throw refuse(count - 1, "there are leaves that nothing leads to") }
        guard leaves.allSatisfy(\.isFinite) else {
            throw .invalid(part: "tree \(index)", words: "a leaf's value is not a number")
        }
    }

    /// Checks the sets of categories and returns how many there are. Their numbers must be exact as a `Float`.
    private func checkCategories(_ index: Int) throws(ForestError) -> Int {
        guard !categoryOffsets.isEmpty else {
            guard categoryWords.isEmpty else {
                throw .invalid(part: "tree \(index)", words: "it has categories without sets")
            }
            return 0
        }
        guard categoryOffsets[0] == 0, categoryOffsets.count <= 1 << 24,
            categoryOffsets.last.map({ Int($0) }) == categoryWords.count,
            zip(categoryOffsets, categoryOffsets.dropFirst()).allSatisfy({ $0 <= $1 && $1 - $0 <= 1 << 19 })
        else { throw .invalid(part: "tree \(index)", words: "its sets of categories overlap") }
        return categoryOffsets.count - 1
    }
}

extension Tree {
    /// Tests on the longest way from the root to a leaf.
    public var depth: Int {
        var deepest = 0
        var depths = Array(repeating: 0, count: nodeCount)
        for node in 0..<nodeCount {
            if feature[node] >= 0 {
                depths[node + 1] = depths[node] + 1
                depths[Int(right[node])] = depths[node] + 1
            } else {
                deepest = max(deepest, depths[node])
            }
        }
        return deepest
    }
}

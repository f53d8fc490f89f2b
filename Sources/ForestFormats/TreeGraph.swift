import Forest

/// One tree's nodes, linked in any order as other libraries' files have them, to be put into depth-first order.
///
/// All arrays but the leaves have one element a node. What a file says may be wrong in any way: the order is found in
/// O(nodes) time and memory, and every node may be reached once only.
struct TreeGraph {
    /// -1 at a leaf.
    var feature: [Int32] = []
    var test: [NodeTest] = []
    var threshold: [Double] = []
    var missingGoesLeft: [Bool] = []
    var left: [Int] = []
    /// Right child; at a leaf the position of its values, in leaves.
    var right: [Int] = []
    var cover: [Float] = []
    var leafCount = 0
    var leafWidth = 1
    var output = 0
    /// [leaf][leafWidth], in any order.
    var leaves: [Double] = []
    var sets = CategorySets()

    var nodeCount: Int { feature.count }

    /// The tree below a node; nodes that it does not reach are left out.
    ///
    /// - Parameters:
    ///   - root: Where it begins.
    ///   - index: The tree's number, for errors.
    /// - Returns: The tree, and how many nodes it has reached; the model checks the rest.
    /// - Throws: ``ForestError/invalid(part:words:)`` if nodes are missing, reached twice or too deep.
    func ordered(from root: Int, tree index: Int) throws(ForestError) -> Tree {
        func refuse(_ node: Int, _ words: String) -> ForestError {
            .invalid(part: "tree \(index), node \(node)", words: words)
        }
        var tree = Tree(leafWidth: leafWidth, output: output)
        let asksOnlyLess = test.allSatisfy { $0 == .less }
        var isSeen = Array(repeating: false, count: nodeCount)
        var open: [(node: Int, parent: Int, depth: Int)] = [(root, -1, 0)]
        while let (node, parent, depth) = open.popLast() {
            guard node >= 0, node < nodeCount else { throw refuse(node, "it does not exist") }
            guard !isSeen[node] else { throw refuse(node, "two ways lead to it") }
            guard depth <= ForestModel.depthLimit else {
                throw refuse(node, "the tree is deeper than \(ForestModel.depthLimit)")
            }
            isSeen[node] = true
            let target = tree.nodeCount
            if parent >= 0 { tree.right[parent] = Int32(target) }
            tree.feature.append(feature[node])
            tree.cover.append(cover[node])
            if feature[node] < 0 {
                let first = right[node] * leafWidth
                guard right[node] >= 0, first + leafWidth <= leaves.count else { throw refuse(node, "it has no value") }
                if !asksOnlyLess { tree.tests.append(.less) }
                tree.threshold.append(0)
                tree.missingGoesLeft.append(true)
                tree.right.append(Int32(tree.leafCount))
                tree.leaves += leaves[first..<first + leafWidth]
            } else {
                if !asksOnlyLess { tree.tests.append(test[node]) }
                tree.threshold.append(threshold[node])
                tree.missingGoesLeft.append(missingGoesLeft[node])
                tree.right.append(0)
                open.append((right[node], target, depth + 1))
                open.append((left[node], -1, depth + 1))
            }
        }
        tree.categoryOffsets = sets.offsets
        tree.categoryWords = sets.words
        return tree
    }
}

/// Sets of categories behind one another, as ``Tree`` holds them.
struct CategorySets {
    var offsets: [Int32] = []
    var words: [UInt32] = []

    var count: Int { max(0, offsets.count - 1) }

    /// Appends a set and returns its number.
    mutating func append(_ set: some Sequence<UInt32>) -> Int {
        if offsets.isEmpty { offsets = [0] }
        words += set
        offsets.append(Int32(words.count))
        return offsets.count - 2
    }
}

/// How much memory a file may ask for beyond its own size: what lists only values that are not zero, or names a single
/// large category, would otherwise take a thousand times its size.
struct Allowance {
    private var left: Int

    init(bytes: Int) { left = 1_000_000 + 32 * bytes }

    mutating func take(_ count: Int, for part: String) throws(ForestError) {
        guard count >= 0, count <= left else {
            throw .invalid(part: part, words: "it would need far more memory than the file's size")
        }
        left -= count
    }
}

extension Double {
    /// The threshold `t` for which `x < t` is `x ≤ value`, for every `x` of the rows' precision.
    init(aboveOrEqual value: Double, _ rows: ForestModel.Precision) {
        guard rows == .single else {
            self = value.nextUp
            return
        }
        var narrow = Float(value)
        if Double(narrow) > value { narrow = narrow.nextDown }
        self = Double(narrow.nextUp)
    }

    /// The threshold `t` for which `x < t` is `x < value`, for every `x` of the rows' precision.
    init(above value: Double, _ rows: ForestModel.Precision) {
        guard rows == .single else {
            self = value
            return
        }
        let narrow = Float(value)
        self = Double(Double(narrow) < value ? narrow.nextUp : narrow)
    }
}

/// What is wrong with a model file, or with the way a model is put together.
public enum ForestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file is not JSON, at this byte.
    case syntax(position: Int, words: String)
    /// The file is JSON, but not a model: which part, and what is wrong with it.
    case invalid(part: String, words: String)

    public var description: String {
        switch self {
        case .syntax(let position, let words): "not a model file: \(words) at byte \(position)"
        case .invalid(let part, let words): "the model is refused: \(part): \(words)"
        }
    }
}

/// One decision tree, nodes in depth-first order: a node's left child follows it.
public struct Tree: Sendable, Equatable {
    /// Feature that a node tests; -1 at a leaf.
    public var feature: [Int32]
    /// `x < threshold` goes left.
    public var threshold: [Float]
    /// Where a missing value (NaN) goes.
    public var missingGoesLeft: [Bool]
    /// Index of the right child; at a leaf the index of its distribution.
    public var right: [Int32]
    /// Training rows that reached the node.
    public var cover: [Float]
    /// [leaf][class] probabilities, one behind the other.
    public var leaves: [Float]

    public init() {
        feature = []
        threshold = []
        missingGoesLeft = []
        right = []
        cover = []
        leaves = []
    }

    public var nodeCount: Int { feature.count }
}

/// A validated forest of class probabilities: the mean of its trees' leaves (random forest).
public struct ForestModel: Sendable, Equatable {
    public let featureNames: [String]
    public let classNames: [String]
    public let trees: [Tree]

    /// Deeper trees, more nodes, features or classes than these are refused.
    public static let depthLimit = 512
    public static let nodeLimit = 50_000_000
    public static let nameLimit = 65_536

    /// Checks everything, so that scoring has to check nothing.
    ///
    /// - Throws: ``ForestError/invalid(part:words:)`` naming the tree and node.
    public init(featureNames: [String], classNames: [String], trees: [Tree]) throws(ForestError) {
        self.featureNames = featureNames
        self.classNames = classNames
        self.trees = trees
        guard !featureNames.isEmpty, featureNames.count <= Self.nameLimit else {
            throw .invalid(part: "features", words: "there must be 1 to \(Self.nameLimit)")
        }
        guard Set(featureNames).count == featureNames.count else {
            throw .invalid(part: "features", words: "two have the same name")
        }
        guard classNames.count >= 2, classNames.count <= 1024, Set(classNames).count == classNames.count else {
            throw .invalid(part: "classes", words: "there must be 2 to 1,024 different ones")
        }
        guard !trees.isEmpty else { throw .invalid(part: "trees", words: "there are none") }
        for (index, tree) in trees.enumerated() { try Self.check(tree, index, featureNames.count, classNames.count) }
    }

    private static func check(_ tree: Tree, _ index: Int, _ features: Int, _ classes: Int) throws(ForestError) {
        let count = tree.nodeCount
        func refuse(_ node: Int, _ words: String) -> ForestError {
            .invalid(part: "tree \(index), node \(node)", words: words)
        }
        guard count > 0, count <= nodeLimit, tree.threshold.count == count, tree.right.count == count,
            tree.missingGoesLeft.count == count, tree.cover.count == count, tree.leaves.count % classes == 0
        else { throw refuse(0, "the arrays have different lengths") }
        let leafCount = tree.leaves.count / classes
        var usedLeaves = 0
        // Depth-first order: the ends of the open subtrees are a stack; every node must fall into the innermost one.
        var ends: [Int] = [count]
        for node in 0..<count {
            while let last = ends.last, last == node { ends.removeLast() }
            guard let limit = ends.last else { throw refuse(node, "it belongs to no subtree") }
            guard ends.count <= depthLimit else { throw refuse(node, "the tree is deeper than \(depthLimit)") }
            let cover = tree.cover[node]
            guard cover.isFinite, cover >= 0 else { throw refuse(node, "its cover is not a number of rows") }
            let right = Int(tree.right[node])
            if tree.feature[node] < 0 {
                guard right == usedLeaves, right < leafCount else { throw refuse(node, "its leaf is out of range") }
                usedLeaves += 1
                guard node + 1 == limit || node + 1 == count || ends.contains(node + 1) else {
                    throw refuse(node, "it is a leaf with children")
                }
            } else {
                guard Int(tree.feature[node]) < features else { throw refuse(node, "its feature does not exist") }
                guard tree.threshold[node].isFinite else { throw refuse(node, "its threshold is not a number") }
                guard right > node + 1, right < limit else { throw refuse(node, "its child is out of range") }
                ends.append(right)
            }
        }
        guard usedLeaves == leafCount else { throw refuse(count - 1, "there are leaves that nothing leads to") }
        for value in tree.leaves where !(value >= 0 && value <= 1.0001) {
            throw .invalid(part: "tree \(index)", words: "a leaf's probability is not between 0 and 1")
        }
    }
}

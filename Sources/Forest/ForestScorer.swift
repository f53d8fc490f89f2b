/// A forest laid out for scoring batches of rows.
///
/// A node is 12 bytes: a threshold, which value of the row to compare with it, and the index of the left child (the right
/// one follows it). Every feature stands twice in a row that is being scored, missing values as +∞ and as −∞: a node reads
/// the one that sends them its way, so a step is one comparison and no branch. A leaf leads to itself.
/// Four rows walk one tree side by side to hide the latency of loads. Each row's leaves are added in the trees' order:
/// the same bits for every batch size (C2).
public final class ForestScorer {
    private struct Node {
        var threshold: Float
        /// Index of the left child; the right one follows it.
        var left: Int32
        /// 2 × feature, + 1 if a missing value goes left.
        var value: Int32
    }

    private let nodes: UnsafeMutablePointer<Node>
    private let leafOf: UnsafeMutablePointer<Int32>
    private let leaves: UnsafeMutablePointer<Float>
    private let scratch: UnsafeMutablePointer<Float>
    private let roots: [Int32]
    private let depths: [Int]
    public let featureCount: Int
    public let classCount: Int
    private let scale: Float

    /// Rows that pass through all trees together: their features stay in the first-level cache.
    private static let block = 64

    public init(_ model: ForestModel) {
        featureCount = model.featureNames.count
        classCount = model.classNames.count
        scale = 1 / Float(model.trees.count)
        let nodeTotal = model.trees.reduce(0) { $0 + $1.nodeCount }
        let leafTotal = model.trees.reduce(0) { $0 + $1.leaves.count }
        nodes = .allocate(capacity: nodeTotal)
        leafOf = .allocate(capacity: nodeTotal)
        leaves = .allocate(capacity: leafTotal)
        scratch = .allocate(capacity: Self.block * featureCount * 2)
        var roots: [Int32] = []
        var depths: [Int] = []
        var nextNode = 0
        var nextLeaf = 0
        for tree in model.trees {
            // Breadth-first, so that the hot tops are neighbours, and the children of a node are, too.
            roots.append(Int32(nextNode))
            var order: [(source: Int, depth: Int)] = [(0, 0)]
            var position = 0
            let root = nextNode
            while position < order.count {
                let (source, depth) = order[position]
                let target = root + position
                if tree.feature[source] < 0 {
                    // Nothing is below −∞: goes right, which is itself.
                    nodes[target] = Node(threshold: -.infinity, left: Int32(target - 1), value: 0)
                    leafOf[target] = Int32(nextLeaf + Int(tree.right[source]) * classCount)
                    if position == order.count - 1 { depths.append(depth) }
                } else {
                    let left = root + order.count
                    order.append((source + 1, depth + 1))
                    order.append((Int(tree.right[source]), depth + 1))
                    nodes[target] = Node(
                        threshold: tree.threshold[source],
                        left: Int32(left),
                        value: tree.feature[source] * 2 + (tree.missingGoesLeft[source] ? 1 : 0)
                    )
                    leafOf[target] = 0
                }
                position += 1
            }
            for (index, value) in tree.leaves.enumerated() { leaves[nextLeaf + index] = value }
            nextNode += order.count
            nextLeaf += tree.leaves.count
        }
        self.roots = roots
        self.depths = depths
    }

    deinit {
        nodes.deallocate()
        leafOf.deallocate()
        leaves.deallocate()
        scratch.deallocate()
    }

    /// Scores rows.
    ///
    /// - Parameters:
    ///   - rows: [rowCount][featureCount], NaN = missing.
    ///   - rowCount: How many.
    ///   - output: [rowCount][classCount] probabilities.
    public func score(rows: UnsafePointer<Float>, rowCount: Int, into output: UnsafeMutablePointer<Float>) {
        output.update(repeating: 0, count: rowCount * classCount)
        var first = 0
        while first < rowCount {
            let count = min(Self.block, rowCount - first)
            scoreBlock(rows + first * featureCount, count, output + first * classCount)
            first += count
        }
        for index in 0..<rowCount * classCount { output[index] *= scale }
    }

    private func scoreBlock(_ source: UnsafePointer<Float>, _ count: Int, _ output: UnsafeMutablePointer<Float>) {
        for index in 0..<count * featureCount {
            let value = source[index]
            scratch[index * 2] = value.isNaN ? .infinity : value
            scratch[index * 2 + 1] = value.isNaN ? -.infinity : value
        }
        let rows = UnsafePointer(scratch)
        let width = featureCount * 2
        for tree in roots.indices {
            let root = roots[tree]
            let depth = depths[tree]
            var row = 0
            while row + 4 <= count {
                let first = rows + row * width
                let second = first + width
                let third = second + width
                let fourth = third + width
                var at0 = root
                var at1 = root
                var at2 = root
                var at3 = root
                for _ in 0..<depth {
                    let next0 = step(at0, first)
                    let next1 = step(at1, second)
                    let next2 = step(at2, third)
                    let next3 = step(at3, fourth)
                    // A row that stays where it is has reached its leaf: most do long before the deepest one.
                    let moved = (next0 ^ at0) | (next1 ^ at1) | (next2 ^ at2) | (next3 ^ at3)
                    at0 = next0
                    at1 = next1
                    at2 = next2
                    at3 = next3
                    if moved == 0 { break }
                }
                add(at0, output + row * classCount)
                add(at1, output + (row + 1) * classCount)
                add(at2, output + (row + 2) * classCount)
                add(at3, output + (row + 3) * classCount)
                row += 4
            }
            while row < count {
                var at = root
                for _ in 0..<depth {
                    let next = step(at, rows + row * width)
                    if next == at { break }
                    at = next
                }
                add(at, output + row * classCount)
                row += 1
            }
        }
    }

    @inline(__always)
    private func step(_ at: Int32, _ row: UnsafePointer<Float>) -> Int32 {
        let node = nodes[Int(at)]
        return node.left &+ (row[Int(node.value)] >= node.threshold ? 1 : 0)
    }

    @inline(__always)
    private func add(_ at: Int32, _ output: UnsafeMutablePointer<Float>) {
        let leaf = leaves + Int(leafOf[Int(at)])
        for index in 0..<classCount { output[index] += leaf[index] }
    }
}

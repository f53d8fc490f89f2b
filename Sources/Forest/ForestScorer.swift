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
    /// Results a row.
    public let resultCount: Int
    private let scale: Float
    /// What the layout above cannot hold is walked plainly.
    private let plain: ReferenceForest?

    /// Rows that pass through all trees together: their features stay in the first-level cache.
    private static let block = 64

    public init(_ model: ForestModel) {
        featureCount = model.featureNames.count
        resultCount = model.resultCount
        let fits = Self.fits(model)
        plain = fits ? nil : ReferenceForest(model)
        scale = 1 / Float(model.trees.count)
        let trees = fits ? model.trees : []
        let nodeTotal = trees.reduce(0) { $0 + $1.nodeCount }
        let leafTotal = trees.reduce(0) { $0 + $1.leaves.count }
        nodes = .allocate(capacity: nodeTotal)
        leafOf = .allocate(capacity: nodeTotal)
        leaves = .allocate(capacity: leafTotal)
        scratch = .allocate(capacity: Self.block * featureCount * 2)
        var roots: [Int32] = []
        var depths: [Int] = []
        var nextNode = 0
        var nextLeaf = 0
        for tree in trees {
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
                    leafOf[target] = Int32(nextLeaf + Int(tree.right[source]) * resultCount)
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
            for (index, value) in tree.leaves.enumerated() { leaves[nextLeaf + index] = Float(value) }
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

    /// Whether a model is a mean of probability vectors whose nodes all compare.
    private static func fits(_ model: ForestModel) -> Bool {
        model.aggregation == .average(over: model.trees.count) && model.link == .identity && model.precision == .single
            && model.base.allSatisfy { $0 == 0 } && model.zeroIsMissing.isEmpty && model.calibration == nil
            && model.outputCount == model.resultCount
            && model.trees.allSatisfy { $0.leafWidth == model.outputCount && $0.tests.isEmpty }
    }

    /// Scores rows.
    ///
    /// - Parameters:
    ///   - rows: [rowCount][featureCount], NaN = missing.
    ///   - rowCount: How many.
    ///   - output: [rowCount][resultCount] probabilities or values.
    public func score(rows: UnsafePointer<Float>, rowCount: Int, into output: UnsafeMutablePointer<Float>) {
        if let plain {
            for index in 0..<rowCount {
                let row = Array(UnsafeBufferPointer(start: rows + index * featureCount, count: featureCount))
                for (column, value) in plain.results(of: row).enumerated() {
                    output[index * resultCount + column] = Float(value)
                }
            }
            return
        }
        output.update(repeating: 0, count: rowCount * resultCount)
        var first = 0
        while first < rowCount {
            let count = min(Self.block, rowCount - first)
            scoreBlock(rows + first * featureCount, count, output + first * resultCount)
            first += count
        }
        for index in 0..<rowCount * resultCount { output[index] *= scale }
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
                add(at0, output + row * resultCount)
                add(at1, output + (row + 1) * resultCount)
                add(at2, output + (row + 2) * resultCount)
                add(at3, output + (row + 3) * resultCount)
                row += 4
            }
            while row < count {
                var at = root
                for _ in 0..<depth {
                    let next = step(at, rows + row * width)
                    if next == at { break }
                    at = next
                }
                add(at, output + row * resultCount)
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
        for index in 0..<resultCount { output[index] += leaf[index] }
    }
}

/// One tree as multiplexers whose results are the bits of a leaf's number.
///
/// A node spends one bit of the number on its own decision while both of its subtrees fit in half of the numbers: that
/// bit is the test's plane itself, and bits that a shallow leaf has left over are nobody's care, which is what makes
/// most multiplexers vanish. Where a subtree is too lopsided for that, its leaves are numbered in order.
struct MuxCircuit {
    enum Wire: Hashable {
        case zero
        case one
        /// The result of a multiplexer, in their order.
        case result(Int)
        case plane(Int)

        func slot(firstPlane: Int) -> Int {
            switch self {
            case .zero: 0
            case .one: 1
            case .result(let index): 2 + index
            case .plane(let plane): firstPlane + plane
            }
        }
    }

    struct Op: Hashable {
        var choice: Wire
        var high: Wire
        var low: Wire
    }

    private(set) var ops: [Op] = []
    /// Six wires, the lowest bit first; those from `bitCount` on are zero.
    private(set) var code: [Wire] = []
    let bitCount: Int
    /// The leaf of each of 2^bitCount numbers.
    private(set) var leaves: [Int]

    private let tree: Tree
    /// Leaves below each node.
    private let leafCounts: [Int]

    init(_ tree: Tree, planes: inout MuxPlanes, isDouble: Bool) {
        // Six bits want twice the tables that five do; multiplexers are what that is weighed against.
        let price = isDouble ? 20 : 14
        var best: MuxCircuit?
        for bits in 4...6 where tree.leafCount <= 1 << bits {
            let circuit = MuxCircuit(tree, planes: &planes, bitCount: bits)
            if let found = best, found.cost(price) <= circuit.cost(price) { continue }
            best = circuit
        }
        guard let best else { preconditionFailure("A tree of a circuit has at most 64 leaves.") }
        self = best
    }

    private func cost(_ price: Int) -> Int { ops.count + (bitCount == 6 ? price : 0) }

    private init(_ tree: Tree, planes: inout MuxPlanes, bitCount: Int) {
        self.tree = tree
        self.bitCount = bitCount
        var counts = Array(repeating: 1, count: tree.nodeCount)
        for node in (0..<tree.nodeCount).reversed() where tree.feature[node] >= 0 {
            counts[node] = counts[node + 1] + counts[Int(tree.right[node])]
        }
        leafCounts = counts
        leaves = Array(repeating: 0, count: 1 << bitCount)
        let wires = spread(0, bits: bitCount, number: 0, &planes)
        code = wires.map { $0 ?? .zero } + Array(repeating: .zero, count: 6 - bitCount)
    }

    /// The wires of a subtree whose leaves have the numbers `number`..<`number` + 2^bits; nil = any value will do.
    private mutating func spread(_ node: Int, bits: Int, number: Int, _ planes: inout MuxPlanes) -> [Wire?] {
        guard tree.feature[node] >= 0 else {
            for free in 0..<1 << bits { leaves[number + free] = Int(tree.right[node]) }
            return Array(repeating: nil, count: bits)
        }
        let right = Int(tree.right[node])
        guard bits > 0, max(leafCounts[node + 1], leafCounts[right]) <= 1 << (bits - 1) else {
            var next = number
            return inOrder(node, bits: bits, base: number, next: &next, &planes)
        }
        let plane = Wire.plane(planes.plane(of: tree.split(node)))
        let low = spread(node + 1, bits: bits - 1, number: number, &planes)
        let high = spread(right, bits: bits - 1, number: number | 1 << (bits - 1), &planes)
        return zip(low, high).map { mux(plane, high: $1, low: $0) } + [plane]
    }

    private mutating func inOrder(
        _ node: Int,
        bits: Int,
        base: Int,
        next: inout Int,
        _ planes: inout MuxPlanes
    ) -> [Wire?] {
        guard tree.feature[node] >= 0 else {
            leaves[next] = Int(tree.right[node])
            defer { next += 1 }
            return (0..<bits).map { (next - base) >> $0 & 1 == 1 ? .one : .zero }
        }
        let plane = Wire.plane(planes.plane(of: tree.split(node)))
        let low = inOrder(node + 1, bits: bits, base: base, next: &next, &planes)
        let high = inOrder(Int(tree.right[node]), bits: bits, base: base, next: &next, &planes)
        return zip(low, high).map { mux(plane, high: $1, low: $0) }
    }

    private mutating func mux(_ choice: Wire, high: Wire?, low: Wire?) -> Wire? {
        guard let low else { return high }
        guard let high, high != low else { return low }
        if low == .zero, high == .one { return choice }
        ops.append(Op(choice: choice, high: high, low: low))
        return .result(ops.count - 1)
    }
}

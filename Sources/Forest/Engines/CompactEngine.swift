import CKernels

/// Scores any forest: nodes of 8 bytes, level by level, without a branch; batches tree by tree, single rows through
/// several trees at a time.
final class CompactEngine: @unchecked Sendable {
    // Everything is written in the initialiser only.
    private let compact: pa_compact
    private let memory: [KernelMemory]
    private let leaves: LeafTable
    private let blockRows: Int
    let isNarrow: Bool

    /// Leaves that a narrow node can name.
    private static let narrowLeafLimit = 1 << 22
    /// What a block's values and sums may take: they should stay in the second-level cache beside a tree.
    private static let blockBytes = 4 << 20

    init(_ model: ForestModel, leaves: LeafTable, prefersWide: Bool) {
        self.leaves = leaves
        var columns = NodeColumns(model)
        var bits = 0
        while 1 << bits < columns.width { bits += 1 }
        let largest = model.trees.reduce(0) { max($0, $1.nodeCount) }
        let total = model.trees.reduce(0) { $0 + $1.nodeCount }
        isNarrow =
            !prefersWide && leaves.count <= Self.narrowLeafLimit && largest < 1 << (32 - bits) && total < 1 << 31
        var nodes = CompactNodes(isNarrow: isNarrow, columnBits: UInt32(bits))
        for (index, tree) in model.trees.enumerated() {
            nodes.add(tree, leaves.numbers[leaves.firstLeaf[index]...], &columns)
        }
        let narrowMemory = KernelMemory(nodes.narrow)
        let wideMemory = KernelMemory(nodes.wide)
        let rootMemory = KernelMemory(nodes.roots)
        let depthMemory = KernelMemory(nodes.depths)
        let (lanes, laneOf) = nodes.lanes()
        let laneRoots = KernelMemory(lanes.map { nodes.roots[$0] })
        let laneDepths = KernelMemory(lanes.map { nodes.depths[$0] })
        let laneNumbers = KernelMemory(laneOf)
        memory =
            columns.memory + [narrowMemory, wideMemory, rootMemory, depthMemory, laneRoots, laneDepths, laneNumbers]
        compact = pa_compact(
            columns: columns.form,
            leaves: leaves.form,
            narrow: isNarrow ? UnsafePointer(narrowMemory.pointer(to: pa_narrow_node.self)) : nil,
            wide: isNarrow ? nil : UnsafePointer(wideMemory.pointer(to: pa_wide_node.self)),
            column_bits: UInt32(bits),
            roots: rootMemory.pointer(to: UInt32.self),
            depths: depthMemory.pointer(to: UInt32.self),
            lane_roots: laneRoots.pointer(to: UInt32.self),
            lane_depths: laneDepths.pointer(to: UInt32.self),
            lane_of: laneNumbers.pointer(to: UInt32.self),
            lane_count: lanes.count
        )
        let rowBytes = withUnsafePointer(to: compact) { pa_compact_scratch_size($0, 64) } / 64
        blockRows = max(256, min(8192, Self.blockBytes / max(1, rowBytes) / 64 * 64))
    }

    func scratchSize(rows: Int) -> Int {
        withUnsafePointer(to: compact) { pa_compact_scratch_size($0, min(rows, blockRows)) }
    }

    func sums(
        _ rows: UnsafePointer<Float>,
        _ count: Int,
        scratch: KernelMemory,
        into sums: UnsafeMutableRawPointer,
        level: KernelLevel
    ) {
        let size = Int(compact.leaves.output_count) * (compact.leaves.is_double != 0 ? 8 : 4)
        withUnsafePointer(to: compact) { compact in
            for first in stride(from: 0, to: count, by: blockRows) {
                let source = rows + first * Int(compact.pointee.columns.row_width)
                let part = min(blockRows, count - first)
                pa_compact_sums(compact, source, part, scratch.base, sums + first * size, level.rawValue)
            }
        }
    }
}

/// Trees level by level, as the kernel goes through them: both children of a node are neighbours.
private struct CompactNodes {
    let isNarrow: Bool
    /// Bits of a narrow node's link that name the column.
    let columnBits: UInt32
    var narrow: [pa_narrow_node] = []
    var wide: [pa_wide_node] = []
    /// By tree: its first node, and its deepest level.
    var roots: [UInt32] = []
    var depths: [UInt32] = []

    init(isNarrow: Bool, columnBits: UInt32) {
        self.isNarrow = isNarrow
        self.columnBits = columnBits
    }

    /// Adds a tree; `numbers` begins with those of its leaves.
    mutating func add(_ tree: Tree, _ numbers: ArraySlice<UInt32>, _ columns: inout NodeColumns) {
        roots.append(UInt32(isNarrow ? narrow.count : wide.count))
        var order: [(node: Int, level: Int)] = [(0, 0)]
        var place = 0
        while place < order.count {
            let (node, level) = order[place]
            if tree.feature[node] < 0 {
                addLeaf(numbers[numbers.startIndex + Int(tree.right[node])], at: UInt32(place))
                if place == order.count - 1 { depths.append(UInt32(level)) }
            } else {
                let left = UInt32(order.count)
                order.append((node + 1, level + 1))
                order.append((Int(tree.right[node]), level + 1))
                let test = columns.test(tree.split(node))
                addSplit(test.threshold, column: UInt32(test.column), left: left)
            }
            place += 1
        }
    }

    /// A leaf leads to itself, so that a walk may go on after it.
    private mutating func addLeaf(_ leaf: UInt32, at place: UInt32) {
        if isNarrow {
            narrow.append(pa_narrow_node(threshold: Float(bitPattern: 0x7FC0_0000 | leaf), link: place << columnBits))
        } else {
            wide.append(pa_wide_node(threshold: .nan, column: 0, left: place, leaf: leaf))
        }
    }

    private mutating func addSplit(_ threshold: Float, column: UInt32, left: UInt32) {
        if isNarrow {
            narrow.append(pa_narrow_node(threshold: threshold, link: left << columnBits | column))
        } else {
            wide.append(pa_wide_node(threshold: threshold, column: column, left: left, leaf: 0))
        }
    }

    /// The trees in the order in which single rows go through them, the deepest first, filled up to whole groups with
    /// the last one; and where in it each tree is.
    func lanes() -> (trees: [Int], laneOf: [UInt32]) {
        let lanes = depths.indices.sorted { (depths[$1], $0) < (depths[$0], $1) }
        let padding = (Int(PA_LANE_GROUP) - lanes.count % Int(PA_LANE_GROUP)) % Int(PA_LANE_GROUP)
        var laneOf = Array(repeating: UInt32(0), count: lanes.count)
        for (lane, tree) in lanes.enumerated() { laneOf[tree] = UInt32(lane) }
        return (lanes + Array(repeating: lanes[lanes.count - 1], count: padding), laneOf)
    }
}

import Base

/// Grows one regression tree after another on fixed-point gradients and hessians, reusing its memory.
///
/// The smaller child of a split is counted, the larger one is the rest. A split's three steps over a feature (count,
/// subtract, search) are one piece of work for a thread, while that feature's bins are in its nearest cache.
final class GradientTreeGrower: @unchecked Sendable {
    typealias Pair = GradientHistogram.Pair
    typealias Cut = GradientHistogram.Cut

    /// A node whose best cut is known and not yet made.
    private struct Open {
        var node: Int
        var depth: Int
        /// Which histogram is the node's.
        var slot: Int
        var cut: Cut
        var gain: Double
    }

    private let columns: BinnedColumns
    private let parameters: BoostedTreesTrainer.Parameters
    private let workers: Workers
    private let pairs: Stretch<Pair>
    private let gathered: Stretch<Pair>
    private let rows: RowPartition
    /// Where in a histogram each feature's cells begin, and where the last ends.
    private let cells: [Int]
    private var slots: [Stretch<Pair>] = []
    private var freeSlots: [Int] = []
    /// The best cut of each feature for the left and for the right child.
    private let cuts: Stretch<Cut>

    // Of the tree being grown.
    private var random = Seeded(seed: 0)
    private var features: [Int] = []
    private var unit = 1.0
    private var limits = GradientHistogram.Limits(lambda: 0, hessianMin: 0)
    private var tree = GrownTree()
    private var nodeRows: [Range<Int>] = []
    private var totals: [Pair] = []

    /// - Parameters:
    ///   - columns: The rows.
    ///   - pairs: Their gradients and hessians, filled in anew for every tree.
    ///   - parameters: Limits and sampling.
    ///   - workers: Threads.
    init(
        columns: BinnedColumns,
        pairs: Stretch<Pair>,
        parameters: BoostedTreesTrainer.Parameters,
        workers: Workers
    ) {
        self.columns = columns
        self.pairs = pairs
        self.parameters = parameters
        self.workers = workers
        gathered = Stretch(repeating: Pair(0, 0), count: columns.rowCount)
        rows = RowPartition(rowCount: columns.rowCount)
        var offsets = [0]
        for feature in columns.features { offsets.append((offsets.last ?? 0) + feature.binCount + 1) }
        cells = offsets
        cuts = Stretch(repeating: Cut(), count: 2 * columns.features.count)
    }

    /// Grows a tree and adds its leaves to the margins of all rows.
    ///
    /// - Parameters:
    ///   - unit: What 1 is in the fixed-point numbers of the pairs.
    ///   - seed: Of the sampling of rows and features.
    ///   - margins: One for each row.
    /// - Returns: The tree, its leaves already times the learning rate.
    func grow(unit: Double, seed: UInt64, margins: Stretch<Double>) -> GrownTree {
        random = Seeded(seed: seed)
        features = sample(Array(columns.features.indices), share: parameters.featureShare)
        if parameters.rowShare < 1 { rows.sample(share: parameters.rowShare, &random) } else { rows.takeAll() }
        self.unit = unit
        limits.lambda = parameters.lambda * unit
        limits.hessianMin = max(1, Int64(parameters.childWeightMin * unit))
        tree = GrownTree()
        nodeRows = []
        totals = []
        var open = plantRoot().map { [$0] } ?? []
        var leafCount = 1
        while leafCount < parameters.leavesMax ?? .max, let next = take(&open) {
            open += split(next)
            leafCount += 1
        }
        freeSlots += open.map(\.slot)
        for index in tree.nodes.indices {
            let total = totals[index]
            tree.nodes[index].cover = Float(Double(total.y) / unit)
            let step = -Double(total.x) / (Double(total.y) + limits.lambda)
            tree.nodes[index].value = Float(step.isFinite ? step * parameters.learningRate : 0)
        }
        tree.prune(gainMin: Float(parameters.gainMin))
        addLeaves(to: margins)
        return tree
    }

    // MARK: - Nodes

    private func plantRoot() -> Open? {
        let total = workers.map((rows.count + 16383) / 16384) { [rows, pairs] block in
            var sum = Pair(0, 0)
            for index in block * 16384..<min(rows.count, (block + 1) * 16384) {
                sum &+= pairs.base[Int(rows.base[index])]
            }
            return sum
        }.reduce(Pair(0, 0), &+)
        addNode(0..<rows.count, total)
        guard canSplit(total, depth: 0) else { return nil }
        let slot = takeSlot()
        if !rows.isWhole { gather(0..<rows.count) }
        let searched = Set(sample(features, share: parameters.featureShareNode))
        each(workOf: rows.count) { [self] feature in
            count(feature, 0..<rows.count, slot)
            if searched.contains(feature) { search(feature, slot, total, place: feature) }
        }
        return opened(0, 0, slot, bestCut(searched, first: 0))
    }

    /// Cuts a node in two and finds where its children may be cut.
    private func split(_ parent: Open) -> [Open] {
        let feature = Int(parent.cut.feature)
        let range = nodeRows[parent.node]
        let middle = rows.partition(
            range,
            columns.column(feature),
            lastLeft: UInt16(parent.cut.bin),
            missing: parent.cut.missingGoesLeft ? UInt16(columns.features[feature].binCount) : .max
        )
        let left = addNode(range.lowerBound..<middle, parent.cut.left)
        let right = addNode(middle..<range.upperBound, totals[parent.node] &- parent.cut.left)
        tree.nodes[parent.node].feature = parent.cut.feature
        tree.nodes[parent.node].bin = parent.cut.bin
        tree.nodes[parent.node].missingGoesLeft = parent.cut.missingGoesLeft
        tree.nodes[parent.node].left = Int32(left)
        tree.nodes[parent.node].right = Int32(right)
        tree.nodes[parent.node].gain = Float(parent.gain)
        let depth = parent.depth + 1
        let (small, large) = nodeRows[left].count <= nodeRows[right].count ? (left, right) : (right, left)
        let smallSplits = canSplit(totals[small], depth: depth)
        let largeSplits = canSplit(totals[large], depth: depth)
        guard smallSplits || largeSplits else {
            freeSlots.append(parent.slot)
            return []
        }
        let slot = takeSlot()
        gather(nodeRows[small])
        let searched = [small, large].map { _ in Set(sample(features, share: parameters.featureShareNode)) }
        let (smallRows, smallTotal, largeTotal) = (nodeRows[small], totals[small], totals[large])
        let featureCount = columns.features.count
        each(workOf: smallRows.count) { [self] feature in
            count(feature, smallRows, slot)
            if largeSplits {
                let first = cells[feature]
                GradientHistogram.subtract(
                    slots[slot].base + first,
                    from: slots[parent.slot].base + first,
                    count: cells[feature + 1] - first
                )
                if searched[1].contains(feature) {
                    search(feature, parent.slot, largeTotal, place: featureCount + feature)
                }
            }
            if smallSplits, searched[0].contains(feature) { search(feature, slot, smallTotal, place: feature) }
        }
        var found: [Open] = []
        if largeSplits {
            if let open = opened(large, depth, parent.slot, bestCut(searched[1], first: featureCount)) {
                found.append(open)
            }
        } else {
            freeSlots.append(parent.slot)
        }
        if smallSplits {
            if let open = opened(small, depth, slot, bestCut(searched[0], first: 0)) { found.append(open) }
        } else {
            freeSlots.append(slot)
        }
        return found
    }

    @discardableResult private func addNode(_ range: Range<Int>, _ total: Pair) -> Int {
        tree.nodes.append(GrownTree.Node())
        nodeRows.append(range)
        totals.append(total)
        return tree.nodes.count - 1
    }

    private func canSplit(_ total: Pair, depth: Int) -> Bool {
        depth < parameters.depthMax && total.y >= 2 * limits.hessianMin
    }

    /// A node worth splitting; otherwise its histogram is given back.
    private func opened(_ node: Int, _ depth: Int, _ slot: Int, _ cut: Cut) -> Open? {
        let total = totals[node]
        let whole = Double(total.x) * Double(total.x) / (Double(total.y) + limits.lambda)
        let gain = (cut.score - whole) / unit
        guard gain > 1e-6 else {
            freeSlots.append(slot)
            return nil
        }
        return Open(node: node, depth: depth, slot: slot, cut: cut, gain: gain)
    }

    /// The next node to split: the last one, or with a limit of leaves the one that gains most.
    private func take(_ open: inout [Open]) -> Open? {
        guard parameters.leavesMax != nil, open.count > 1 else { return open.popLast() }
        var best = 0
        for index in open.indices where open[index].gain > open[best].gain { best = index }
        return open.remove(at: best)
    }

    private func addLeaves(to margins: Stretch<Double>) {
        var open = [0]
        var leaves: [(Range<Int>, Double)] = []
        while let index = open.popLast() {
            let node = tree.nodes[index]
            if node.feature < 0 {
                leaves.append((nodeRows[index], Double(node.value)))
            } else {
                open += [Int(node.left), Int(node.right)]
            }
        }
        workers.each(leaves.count) { [rows, leaves] leaf in
            let (range, value) = leaves[leaf]
            for index in range { margins.base[Int(rows.base[index])] += value }
        }
        if !rows.isWhole { tree.add(columns, rows.leftOut, to: margins.base) }
    }

    // MARK: - Histograms

    private func takeSlot() -> Int {
        if let free = freeSlots.popLast() { return free }
        slots.append(Stretch(repeating: Pair(0, 0), count: cells[columns.features.count]))
        return slots.count - 1
    }

    /// Calls the body for every feature of the tree, on all threads if it pays.
    private func each(workOf rowCount: Int, _ body: @Sendable (Int) -> Void) {
        let work = features.count * rowCount + 4 * (cells.last ?? 0)
        let threads = work > 60_000 ? workers : Workers(1)
        threads.each(features.count) { [features] in body(features[$0]) }
    }

    private func gather(_ range: Range<Int>) {
        let (rows, pairs, gathered) = (rows.base, pairs.base, gathered.base)
        for index in range { gathered[index] = pairs[Int(rows[index])] }
    }

    private func count(_ feature: Int, _ range: Range<Int>, _ slot: Int) {
        let isWhole = range.count == columns.rowCount
        GradientHistogram.count(
            columns.column(feature),
            rows: isWhole ? nil : UnsafePointer(rows.base + range.lowerBound),
            isWhole ? pairs.base : gathered.base + range.lowerBound,
            count: range.count,
            into: slots[slot].base + cells[feature],
            cellCount: cells[feature + 1] - cells[feature],
            isSkewed: columns.isSkewed[feature]
        )
    }

    private func search(_ feature: Int, _ slot: Int, _ total: Pair, place: Int) {
        var cut = GradientHistogram.bestCut(
            slots[slot].base + cells[feature],
            binCount: columns.features[feature].binCount,
            total: total,
            limits: limits
        )
        cut.feature = Int32(feature)
        cuts.base[place] = cut
    }

    /// The best of the features' cuts; of equal ones that of the first feature.
    private func bestCut(_ searched: Set<Int>, first: Int) -> Cut {
        var best = Cut()
        for feature in features where searched.contains(feature) {
            if cuts.base[first + feature].score > best.score { best = cuts.base[first + feature] }
        }
        return best
    }

    /// A share of the features, one at least, in ascending order.
    private func sample(_ all: [Int], share: Double) -> [Int] {
        guard share < 1 else { return all }
        var left = all
        let count = max(1, Int((Double(all.count) * share).rounded()))
        for index in 0..<count { left.swapAt(index, index + random.below(left.count - index)) }
        return left[..<count].sorted()
    }
}

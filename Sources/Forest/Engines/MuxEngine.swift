import CKernels

/// Scores forests of small trees with one value a leaf, 64...512 rows at a time, as circuits over planes of bits.
final class MuxEngine: @unchecked Sendable {
    // Everything is written in the initialiser only.
    private var mux: pa_mux
    private let memory: [KernelMemory]
    let scratchSize: Int

    /// Trees with more leaves are left to the walks.
    static let leafLimit = 64
    /// Slots have numbers of 16 bits.
    private static let slotLimit = 65_536

    /// Nil if a tree has too many leaves, or the forest too many tests.
    init?(_ model: ForestModel) {
        guard model.trees.allSatisfy({ $0.leafWidth == 1 && $0.leafCount <= Self.leafLimit }) else { return nil }
        let tests = DistinctTests(model)
        var planes = MuxPlanes(tests)
        guard planes.count < Self.slotLimit / 2 else { return nil }
        let isDouble = model.precision == .double
        let circuits = model.trees.map { MuxCircuit($0, planes: &planes, isDouble: isDouble) }
        let firstPlane = 2 + (circuits.map(\.ops.count).max() ?? 0)
        guard firstPlane + planes.count <= Self.slotLimit else { return nil }
        var ops: [pa_mux_op] = []
        var trees: [pa_mux_tree] = []
        var leaves: [UInt32] = []
        for (circuit, tree) in zip(circuits, model.trees) {
            func slot(_ wire: MuxCircuit.Wire) -> UInt16 { UInt16(wire.slot(firstPlane: firstPlane)) }
            let code = circuit.code.map(slot)
            trees.append(
                pa_mux_tree(
                    op_count: UInt32(circuit.ops.count),
                    leaf: UInt32(leaves.count),
                    bit_count: UInt16(circuit.bitCount),
                    code: (code[0], code[1], code[2], code[3], code[4], code[5]),
                    output: UInt16(tree.output)
                )
            )
            ops += circuit.ops.map { pa_mux_op(choice: slot($0.choice), high: slot($0.high), low: slot($0.low)) }
            if isDouble {
                let bits = circuit.leaves.map { tree.leaves[$0].bitPattern }
                leaves +=
                    bits.map { UInt32(truncatingIfNeeded: $0) } + bits.map { UInt32(truncatingIfNeeded: $0 >> 32) }
            } else {
                leaves += circuit.leaves.map { Float(tree.leaves[$0]).bitPattern }
            }
        }
        let lookups = tests.lookups.compiled(firstTarget: firstPlane + planes.comparisonCount)
        let features = KernelMemory(planes.features(firstPlane: firstPlane))
        let thresholds = KernelMemory(planes.thresholds)
        let levels = KernelMemory(planes.levels)
        let lookupMemory = KernelMemory(lookups.lookups)
        let opMemory = KernelMemory(ops)
        let treeMemory = KernelMemory(trees)
        let leafMemory = KernelMemory(leaves)
        let initial = model.startMemory
        memory =
            [initial, features, thresholds, levels, lookupMemory, opMemory, treeMemory, leafMemory] + lookups.memory
        mux = pa_mux(
            features: features.pointer(to: pa_mux_feature.self),
            feature_count: planes.featureCount,
            thresholds: thresholds.pointer(to: Float.self),
            levels: levels.pointer(to: UInt8.self),
            lookups: lookupMemory.pointer(to: pa_lookup.self),
            lookup_count: lookups.lookups.count,
            ops: opMemory.pointer(to: pa_mux_op.self),
            trees: treeMemory.pointer(to: pa_mux_tree.self),
            tree_count: trees.count,
            leaves: leafMemory.pointer(to: UInt32.self),
            initial: initial.base,
            is_double: isDouble ? 1 : 0,
            first_plane: UInt32(firstPlane),
            slot_count: UInt32(firstPlane + planes.count),
            row_width: UInt32(model.featureNames.count),
            output_count: UInt32(model.outputCount)
        )
        scratchSize = pa_mux_scratch_size(&mux)
    }

    func sums(
        _ rows: UnsafePointer<Float>,
        _ count: Int,
        scratch: KernelMemory,
        into sums: UnsafeMutableRawPointer,
        level: KernelLevel
    ) {
        withUnsafePointer(to: mux) { pa_mux_sums($0, rows, count, scratch.base, sums, level.rawValue) }
    }
}

import CKernels

/// The leaves of a forest, equal ones stored once: deep trees end in few different leaves.
final class LeafTable: @unchecked Sendable {
    // Everything is written in the initialiser only.
    private let values: KernelMemory
    private let outputs: KernelMemory
    private let initial: KernelMemory
    /// [tree][leaf] in the trees' order: where each leaf is.
    let numbers: [UInt32]
    /// Where a tree's leaves begin in `numbers`.
    let firstLeaf: [Int]
    let count: Int
    let form: pa_leaves

    init(_ model: ForestModel) {
        let width = model.trees.reduce(1) { max($0, $1.leafWidth) }
        let isDouble = model.precision == .double
        var distinct = DistinctRows(width: width)
        var numbers: [UInt32] = []
        var firstLeaf: [Int] = []
        var row = Array(repeating: UInt64(0), count: width)
        for tree in model.trees {
            firstLeaf.append(numbers.count)
            for leaf in 0..<tree.leafCount {
                for part in 0..<width {
                    // A scalar leaf among vectors is a vector that adds nothing elsewhere: x + -0 is x for every x.
                    let value =
                        tree.leafWidth == width
                        ? tree.leaves[leaf * width + part] : part == tree.output ? tree.leaves[leaf] : -0.0
                    row[part] = isDouble ? value.bitPattern : UInt64(Float(value).bitPattern)
                }
                numbers.append(distinct.number(of: row))
            }
        }
        self.numbers = numbers
        self.firstLeaf = firstLeaf
        count = distinct.count
        let padding = 16
        if isDouble {
            values = KernelMemory(distinct.rows, padding: padding)
        } else {
            values = KernelMemory(distinct.rows.map { UInt32(truncatingIfNeeded: $0) }, padding: padding)
        }
        outputs = KernelMemory(model.trees.map { UInt16($0.output) })
        initial = model.startMemory
        form = pa_leaves(
            values: values.base,
            initial: initial.base,
            width: UInt32(width),
            is_double: isDouble ? 1 : 0,
            output_count: UInt32(model.outputCount),
            outputs: outputs.pointer(to: UInt16.self),
            tree_count: model.trees.count
        )
    }
}

/// Rows of numbers, equal ones stored once (open addressing).
private struct DistinctRows {
    let width: Int
    private(set) var rows: [UInt64] = []
    private(set) var count = 0
    private var slots: [UInt32]

    init(width: Int) {
        self.width = width
        slots = Array(repeating: .max, count: 1024)
    }

    mutating func number(of row: [UInt64]) -> UInt32 {
        if count * 2 >= slots.count { grow() }
        var slot = hash(row[...]) & (slots.count - 1)
        while slots[slot] != .max {
            let first = Int(slots[slot]) * width
            if rows[first..<first + width].elementsEqual(row) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = UInt32(count)
        rows += row
        count += 1
        return slots[slot]
    }

    private mutating func grow() {
        slots = Array(repeating: .max, count: slots.count * 2)
        for number in 0..<count {
            var slot = hash(rows[number * width..<(number + 1) * width]) & (slots.count - 1)
            while slots[slot] != .max { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(number)
        }
    }

    private func hash(_ row: ArraySlice<UInt64>) -> Int {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        for value in row {
            hash = (hash ^ value) &* 0xFF51_AFD7_ED55_8CCD
            hash ^= hash >> 32
        }
        return Int(truncatingIfNeeded: hash & 0x7FFF_FFFF_FFFF_FFFF)
    }
}

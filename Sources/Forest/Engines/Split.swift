/// A node's test by itself, of a forest whose rows are of 32 bits.
struct Split {
    enum Kind {
        case less(Float)
        case equal(Float)
        /// Bit `c % 32` of word `c / 32`: category c is in the set.
        case inSet([UInt32])
    }

    var feature: Int32
    var kind: Kind
    var missingGoesLeft: Bool
}

extension Tree {
    /// The test of an inner node.
    func split(_ node: Int) -> Split {
        let kind: Split.Kind
        switch test(node) {
        case .less: kind = .less(Float(threshold[node]))
        case .equal: kind = .equal(Float(threshold[node]))
        case .inSet:
            let set = Int(threshold[node])
            kind = .inSet(Array(categoryWords[Int(categoryOffsets[set])..<Int(categoryOffsets[set + 1])]))
        }
        return Split(feature: feature[node], kind: kind, missingGoesLeft: missingGoesLeft[node])
    }
}

extension ForestModel {
    /// What the sums of leaves start from, in the model's precision.
    var startMemory: KernelMemory {
        let start = aggregation == .sum ? base : Array(repeating: 0, count: outputCount)
        return precision == .double ? KernelMemory(start) : KernelMemory(start.map { Float($0) })
    }
}

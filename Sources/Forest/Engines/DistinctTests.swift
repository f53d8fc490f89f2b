/// Every different test of a forest, once: many trees ask the same.
struct DistinctTests {
    /// `value >= threshold` goes right.
    struct Comparison: Hashable {
        var threshold: Float
        var missingGoesLeft: Bool

        init(_ threshold: Float, missingGoesLeft: Bool) {
            // -0 and 0 are the same threshold.
            self.threshold = threshold == 0 ? 0 : threshold
            self.missingGoesLeft = missingGoesLeft
        }
    }

    /// What is compared with one feature.
    struct Feature {
        var feature: Int
        /// Ascending, no two alike.
        var thresholds: [Float]
        var comparisons: [Comparison]
    }

    /// Only those that something is compared with, ascending.
    private(set) var features: [Feature] = []
    private(set) var lookups = Lookups()

    init(_ model: ForestModel) {
        var found = Array(repeating: Set<Comparison>(), count: model.featureNames.count)
        for tree in model.trees {
            for node in 0..<tree.nodeCount where tree.feature[node] >= 0 {
                let split = tree.split(node)
                switch split.kind {
                case .less(let threshold):
                    found[Int(split.feature)].insert(
                        Comparison(threshold, missingGoesLeft: split.missingGoesLeft)
                    )
                case .equal, .inSet: _ = lookups.place(of: split)
                }
            }
        }
        for (feature, comparisons) in found.enumerated() where !comparisons.isEmpty {
            features.append(
                Feature(
                    feature: feature,
                    thresholds: Set(comparisons.map(\.threshold)).sorted(),
                    comparisons: comparisons.sorted { left, right in
                        if left.missingGoesLeft != right.missingGoesLeft { return left.missingGoesLeft }
                        return left.threshold < right.threshold
                    }
                )
            )
        }
    }
}

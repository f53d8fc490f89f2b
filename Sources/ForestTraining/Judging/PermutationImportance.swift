import Base
import Forest

/// How much worse a model gets when the values of one feature are dealt to other rows (Breiman 2001).
public enum PermutationImportance {
    /// Measures the loss of average precision, feature by feature, on rows that the model was not fitted to.
    ///
    /// Each feature's values are shuffled once, from a seed of its own; at most 20,000 rows are looked at, evenly
    /// spread. O(features · rows · trees).
    ///
    /// - Parameters:
    ///   - model: Its features are the set's.
    ///   - set: Rows with both outcomes.
    ///   - negativeClass: The class that is not fraud.
    ///   - seed: Of the shuffles.
    ///   - threads: How many features at a time.
    /// - Returns: Average precision lost, one a feature; near 0 or below it: the model does without.
    public static func measure(
        _ model: ForestModel,
        on set: TrainingSet,
        negativeClass: Int,
        seed: UInt64,
        threads: Int
    ) -> [Double] {
        let step = (set.rowCount + 19_999) / 20_000
        let set = step > 1 ? set.selecting(Array(stride(from: 0, to: set.rowCount, by: step))) : set
        let truth = set.labels.map { Int($0) != negativeClass }
        @Sendable func precision(_ set: TrainingSet) -> Double {
            BinaryReport(
                truth: truth,
                decided: truth,
                scores: set.fraudScores(of: model, negativeClass: negativeClass)
            ).areaUnderPR ?? 0
        }
        let whole = precision(set)
        let used = Set(model.trees.flatMap(\.feature))
        return Workers(threads).map(set.columns.count) { feature in
            guard used.contains(Int32(feature)) else { return 0 }
            var shuffled = set
            var random = Seeded(seed: seed &+ UInt64(feature))
            for row in 0..<set.rowCount {
                shuffled.columns[feature].swapAt(row, row + random.below(set.rowCount - row))
            }
            return whole - precision(shuffled)
        }
    }
}

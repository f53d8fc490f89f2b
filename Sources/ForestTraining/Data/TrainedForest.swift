import Forest

/// A trained model and what is known of its training.
public struct TrainedForest: Sendable, Equatable {
    public var model: ForestModel
    /// Rounds kept; trees where a round is one tree.
    public var rounds: Int
    /// The loss on the validation rows after each round, kept or not; empty without them.
    public var validationLoss: [Double]
    /// How much the splits on each feature lessened loss or impurity, all trees together.
    public var gains: [Double]
}

/// One feature's part in a score.
public struct Reason: Sendable, Equatable {
    /// Its position among the pipeline's features.
    public var feature: Int
    /// The feature's value as of the event; NaN = missing.
    public var value: Double
    /// What is usual for regular events; NaN = unknown.
    public var typical: Double
    /// How much it added to P(fraud).
    public var contribution: Double

    /// How many reasons an alert or a prediction names.
    public static let countMax = 6

    public init(feature: Int, value: Double, typical: Double, contribution: Double) {
        self.feature = feature
        self.value = value
        self.typical = typical
        self.contribution = contribution
    }
}

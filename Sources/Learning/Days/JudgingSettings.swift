/// Which figures are asked for when a model is judged on days behind those that it learned from.
public struct JudgingSettings: Sendable {
    /// An entity: events of those known to be compromised when the day began are left out of the test.
    public var excludeKnown: String?
    /// Card precision: how many entities can be looked at a day.
    public var precisionAt: Int
    /// A label field that names the kind of fraud, for the recall of each.
    public var recallBy: String?
    /// What it costs to look at an event.
    public var reviewCost: Double?
    /// What a fraud costs that nobody looked at: a number, a feature or a number field.
    public var missCost: String?
    /// How many events can be looked at a day.
    public var capacity: Int?

    public init(
        excludeKnown: String?,
        precisionAt: Int,
        recallBy: String?,
        reviewCost: Double?,
        missCost: String?,
        capacity: Int?
    ) {
        self.excludeKnown = excludeKnown
        self.precisionAt = precisionAt
        self.recallBy = recallBy
        self.reviewCost = reviewCost
        self.missCost = missCost
        self.capacity = capacity
    }
}

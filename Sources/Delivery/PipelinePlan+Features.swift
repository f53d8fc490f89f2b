public import AlertStore
public import Plan

extension Feature {
    /// What the analyst reads.
    var shownTitle: String { title ?? name }
}

extension PipelinePlan {
    /// The features as the alerts file lists them.
    public var featureRecords: [FeatureRecord] {
        features.map { FeatureRecord(name: $0.name, title: $0.shownTitle, definition: words($0.expression)) }
    }
}

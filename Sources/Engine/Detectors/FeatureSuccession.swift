import Models
import Plan

/// What became of the features of one set of definitions in the next: they are known by their names.
struct FeatureSuccession {
    /// By this set's feature: which one it was before; nil if it is new.
    private let former: [Int?]
    /// By the feature of before: which one it is now; nil if it is gone.
    private let current: [Int?]

    init(from other: [Feature], to features: [Feature]) {
        former = features.map { feature in other.firstIndex { $0.name == feature.name } }
        current = other.map { feature in features.firstIndex { $0.name == feature.name } }
    }

    /// Whether there is none that is new and none that is gone, in whatever order they are.
    var areTheSame: Bool { !former.contains(nil) && !current.contains(nil) }

    /// Which feature of now one of before is.
    func own(_ feature: Int) -> Int? { current[feature] }

    /// An alert that stays open under the next set: its features are as of its last event, and those that nobody
    /// computed then are missing.
    func carried(_ alert: AlertUpdate, to label: DetectorLabel) -> AlertUpdate {
        var carried = alert
        carried.detector = label
        carried.features = former.map { $0.map { alert.features[$0] } ?? .nan }
        carried.reasons = alert.reasons.compactMap { reason in
            current[reason.feature].map {
                Reason(feature: $0, value: reason.value, typical: reason.typical, contribution: reason.contribution)
            }
        }
        return carried
    }
}

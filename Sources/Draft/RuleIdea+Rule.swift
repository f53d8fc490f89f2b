import Survey

extension RuleIdea {
    /// The rule, with thresholds from the features' values over the file.
    ///
    /// - Parameter values: Of each feature.
    /// - Returns: nil if a feature has no values, or all of them are one.
    public func rule(_ values: [String: QuantileSketch]) -> PipelineDraft.Rule? {
        var conditions: [String] = []
        var reasons: [String] = []
        for part in parts {
            switch part {
            case .isTrue(let feature):
                conditions.append("\(feature) == 1")
            case .atLeast(let feature, let tail, let floor):
                guard let sketch = values[feature], let bound = Self.bound(sketch, tail, floor) else { return nil }
                conditions.append("\(feature) >= \(Numbers.text(bound))")
                reasons.append(Self.share(sketch.count(atLeast: bound), of: sketch.count, feature))
            case .atMost(let feature, let tail):
                guard let sketch = values[feature], let bound = sketch.quantile(tail), sketch.minimum < sketch.maximum
                else { return nil }
                conditions.append("\(feature) <= \(Numbers.text(Numbers.rounded(bound, up: true)))")
                reasons.append("\(feature) is as low as that in \(Self.percent(tail)) of the events")
            }
        }
        return PipelineDraft.Rule(
            name: name,
            title: title,
            condition: conditions.joined(separator: " and "),
            score: score,
            reason: reasons.joined(separator: "; ")
        )
    }

    /// The least number that only a share of the values reaches. Counts are whole: the next whole number above it.
    private static func bound(_ sketch: QuantileSketch, _ tail: Double, _ floor: Double) -> Double? {
        guard sketch.minimum < sketch.maximum, let quantile = sketch.quantile(1 - tail) else { return nil }
        var bound = max(quantile, floor)
        let isWhole = quantile.rounded() == quantile && quantile < 256
        if isWhole, Double(sketch.count(atLeast: bound)) > tail * 1.5 * Double(sketch.count),
            bound + 1 <= sketch.maximum
        {
            bound += 1
        }
        if bound > sketch.maximum { bound = sketch.maximum }
        return isWhole ? bound : Numbers.rounded(bound, up: false)
    }

    private static func share(_ count: Int, of all: Int, _ feature: String) -> String {
        "\(feature) is as high in \(percent(Double(count) / Double(max(1, all)))) of the events"
    }

    private static func percent(_ share: Double) -> String {
        let text = Numbers.text(Numbers.rounded(share * 100, up: false))
        return text + " %"
    }
}

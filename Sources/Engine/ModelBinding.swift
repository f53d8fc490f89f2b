import Forest
import Plan

/// A model tied to the features of a pipeline: which plan feature fills which column of a row, and what means fraud.
public struct ModelBinding: Sendable {
    /// Name and version, as written into alerts.
    public let id: String
    public let forest: ForestModel
    /// The forest laid out for scoring and for explaining, for all partitions.
    public let engines: ForestEngines
    public let explainer: ForestExplainer
    /// Index in `PipelinePlan.features` of each of the model's features, in the model's order.
    public let features: [Int]
    /// Index of the class that is not fraud; 0 of an anomaly model, which has no classes.
    public let negativeClass: Int
    /// What events are told apart as; of an anomaly model the negative class and "anomaly".
    public let classNames: [String]
    /// Usual value of each of the model's features among regular events; NaN = unknown.
    public let typical: [Double]

    /// - Throws: ``EngineError`` if a feature or the negative class does not exist, or if the model gives no probabilities.
    public init(
        id: String,
        forest: ForestModel,
        typical: [Double]?,
        plan: PipelinePlan,
        negative: String
    ) throws(EngineError) {
        guard forest.givesProbabilities else { throw .noProbabilities(model: id) }
        self.id = id
        self.forest = forest
        let names = plan.features.map(\.name)
        var features: [Int] = []
        for name in forest.featureNames {
            guard let index = names.firstIndex(of: name) else {
                throw .unknownFeature(model: id, feature: name, suggestion: closestName(to: name, among: names))
            }
            features.append(index)
        }
        self.features = features
        guard let negativeClass = forest.kind == .anomaly ? 0 : forest.classNames.firstIndex(of: negative) else {
            throw .missingNegativeClass(model: id, negative: negative, classes: forest.classNames)
        }
        self.negativeClass = negativeClass
        classNames = forest.kind == .anomaly ? [negative, "anomaly"] : forest.classNames
        engines = ForestEngines(forest)
        explainer = ForestExplainer(forest, awayFrom: negativeClass)
        self.typical = typical ?? Array(repeating: .nan, count: features.count)
    }

    /// P(fraud) by a model's results: 1 − P(not fraud) (C10); an anomaly model's only result.
    public func score(_ results: UnsafeBufferPointer<Float>) -> Double {
        let score = forest.kind == .anomaly ? Double(results[0]) : 1 - Double(results[negativeClass])
        return min(1, max(0, score))
    }

    /// The most probable class by a model's results, an index into ``classNames``; of an anomaly model 1 from 0.5 on.
    public func predictedClass(_ results: UnsafeBufferPointer<Float>) -> Int {
        guard forest.kind != .anomaly else { return results[0] >= 0.5 ? 1 : 0 }
        return results.indices.reduce(0) { results[$1] > results[$0] ? $1 : $0 }
    }

    /// The features that moved P(fraud) most, the largest part first; equal parts in the model's order.
    ///
    /// - Parameters:
    ///   - parts: What each of the model's features added.
    ///   - limit: How many at most.
    ///   - value: The feature's value by its place in the model's order.
    /// - Returns: Their values and parts.
    func reasons(_ parts: [Double], limit: Int, value: (Int) -> Double) -> [Reason] {
        let order = parts.indices.sorted { left, right in
            let first = parts[left].magnitude
            let second = parts[right].magnitude
            return first != second ? first > second : left < right
        }
        return order.prefix(limit).map { column in
            Reason(
                feature: features[column],
                value: value(column),
                typical: typical[column],
                contribution: parts[column]
            )
        }
    }

    /// Explains rows of the model's features together, which costs little more than one of them alone; the result is the
    /// same.
    ///
    /// - Parameter rows: The values of the model's features, in the model's order.
    /// - Returns: For each row the features that moved its score most, the largest part first.
    public func reasons(of rows: [[Double]]) -> [[Reason]] {
        let width = features.count
        let values = rows.flatMap(\.self)
        let parts = [Double](unsafeUninitializedCapacity: values.count) { buffer, count in
            count = values.count
            guard let target = buffer.baseAddress else { return }
            explainer.contributions(rows: values, rowCount: rows.count, into: target)
        }
        return rows.enumerated().map { index, row in
            reasons(Array(parts[index * width..<(index + 1) * width]), limit: AlertTracker.reasonCount) { row[$0] }
        }
    }
}

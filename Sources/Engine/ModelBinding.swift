public import Forest
public import Plan
public import TensorGraph

/// A model tied to the features of a pipeline: which plan feature fills which column of a row, and what means fraud.
public struct ModelBinding: Sendable {
    /// Name and version, as written into alerts.
    public let id: String
    public let model: ScoringModel
    /// A forest laid out for scoring and for explaining, for all partitions; nil of a graph.
    let engines: ForestEngines?
    let explainer: ForestExplainer?
    /// Decision trees of the model.
    public var treeCount: Int { model.size.trees }
    public var isAnomaly: Bool { model.kind == .anomaly }
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
        try self.init(id: id, model: .forest(forest), typical: typical, plan: plan, negative: negative)
    }

    /// - Throws: ``EngineError`` if a feature or the negative class does not exist, or if the model gives no probabilities.
    public init(
        id: String,
        model: ScoringModel,
        typical: [Double]?,
        plan: PipelinePlan,
        negative: String
    ) throws(EngineError) {
        guard model.givesProbabilities else { throw .noProbabilities(model: id) }
        self.id = id
        self.model = model
        let names = plan.features.map(\.name)
        var features: [Int] = []
        for name in model.featureNames {
            guard let index = names.firstIndex(of: name) else {
                throw .unknownFeature(model: id, feature: name, suggestion: closestName(to: name, among: names))
            }
            features.append(index)
        }
        self.features = features
        guard let negativeClass = model.kind == .anomaly ? 0 : model.classNames.firstIndex(of: negative) else {
            throw .missingNegativeClass(model: id, negative: negative, classes: model.classNames)
        }
        self.negativeClass = negativeClass
        classNames = model.kind == .anomaly ? [negative, "anomaly"] : model.classNames
        if case .forest(let forest) = model {
            engines = ForestEngines(forest)
            explainer = ForestExplainer(forest, awayFrom: negativeClass)
        } else {
            (engines, explainer) = (nil, nil)
        }
        self.typical = typical ?? Array(repeating: .nan, count: features.count)
    }

    /// P(fraud) by a model's results: 1 − P(not fraud) (C10); an anomaly model's only result. NaN where a graph has none: no
    /// threshold is reached then, and it is no score of 0.
    public func score(_ results: UnsafeBufferPointer<Float>) -> Double {
        let score = model.kind == .anomaly ? Double(results[0]) : 1 - Double(results[negativeClass])
        return score.isNaN ? score : min(1, max(0, score))
    }

    /// What each feature of rows of a graph has added: what the score loses if it is unknown. Of no matter where that gives
    /// no score.
    func losses(_ rows: [Double], by graph: GraphModel) -> [Double] {
        let width = features.count
        let count = rows.count / max(1, width)
        var varied: [Double] = []
        varied.reserveCapacity(rows.count * (width + 1))
        for row in 0..<count {
            let values = rows[row * width..<(row + 1) * width]
            varied += values
            for column in 0..<width {
                varied += values
                varied[varied.count - width + column] = typical[column]
            }
        }
        let results = graph.scores(of: varied).map { Float($0) }
        let size = model.scoreCount
        let scores = results.withUnsafeBufferPointer { results in
            (0..<count * (width + 1)).map { score(UnsafeBufferPointer(rebasing: results[$0 * size..<($0 + 1) * size])) }
        }
        return (0..<count).flatMap { row in
            (1...width).map { column in
                let loss = scores[row * (width + 1)] - scores[row * (width + 1) + column]
                return loss.isNaN ? 0 : loss
            }
        }
    }

    /// The most probable class by a model's results, an index into ``classNames``; of an anomaly model 1 from 0.5 on.
    public func predictedClass(_ results: UnsafeBufferPointer<Float>) -> Int {
        guard model.kind != .anomaly else { return results[0] >= 0.5 ? 1 : 0 }
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
        let parts: [Double]
        if case .graph(let graph) = model {
            parts = losses(values, by: graph)
        } else {
            parts = [Double](unsafeUninitializedCapacity: values.count) { buffer, count in
                count = values.count
                guard let target = buffer.baseAddress else { return }
                explainer?.contributions(rows: values, rowCount: rows.count, into: target)
            }
        }
        return rows.enumerated().map { index, row in
            reasons(Array(parts[index * width..<(index + 1) * width]), limit: AlertTracker.reasonCount) { row[$0] }
        }
    }
}

import Base
public import Forest
import TensorGraph

/// A model tied to the features of a pipeline: which feature fills which column of a row, and what the results mean.
public struct ModelBinding: Sendable {
    /// Name and version, as written into alerts.
    public let id: String
    /// What scores and explains, for all partitions.
    public let prepared: any PreparedModel
    public let meaning: ResultMeaning
    /// Whether rows are compared in 64 bits.
    public let takesDoubles: Bool
    /// Decision trees of the model.
    public let treeCount: Int
    /// Index among the pipeline's features of each of the model's features, in the model's order.
    public let features: [Int]
    /// Usual value of each of the model's features among regular events; NaN = unknown.
    public let typical: [Double]

    /// - Parameters:
    ///   - id: Name and version.
    ///   - model: What gives the results.
    ///   - typical: See ``typical``; nil = nothing is known.
    ///   - names: The names of the pipeline's features, in their order.
    ///   - negative: The class that is not fraud.
    /// - Throws: ``ModelError`` if a feature or the negative class does not exist, or if the model gives no
    ///   probabilities.
    public init(
        id: String,
        model: ScoringModel,
        typical: [Double]?,
        features names: [String],
        negative: String
    ) throws(ModelError) {
        guard model.givesProbabilities else { throw .noProbabilities(model: id) }
        var features: [Int] = []
        for name in model.featureNames {
            guard let index = names.firstIndex(of: name) else {
                throw .unknownFeature(model: id, feature: name, suggestion: closestName(to: name, among: names))
            }
            features.append(index)
        }
        guard let meaning = ResultMeaning(model.kind, negative: negative) else {
            throw .missingNegativeClass(model: id, negative: negative, classes: model.classNames)
        }
        self.id = id
        self.meaning = meaning
        self.features = features
        self.typical = typical ?? Array(repeating: .nan, count: features.count)
        takesDoubles = model.takesDoubles
        treeCount = model.size.trees
        prepared = model.prepared(meaning, typical: self.typical)
    }

    /// The same of a forest alone.
    public init(
        id: String,
        forest: ForestModel,
        typical: [Double]?,
        features names: [String],
        negative: String
    ) throws(ModelError) {
        try self.init(id: id, model: .forest(forest), typical: typical, features: names, negative: negative)
    }

    /// The features that moved P(fraud) most, the largest part first; equal parts in the model's order.
    ///
    /// - Parameters:
    ///   - parts: What each of the model's features added.
    ///   - value: The feature's value by its place in the model's order.
    /// - Returns: Their values and parts.
    public func reasons(_ parts: ArraySlice<Double>, value: (Int) -> Double) -> [Reason] {
        let first = parts.startIndex
        let order = parts.indices.sorted { left, right in
            let one = parts[left].magnitude
            let other = parts[right].magnitude
            return one != other ? one > other : left < right
        }
        return order.prefix(Reason.countMax).map { place in
            let column = place - first
            return Reason(
                feature: features[column],
                value: value(column),
                typical: typical[column],
                contribution: parts[place]
            )
        }
    }

    /// Explains rows of the model's features together, which costs little more than one of them alone; the result is
    /// the same.
    ///
    /// - Parameter rows: The values of the model's features, in the model's order.
    /// - Returns: For each row the features that moved its score most, the largest part first.
    public func reasons(of rows: [[Double]]) -> [[Reason]] {
        let width = features.count
        let parts = rows.flatMap(\.self).withUnsafeBufferPointer { values in
            values.baseAddress.map { prepared.contributions(of: RowBlock(.double($0), count: rows.count)) } ?? []
        }
        return rows.enumerated().map { index, row in
            reasons(parts[index * width..<(index + 1) * width]) { row[$0] }
        }
    }

    /// P(fraud) of rows that were collected column by column in 32 bits.
    ///
    /// - Parameter columns: The pipeline's features, all of them, each with one value a row.
    /// - Returns: One score a row.
    public func scores(of columns: [[Float]]) -> [Double] {
        let columns = features.map { columns[$0] }
        let (count, size, block) = (columns.first?.count ?? 0, prepared.resultCount, 1024)
        let scorer = prepared.makeScorer()
        var rows = [Float](repeating: 0, count: block * columns.count)
        var results = [Float](repeating: 0, count: block * size)
        var scores: [Double] = []
        scores.reserveCapacity(count)
        for first in stride(from: 0, to: count, by: block) {
            let rowCount = min(block, count - first)
            for (feature, column) in columns.enumerated() {
                for row in 0..<rowCount { rows[row * columns.count + feature] = column[first + row] }
            }
            rows.withUnsafeBufferPointer { rows in
                results.withUnsafeMutableBufferPointer { results in
                    guard let start = rows.baseAddress, let output = results.baseAddress else { return }
                    scorer.score(RowBlock(.single(start), count: rowCount), into: output)
                }
            }
            results.withUnsafeBufferPointer { results in
                for row in 0..<rowCount {
                    scores.append(meaning.score(UnsafeBufferPointer(rebasing: results[row * size..<(row + 1) * size])))
                }
            }
        }
        return scores
    }
}

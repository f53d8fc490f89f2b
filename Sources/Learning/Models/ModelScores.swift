public import Bytes
import Forest
import ForestFormats
public import Models
import TensorGraph

/// What a model says of rows, as the libraries print it: a single probability of two, margins, results or the class.
public final class ModelScores {
    /// What is printed of a row.
    public enum Kind: Sendable {
        case results, margins
        /// The number of the class with the largest margin, the first of several.
        case classNumber

        /// What the model's library prints.
        public static func usual(of metadata: JSONValue) -> Kind {
            ImportedModel.predictsClass(metadata) ? .classNumber : .results
        }
    }

    private let model: ScoringModel
    /// Of a forest.
    private let forest: (scorer: ForestScorer, transform: MarginTransform)?
    private let kind: Kind
    private let isSingle: Bool
    private let outputCount: Int
    /// The column's names.
    public let header: [String]

    /// - Throws: ``LearningError/request(_:)`` for margins of a graph, which has none.
    public init(_ model: ScoringModel, _ kind: Kind) throws(LearningError) {
        self.model = model
        self.kind = kind
        let count: Int
        switch model {
        case .forest(let model):
            forest = (ForestScorer(model), MarginTransform(model))
            isSingle = model.precision == .single
            outputCount = model.outputCount
            count = kind == .margins || model.outputCount == 1 ? model.outputCount : model.resultCount
        case .graph(let graph):
            guard kind == .results else {
                throw .request("--margin: a graph of operators has no sums before its result")
            }
            forest = nil
            isSingle = graph.isSingle
            outputCount = graph.resultCount
            count = model.classNames.count == 2 ? 1 : graph.resultCount
        }
        let name = kind == .margins ? "margin" : "pred"
        header = count == 1 || kind == .classNumber ? [name] : (0..<count).map { "\(name)\($0)" }
    }

    /// Scores rows.
    ///
    /// - Parameter rows: [row][feature], NaN = missing.
    /// - Returns: [row][column of the header].
    public func of(_ rows: [Double]) -> [Double] {
        let count = rows.count / model.featureNames.count
        guard let (scorer, transform) = forest else {
            guard case .graph(let graph) = model else { return [] }
            let results = graph.results(of: rows)
            guard header.count < outputCount else { return results }
            return stride(from: 1, to: results.count, by: 2).map { results[$0] }
        }
        var sums = Array(repeating: 0.0, count: count * outputCount)
        scorer.margins(rows: rows, rowCount: count, into: &sums)
        switch kind {
        case .margins: return sums
        case .classNumber:
            return (0..<count).map { row in
                Double(ResultMeaning.mostProbable(sums[row * outputCount..<(row + 1) * outputCount]))
            }
        case .results: break
        }
        let width = header.count
        let skipped = transform.resultCount - width
        var results = Array(repeating: 0.0, count: count * width)
        var line = Array(repeating: 0.0, count: transform.resultCount)
        for row in 0..<count {
            sums.withUnsafeBufferPointer { sums in
                if let base = sums.baseAddress { transform(base + row * outputCount, into: &line) }
            }
            for index in 0..<width { results[row * width + index] = line[skipped + index] }
        }
        return results
    }

    /// The fewest digits that are read as the same number, of the model's precision.
    public func spelled(_ number: Double) -> String { isSingle ? Float(number).description : number.description }
}

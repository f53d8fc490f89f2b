import ArgumentParser
import Bytes
import Forest
import ForestFormats
import Foundation
import Models
import TensorGraph

/// `models score`
struct ModelsScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Score rows of a CSV file with a model of any supported format.",
        discussion: """
            The CSV has a header and one number a field; an empty field or nan is a missing value; True and False are 1 \
            and 0. Categories are given by name where the model's file has the names (LightGBM, XGBoost from 3.1 on), and a \
            name that it does not have is a missing value; else, and with --category-codes, by number. A model with feature \
            names finds its columns by them, in any order; others stay unused, and nothing is scored if one is missing. A \
            model without names of its own (f0, f1 …, as arrays and ONNX have them) takes the columns in order, and exactly \
            as many as it has features. For every row comes one row: `pred`, the value or the probability of the second of \
            two classes; with more classes or outputs `pred0`, `pred1` and so on. XGBoost's multi:softmax predicts the \
            number of the class. With --margin the sums before sigmoid, softmax or exponential come instead (`margin`, or \
            `margin0` and so on).

            All trees count, as in XGBoost's Booster.predict. Where training stopped early, --best-iteration counts those \
            up to the best iteration only, as XGBClassifier.predict_proba does.

              patternalarm models score xgboost.json rows.csv > predictions.csv
              patternalarm models score lightgbm.txt rows.csv --margin
              patternalarm models score forest.onnx - < rows.csv
              patternalarm models score stopped.json rows.csv --best-iteration
              patternalarm models score lightgbm.txt coded.csv --category-codes
            """
    )

    enum ScoreFormat: String, ExpressibleByArgument, CaseIterable {
        case csv
    }

    @Argument(help: "Model file or folder.")
    var model: String

    @Argument(help: "CSV file, also packed; - is standard input.")
    var rows: String

    @Option(help: "Only csv.")
    var format: ScoreFormat = .csv

    @Flag(help: "Sums of the leaves instead of predictions.")
    var margin = false

    @Flag(help: "Rows hold the numbers of categories, in the order of training, not their names.")
    var categoryCodes = false

    @Flag(help: "Only the trees up to the iteration that XGBoost's early stopping noted as the best.")
    var bestIteration = false

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in try score() }
    }

    private func score() throws(CommandError) {
        let loaded = try ModelDirectory.load(model, name: "model", upToBest: bestIteration)
        for note in loaded.notes { Output.talk("note: \(note)") }
        let scores = try ModelScores(loaded.model, margin ? .margins : .usual(of: loaded.metadata))
        let file = try RowFile(rows)
        // Predictions may stand beside the features, as in a self-test's file.
        let columns = try file.columns(of: loaded.model, beside: Set(scores.header))
        if !categoryCodes { file.readCategories(of: loaded.model, in: columns) }
        Output.data(scores.header.joined(separator: ",") + "\n")
        var out: [UInt8] = []
        while try file.next() {
            out.removeAll(keepingCapacity: true)
            let numbers = scores.of(file.values(columns))
            for (index, number) in numbers.enumerated() {
                if index % scores.header.count > 0 { out.append(0x2C) }
                out += scores.spelled(number).utf8
                if index % scores.header.count == scores.header.count - 1 { out.append(0x0A) }
            }
            Output.data(out)
        }
        for words in file.unknownCategories { Output.talk("note: \(words)") }
    }
}

/// What a model says of rows, as the libraries print it: a single probability of two, margins, results or the class.
final class ModelScores {
    /// What is printed of a row.
    enum Kind {
        case results, margins
        /// The number of the class with the largest margin, the first of several.
        case classNumber

        static func usual(of metadata: JSONValue) -> Kind {
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
    let header: [String]

    /// - Throws: ``CommandError/usage(_:)`` for margins of a graph, which has none.
    init(_ model: ScoringModel, _ kind: Kind) throws(CommandError) {
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
            guard kind == .results else { throw .usage("--margin: a graph of operators has no sums before its result") }
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
    func of(_ rows: [Double]) -> [Double] {
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
    func spelled(_ number: Double) -> String { isSingle ? Float(number).description : number.description }
}

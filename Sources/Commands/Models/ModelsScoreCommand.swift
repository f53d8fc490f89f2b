import ArgumentParser
import Forest
import Foundation

/// `models score`
struct ModelsScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Score rows of a CSV file with a model of any supported format.",
        discussion: """
            The CSV has a header and one number a field; an empty field or nan is a missing value, and categories are \
            given as numbers. Columns are found by the model's feature names; if none of them is in the header, they are \
            taken in order. For every row comes one row: `pred`, the value or the probability of the second of two \
            classes; with more classes or outputs `pred0`, `pred1` and so on. With --margin the sums before sigmoid, \
            softmax or exponential come instead (`margin`, or `margin0` and so on).

              patternalarm models score xgboost.json rows.csv > predictions.csv
              patternalarm models score lightgbm.txt rows.csv --margin
              patternalarm models score forest.onnx - < rows.csv
            """
    )

    enum ScoreFormat: String, ExpressibleByArgument, CaseIterable {
        case csv
    }

    @Argument(help: "Model file or folder.")
    var model: String

    @Argument(help: "CSV file, also as .lz4; - is standard input.")
    var rows: String

    @Option(help: "Only csv.")
    var format: ScoreFormat = .csv

    @Flag(help: "Sums of the leaves instead of predictions.")
    var margin = false

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in try score() }
    }

    private func score() throws(CommandError) {
        let loaded = try ModelDirectory.load(model, name: "model")
        for note in loaded.notes { Output.talk("note: \(note)") }
        let scores = ModelScores(loaded.file.forest, margins: margin)
        let file = try RowFile(rows)
        let columns = try file.columns(of: loaded.file.forest.featureNames)
        Output.data(scores.header.joined(separator: ",") + "\n")
        var out: [UInt8] = []
        while try file.next() {
            out.removeAll(keepingCapacity: true)
            for row in file.values(columns) {
                for (index, number) in scores.of(row).enumerated() {
                    if index > 0 { out.append(0x2C) }
                    out += scores.spelled(number).utf8
                }
                out.append(0x0A)
            }
            Output.data(out)
        }
    }
}

/// What a model says of rows, as the libraries print it: a single probability of two, margins or results.
struct ModelScores {
    private let reference: ReferenceForest
    private let margins: Bool
    private let isSingle: Bool
    /// The column's names.
    let header: [String]

    init(_ model: ForestModel, margins: Bool) {
        reference = ReferenceForest(model)
        self.margins = margins
        isSingle = model.precision == .single
        let count = margins || model.outputCount == 1 ? model.outputCount : model.resultCount
        let name = margins ? "margin" : "pred"
        header = count == 1 ? [name] : (0..<count).map { "\(name)\($0)" }
    }

    func of(_ row: [Float]) -> [Double] {
        if margins { return reference.margins(of: row) }
        let results = reference.results(of: row)
        return header.count == 1 ? [results[results.count - 1]] : results
    }

    /// The fewest digits that are read as the same number, of the model's precision.
    func spelled(_ number: Double) -> String { isSingle ? Float(number).description : number.description }
}

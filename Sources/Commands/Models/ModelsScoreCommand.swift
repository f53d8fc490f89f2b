import ArgumentParser
import Console
import Learning
import Tables

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
        let loaded = try CommandError.running { () throws(LearningError) in
            try ModelDirectory.load(model, name: "model", upToBest: bestIteration)
        }
        for note in loaded.notes { Output.talk("note: \(note)") }
        let scores = try CommandError.running { () throws(LearningError) in
            try ModelScores(loaded.model, margin ? .margins : .usual(of: loaded.metadata))
        }
        let file = try RowFile(rows)
        // Predictions may stand beside the features, as in a self-test's file.
        let (columns, note) = try CommandError.running { () throws(LearningError) in
            try file.columns(of: loaded.model, beside: Set(scores.header))
        }
        if let note { Output.talk(note) }
        if !categoryCodes { file.readCategories(of: loaded.model, in: columns) }
        Output.data(scores.header.joined(separator: ",") + "\n")
        var out: [UInt8] = []
        while try CommandError.running({ () throws(TableError) in try file.next() }) {
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

import ArgumentParser
import Base
import Console
import Learning
import Models
import PipelineFiles
import Tables
import TensorGraph

/// `models import`
struct ModelsImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take in a model of XGBoost, LightGBM, ONNX or scikit-learn (through ONNX) as a new version.",
        discussion: """
            The model is checked, translated into our own format and put into MODELS/NAME/VERSION, which is written once \
            and never changed; --model MODELS/NAME then means its newest version. Versions count from 1.

            With --pipeline the model's features must be the pipeline's. Files without feature names (ONNX, arrays) get \
            them with --features, in the model's order. Classes that have no names but 0 and 1 are called what the \
            pipeline's labels call not fraud ("regular" without labels), and "fraud"; --classes gives others. Of classes \
            that neither labels nor the name "regular" tell apart, the first of two is not fraud; --negative names another.

            With --self-test the model must reproduce predictions of the library that it comes from: the CSV holds the \
            features and beside them, or in a second file, what `models score` would print (pred, or pred0, pred1 …; \
            margin too). They may differ by 1e-6.

            --best-iteration takes the trees up to the iteration that XGBoost's early stopping noted as the best: what \
            XGBClassifier.predict_proba uses. Without it all trees are taken, as Booster.predict uses them.

              patternalarm models import xgboost.json --name cards --pipeline cards.yaml
              patternalarm models import forest.onnx --name cards \\
                --features amount,count_1h --self-test rows.csv
              patternalarm replay cards.jsonl --pipeline cards.yaml --model models/cards
            """
    )

    @Argument(help: "Model file.")
    var file: String

    @Option(help: "What the model is called: letters, digits, dot, dash and underscore.")
    var name: String

    @Option(help: "Folder of models.")
    var models = "models"

    @Option(help: "Pipeline file, or the name of a built-in one, whose features the model's must be.")
    var pipeline: String?

    @Option(help: "Names of the features, with commas between them, in the model's order.")
    var features: String?

    @Option(help: "Names of the classes, with commas between them, in the model's order.")
    var classes: String?

    @Option(help: "The class that is not fraud.")
    var negative: String?

    @Option(help: "CSV file of rows whose predictions must come out.")
    var selfTest: String?

    @Option(help: "CSV file with the predictions of the self-test's rows, in the same order.")
    var expect: String?

    @Flag(help: "The self-test's rows hold the numbers of categories, not their names.")
    var categoryCodes = false

    @Flag(help: "Only the trees up to the iteration that XGBoost's early stopping noted as the best.")
    var bestIteration = false

    func validate() throws {
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
        guard !name.isEmpty, name.count <= 100, name.allSatisfy({ allowed.contains($0) }), name.first != "." else {
            throw ValidationError("--name is made of letters, digits, dot, dash and underscore.")
        }
        guard expect == nil || selfTest != nil else { throw ValidationError("--expect goes with --self-test.") }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in try take() }
    }

    private func take() throws(CommandError) {
        let plan = try pipeline.map { name throws(CommandError) in try PipelineFile.loaded(name).plan }
        let source = try CommandError.running { () throws(LearningError) in
            try ModelDirectory.load(file, name: name, upToBest: bestIteration)
        }
        for note in source.notes { Output.talk("note: \(note)") }
        func list(_ names: String?) -> [String]? {
            names?.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
        }
        let names = ModelImport.Names(name: name, features: list(features), classes: list(classes), negative: negative)
        let imported = try CommandError.running { () throws(LearningError) in
            try ModelImport(source, file: file, names: names, plan: plan)
        }
        let tested = try selfTest.map { rows throws(CommandError) in try test(imported, rows) } ?? ""
        let (path, isNew) = try CommandError.running { () throws(LearningError) in
            try imported.write(into: models + "/" + name)
        }
        guard isNew else { return Output.talk("\(path) is this model already\(tested)") }
        Output.talk(
            "\(path): \(grouped(imported.model.size.trees)) trees, \(imported.model.featureNames.count) features, "
                + "sha256 \(SHA256.hexadecimal(of: imported.bytes).prefix(16))…\(tested)"
        )
    }

    /// Says what came out.
    private func test(_ imported: ModelImport, _ rows: String) throws(CommandError) -> String {
        let test = SelfTest(imported.model, imported.metadata, readsNames: !categoryCodes)
        let file = try RowFile(rows)
        let columns = try CommandError.running { () throws(LearningError) in try test.columns(of: file) }
        if let note = columns.note { Output.talk(note) }
        let expected = try expect.map { path throws(CommandError) in try RowFile(path) }
        let result = try CommandError.running { () throws(LearningError) in
            try test.run(file, columns.places, expected: expected)
        }
        return "; \(grouped(result.rows)) rows as expected, largest difference \(result.largest)"
    }
}

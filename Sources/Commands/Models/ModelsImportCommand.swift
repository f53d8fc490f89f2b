import ArgumentParser
import Base
import Bytes
import Forest
import ForestFormats
import Foundation
import Models
import Plan
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
        let plan = try pipeline.map { name throws(CommandError) in try PipelineFile.load(name).plan }
        let source = try ModelDirectory.load(file, name: name, upToBest: bestIteration)
        for note in source.notes { Output.talk("note: \(note)") }
        let renamed = try renamed(source.model, plan)
        let origin: [JSONValue.Member] = [
            .init("file", .text(URL(fileURLWithPath: file).lastPathComponent)),
            .init("format", .text(source.format.rawValue)),
            .init("sha256", .text(source.sha256)),
        ]
        var metadata: [JSONValue.Member] = [.init("name", .text(name)), .init("source", .object(origin))]
        let negative = try notFraud(among: renamed.classNames, plan)
        if let negative { metadata.append(.init("negative", .text(negative))) }
        if case .object(let members) = source.metadata {
            metadata += members.filter { member in !metadata.contains { $0.key == member.key } }
        }
        let bytes = ImportedModel.encode(renamed, metadata: .object(metadata))
        // What will be read is what is tested.
        let read: ImportedModel
        do throws(ForestError) { read = try ImportedModel(decoding: bytes) } catch { throw .plan(error.description) }
        let model = read.model
        if var plan {
            try ModelDirectory.nameCategories(of: &plan, by: model, place: file)
            try ModelDirectory.requireNames(plan)
            do throws(ModelError) {
                _ = try ModelBinding(
                    id: name,
                    model: model,
                    typical: nil,
                    features: plan.features.map(\.name),
                    negative: negative ?? ModelDirectory.usualNegative
                )
            } catch {
                throw .plan("\(file): error: \(error.description)")
            }
        }
        var tested = ""
        if let selfTest {
            let result = try SelfTest(model, read.metadata, readsNames: !categoryCodes).run(selfTest, expected: expect)
            tested = "; \(grouped(result.rows)) rows as expected, largest difference \(result.largest)"
        }
        let folder = models + "/" + name
        let versions = ModelDirectory.versions(in: folder)
        if let last = versions.last, FileManager.default.contents(atPath: "\(folder)/\(last)/model.json") == Data(bytes)
        {
            Output.talk("\(folder)/\(last) is this model already\(tested)")
            return
        }
        let target = "\(folder)/\((versions.last ?? 0) + 1)"
        try ModelDirectory.write(model, metadata: read.metadata, bytes: bytes, to: target)
        Output.talk(
            "\(target): \(grouped(model.size.trees)) trees, \(model.featureNames.count) features, "
                + "sha256 \(SHA256.hexadecimal(of: bytes).prefix(16))…\(tested)"
        )
    }

    /// The class that is not fraud; nil where the pipeline that will use the model has to say so.
    private func notFraud(among classes: [String], _ plan: PipelinePlan?) throws(CommandError) -> String? {
        if let negative {
            guard classes.contains(negative) else {
                throw .plan("\(file): error: there is no class \(negative) among \(classes.joined(separator: ", "))")
            }
            return negative
        }
        if let known = plan?.labels?.negative { return known }
        if classes.contains(ModelDirectory.usualNegative) { return ModelDirectory.usualNegative }
        return classes.count == 2 ? classes[0] : nil
    }

    private func renamed(_ model: ScoringModel, _ plan: PipelinePlan?) throws(CommandError) -> ScoringModel {
        func names(_ list: String?) -> [String]? {
            list?.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
        }
        var classNames = names(classes)
        if classNames == nil, model.classNames == ["0", "1"], let plan {
            classNames = [plan.labels?.negative ?? ModelDirectory.usualNegative, "fraud"]
        }
        do throws(ForestError) {
            return try model.renamed(features: names(features), classes: classNames)
        } catch {
            throw .plan("\(file): error: \(error.description)")
        }
    }
}

/// Compares a model with predictions that its library has made.
struct SelfTest {
    private let model: ScoringModel
    private let metadata: JSONValue
    private let readsNames: Bool
    private static let tolerance = 1e-6

    /// - Parameters:
    ///   - model: What is tested.
    ///   - metadata: What its file says beside it.
    ///   - readsNames: Whether rows hold the names of categories that the model knows.
    init(_ model: ScoringModel, _ metadata: JSONValue, readsNames: Bool) {
        self.model = model
        self.metadata = metadata
        self.readsNames = readsNames
    }

    /// What predictions may be given as: those of classes also as the class where the library has it so.
    private func scores() throws(CommandError) -> [ModelScores] {
        var kinds: [ModelScores.Kind] = [.results]
        if ImportedModel.predictsClass(metadata) { kinds.insert(.classNumber, at: 0) }
        if case .forest = model { kinds.append(.margins) }
        var scores: [ModelScores] = []
        for kind in kinds { scores.append(try ModelScores(model, kind)) }
        return scores
    }

    /// Runs over all rows.
    ///
    /// - Parameters:
    ///   - path: CSV file of features; also of predictions, unless they are in another one.
    ///   - expected: CSV file of predictions, row for row.
    /// - Returns: How many rows there were, and the largest difference; relative for numbers above 1.
    /// - Throws: ``CommandError/plan(_:)`` with the first row that differs.
    func run(_ path: String, expected: String?) throws(CommandError) -> (rows: Int, largest: Double) {
        let file = try RowFile(path)
        let outcomes = Set(try scores().flatMap(\.header))
        let columns = try file.columns(of: model, beside: outcomes)
        if readsNames { file.readCategories(of: model, in: columns) }
        guard let expected else {
            return try compare(file, columns, path) { file throws(CommandError) in file.rows }
        }
        let predictions = try RowFile(expected)
        return try compare(file, columns, expected) { file throws(CommandError) in
            _ = try predictions.next()
            guard predictions.rows.rowCount == file.rows.rowCount else {
                throw .input("\(expected): there are not as many rows as in \(path)")
            }
            return predictions.rows
        }
    }

    private func compare(
        _ file: RowFile,
        _ columns: [Int],
        _ path: String,
        predictions: (RowFile) throws(CommandError) -> FeatureRows
    ) throws(CommandError) -> (rows: Int, largest: Double) {
        let kinds = try scores()
        var count = 0
        var largest = 0.0
        while try file.next() {
            let expected = try predictions(file)
            let places = kinds.map { kind in kind.header.map { expected.names.firstIndex(of: $0) } }
            guard places.contains(where: { $0.contains { $0 != nil } }) else {
                let names = Set(kinds.map { $0.header[0] }).sorted().joined(separator: " or ")
                throw .input("\(path): no column is named \(names)")
            }
            let values = file.values(columns)
            for (kind, places) in zip(kinds, places) where places.contains(where: { $0 != nil }) {
                for (position, number) in kind.of(values).enumerated() {
                    let (row, index) = position.quotientAndRemainder(dividingBy: places.count)
                    guard let place = places[index] else { continue }
                    let wanted = expected.values[row * expected.names.count + place]
                    let difference = abs(number - wanted) / max(1, abs(wanted))
                    guard difference <= Self.tolerance else {
                        throw .plan(
                            "\(path): row \(grouped(count + row + 1)): \(kind.header[index]) is \(number), "
                                + "but \(wanted) is expected: the model is not taken"
                        )
                    }
                    largest = max(largest, difference)
                }
            }
            count += expected.rowCount
        }
        guard count > 0 else { throw .input("\(path): there are no rows to test with") }
        return (count, largest)
    }
}

import ArgumentParser
import Forest
import ForestTraining
import Foundation
import Learning
import Tables

/// `bench train`
struct BenchTrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "CPU-seconds of a training, and how good the model is on other rows.",
        discussion: """
            Rows come from .npy files (with the labels in another one) or from CSV with a header (with the labels in a \
            column). Labels are whole numbers from 0; 0 is not fraud. Reading is not timed, choosing bins is. Times are \
            the best of the runs.

              patternalarm bench train Xtr.npy --labels ytr.npy --test Xte.npy \\
                --test-labels yte.npy --algorithm boosting --threads 1
              patternalarm bench train train.csv --test test.csv --label is_fraud \\
                --algorithm forest --trees 100
            """
    )

    @Argument(help: "Rows to train on.")
    var rows: String

    @Option(help: "Labels of the rows, as .npy.")
    var labels: String?

    @Option(help: "Rows to judge by.")
    var test: String

    @Option(help: "Labels of the rows to judge by, as .npy.")
    var testLabels: String?

    @Option(help: "Column of the labels in CSV.")
    var label = "label"

    @OptionGroup(title: "Algorithm") var training: TrainingOptions

    @Option(help: "Runs.")
    var runs = 3

    @Option(help: "Where to write the scores of the rows to judge by, one a line.")
    var scores: String?

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs must be at least 1.") }
        guard training.earlyStoppingRounds == nil, training.calibration == .none else {
            throw ValidationError("--early-stopping-rounds and --calibration need `train`, which sets events apart.")
        }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in try measure() }
    }

    private func measure() throws(CommandError) {
        var classCount = 2
        let set = try read(rows, labels, &classCount)
        let judged = try read(test, testLabels, &classCount)
        let names = (0..<classCount).map { String($0) }
        let (training, validation) = (set(names), judged(names))
        guard training.featureNames == validation.featureNames else {
            throw .input("\(rows) and \(test) have different columns")
        }
        let recipe = self.training.settings.recipe(negativeClass: 0)
        var best: Cost?
        var trained: TrainedForest?
        for _ in 0..<runs {
            let before = Cost.now
            do throws(ForestError) {
                trained = try recipe.fit(training, training: [], validation: [], threads: self.training.threads).final
            } catch {
                throw .plan(error.description)
            }
            let cost = Cost.now - before
            if best.map({ cost.cpu < $0.cpu }) ?? true { best = cost }
        }
        guard let best, let trained else { return }
        try report(best, trained, training, validation)
    }

    private func report(
        _ cost: Cost,
        _ trained: TrainedForest,
        _ set: TrainingSet,
        _ judged: TrainingSet
    ) throws(CommandError) {
        let fraud = judged.fraudScores(of: trained.model, negativeClass: 0)
        let truth = judged.labels.map { $0 != 0 }
        let report = BinaryReport(truth: truth, decided: truth, scores: fraud)
        let predicted = trained.model.classNames.isEmpty ? [] : judged.predictedClasses(of: trained.model)
        let right = zip(predicted, judged.labels).count { $0 == Int($1) }
        let accuracy = predicted.isEmpty ? nil : Double(right) / Double(max(1, predicted.count))
        let leaves = trained.model.trees.reduce(0) { $0 + $1.leafCount }
        var listing = Listing(columns: ["figure", "value"], rows: [])
        func add(_ name: String, _ cell: Cell) { listing.rows.append([.text(name), cell]) }
        add("rows", .integer(set.rowCount))
        add("features", .integer(set.columns.count))
        add("classes", .integer(set.classNames.count))
        add("threads", .integer(training.threads))
        add("trees", .integer(trained.model.trees.count))
        add("leaves_per_tree", .number(Double(leaves) / Double(max(1, trained.model.trees.count)), decimals: 1))
        add("cpu_s", .number(cost.cpu, decimals: 3))
        add("wall_s", .number(cost.wall, decimals: 3))
        add("test_rows", .integer(judged.rowCount))
        add("accuracy", .optional(accuracy))
        add("roc_auc", .optional(report.areaUnderROC))
        add("average_precision", .optional(report.areaUnderPR))
        add("brier", .number(Reliability(scores: fraud, truth: truth).brier, decimals: 5))
        listing.write(as: format)
        guard let scores else { return }
        do {
            try fraud.map { "\($0)\n" }.joined().write(toFile: scores, atomically: true, encoding: .utf8)
        } catch {
            throw .storage("cannot write \(scores): \(error.localizedDescription)")
        }
    }

    /// Reads rows and labels; the set is made once the number of classes of all files is known.
    private func read(
        _ path: String,
        _ labels: String?,
        _ classCount: inout Int
    ) throws(CommandError) -> ([String]) -> TrainingSet {
        let table = try CommandError.tabling { () throws(TableError) in try NumberTable(path) }
        var features = Array(table.names.indices)
        let values: [Float]
        if let labels {
            let others = try CommandError.tabling { () throws(TableError) in try NumberTable(labels) }
            values = others.names.isEmpty ? [] : others.floats(of: 0)
        } else if let column = table.names.firstIndex(of: label) {
            features.remove(at: column)
            values = table.floats(of: column)
        } else {
            throw .input("\(path) has no column \"\(label)\": name it with --label, or give its labels as a file")
        }
        guard values.count == table.rowCount, !values.isEmpty else {
            throw .input("\(path): \(table.rowCount) rows and \(values.count) labels do not fit")
        }
        for value in values {
            guard value >= 0, value < 1024, value == value.rounded() else {
                throw .input("\(path): the label \(value) is not a whole number from 0 to 1023")
            }
            classCount = max(classCount, Int(value) + 1)
        }
        let (names, columns) = (features.map { table.names[$0] }, features.map { table.floats(of: $0) })
        return { classNames in
            TrainingSet(
                featureNames: names,
                classNames: classNames,
                columns: columns,
                labels: values.map { UInt16($0) }
            )
        }
    }
}

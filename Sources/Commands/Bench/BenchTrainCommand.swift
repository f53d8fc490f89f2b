import ArgumentParser
import Bench
import Console
import ForestTraining
import Foundation
import Learning

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
        let benchmark = try TrainingBenchmark(
            try LabelledRows(rows, labels: labels, column: label),
            try LabelledRows(test, labels: testLabels, column: label),
            recipe: training.settings.recipe(negativeClass: 0),
            threads: training.threads,
            runs: runs
        )
        benchmark.listing.write(as: format)
        guard let scores else { return }
        do {
            let text = benchmark.scores.map { "\($0)\n" }.joined()
            try text.write(toFile: scores, atomically: true, encoding: .utf8)
        } catch {
            throw .storage("cannot write \(scores): \(error.localizedDescription)")
        }
    }
}

import ArgumentParser
import Base
import Console
import Forest
import ForestFormats
import Foundation
import Learning

/// `models export`
struct ModelsExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a model for XGBoost or ONNX Runtime.",
        discussion: """
            A random forest's probabilities become an XGBoost model with one target a class, whose predictions they are. \
            Leaves, and thresholds of 64 bits (LightGBM), are rounded to 32; what a format cannot say is refused by name.

              patternalarm models export patternalarm --format onnx -o forest.onnx
              patternalarm models export models/cards --format xgboost -o cards.json
              patternalarm models export lightgbm.txt --format onnx -o lightgbm.onnx
            """
    )

    enum Target: String, ExpressibleByArgument, CaseIterable {
        case xgboost, onnx
    }

    @Argument(help: "Model file or folder, a name in the folder models, or the name of a built-in model.")
    var model: String

    @Option(help: "xgboost or onnx.")
    var format: Target

    @Option(name: .shortAndLong, help: "File to write; it must not exist yet.")
    var output: String

    @Flag(help: "Leave the calibration out, which other formats do not have.")
    var uncalibrated = false

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in try export() }
    }

    private func export() throws(CommandError) {
        let files = FileManager.default
        let place = [model, "models/" + model].first { files.fileExists(atPath: $0) }
        let source = try CommandError.running { () throws(LearningError) in
            try ModelDirectory.load(place, name: place == nil ? model : "model")
        }
        let whole = try CommandError.running { () throws(LearningError) in try source.forest() }
        let bytes: [UInt8]
        do {
            let forest = uncalibrated ? try whole.calibrated(nil) : whole
            bytes =
                switch format {
                case .xgboost: try XGBoostWriter.encode(forest)
                case .onnx: try ONNXWriter.encode(forest)
                }
        } catch {
            throw .plan("\(source.path): error: \(error)")
        }
        guard !files.fileExists(atPath: output) else { throw .usage("\(output) exists already") }
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: output), options: .atomic)
        } catch {
            throw .storage("cannot write \(output): \(error.localizedDescription)")
        }
        if let loss = whole.lossOf32Bits { Output.talk("note: \(loss)") }
        Output.talk(
            "\(output): \(grouped(whole.trees.count)) trees, \(grouped(bytes.count)) bytes; columns in this order:"
        )
        Output.talk(whole.featureNames.joined(separator: ","))
    }
}

import ArgumentParser
import Bytes
import Console
import Forest
import ForestFormats
import Learning
import Models
import PipelineFiles
import TensorGraph

/// `models check`
struct ModelsCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check that a model file is whole and can be scored; exit code 3 if not.",
        discussion: """
            Everything that scoring relies on is checked: the checksum (of our own files), every node's feature and \
            children, thresholds and leaves. With --pipeline also that the pipeline defines the model's features. Formats \
            are told by the content: XGBoost JSON and UBJSON, LightGBM text, ONNX, and our own.

              patternalarm models check my-model
              patternalarm models check xgboost.json lightgbm.txt forest.onnx
              patternalarm models check model.json --pipeline payments.yaml --format json
            """
    )

    @Argument(help: "Model folders or files.")
    var files: [String]

    @Option(help: "Pipeline file, or the name of a built-in one, that is to use the model.")
    var pipeline: String?

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let plan = try pipeline.map { name throws(CommandError) in try PipelineFile.loaded(name).plan }
            var listing = Listing(
                columns: ["file", "format", "result", "trees", "nodes", "depth", "features", "classes", "sha256"],
                rows: []
            )
            for path in files {
                let model = try CommandError.running { () throws(LearningError) in
                    let model = try ModelDirectory.load(path, name: "model")
                    if var plan { _ = try ModelDirectory.bind(&plan, path: path) }
                    return model
                }
                let size = model.model.size
                for note in model.notes { Output.talk("\(path): note: \(note)") }
                listing.rows.append([
                    .text(path), .text(model.format.rawValue), .text(model.model.kind.name), .integer(size.trees),
                    .integer(size.nodes), .integer(size.depth), .integer(model.model.featureNames.count),
                    .text(model.model.classNames.joined(separator: " ")), .text(model.sha256),
                ])
            }
            listing.write(as: format)
        }
    }
}

extension ForestModel.Kind {
    /// In a word.
    var name: String {
        switch self {
        case .classification: "classes"
        case .regression: "value"
        case .anomaly: "anomaly"
        }
    }
}

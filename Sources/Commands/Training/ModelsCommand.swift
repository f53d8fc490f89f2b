import ArgumentParser
import Bytes
import Forest

/// `models`: look at models.
struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Check model files.",
        subcommands: [ModelsCheckCommand.self]
    )
}

/// `models check`
struct ModelsCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check that a model file is whole and can be scored; exit code 3 if not.",
        discussion: """
            Everything that scoring relies on is checked: the checksum, every node's feature and children, thresholds and \
            probabilities. With --pipeline also that the pipeline defines the model's features.

              patternalarm models check my-model
              patternalarm models check model.json --pipeline payments.yaml --format json
            """
    )

    @Argument(help: "Model folders or files.")
    var files: [String]

    @Option(help: "Pipeline file, or the name of a built-in one, that is to use the model.")
    var pipeline: String?

    @Option(help: "table, csv, json or jsonl.")
    var format: OutputFormat = .table

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let plan = try pipeline.map { name throws(CommandError) in try PipelineFile.load(name).plan }
            var listing = Listing(columns: ["file", "trees", "nodes", "features", "classes", "sha256"], rows: [])
            for path in files {
                let model = try ModelDirectory.load(path, name: "model")
                if let plan { _ = try ModelDirectory.bind(plan, path: path) }
                let forest = model.file.forest
                listing.rows.append([
                    .text(path), .integer(forest.trees.count), .integer(forest.trees.reduce(0) { $0 + $1.nodeCount }),
                    .integer(forest.featureNames.count), .text(forest.classNames.joined(separator: " ")),
                    .text(model.sha256),
                ])
            }
            listing.write(as: format)
        }
    }
}

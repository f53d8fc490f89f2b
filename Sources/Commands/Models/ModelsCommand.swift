import ArgumentParser

/// `models`: look at models, take in those of other libraries, and give ours to them.
struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Check, score, import and export models: XGBoost, LightGBM, ONNX, scikit-learn, and our own.",
        subcommands: [
            ModelsCheckCommand.self, ModelsScoreCommand.self, ModelsImportCommand.self,
            ModelsExportCommand.self,
        ]
    )
}

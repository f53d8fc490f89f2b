import ArgumentParser
import Plan

/// What every command that runs the engine takes.
struct EngineOptions: ParsableArguments {
    @Option(help: "Pipeline file, or the name of a built-in one.")
    var pipeline: String?

    @Option(help: "Model folder or file (default: the built-in model that the pipeline names).")
    var model: String?

    @Option(help: "Format of the recordings; told by their names otherwise.")
    var format: RecordingFormat?

    func plan() throws(CommandError) -> PipelinePlan { try PipelineFile.load(pipeline).plan }
}

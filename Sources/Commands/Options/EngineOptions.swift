import ArgumentParser
import Console
import PipelineFiles
import Plan
import Recordings

/// Which pipeline, and which model its detectors use.
struct PlanOptions: ParsableArguments {
    @Option(help: "Pipeline file, or the name of a built-in one.")
    var pipeline: String?

    @Option(help: "Model folder or file (default: the built-in model that the pipeline names).")
    var model: String?

    func plan() throws(CommandError) -> PipelinePlan { try PipelineFile.loaded(pipeline).plan }
}

/// What every command that runs the engine over recordings takes.
struct EngineOptions: ParsableArguments {
    @OptionGroup var planning: PlanOptions

    @Option(help: "Format of the recordings; told by their names otherwise.")
    var format: RecordingFormat?

    @OptionGroup var recordings: RecordingOptions

    var reading: RecordingReading { recordings.reading(format) }

    var model: String? { planning.model }

    func plan() throws(CommandError) -> PipelinePlan { try planning.plan() }
}

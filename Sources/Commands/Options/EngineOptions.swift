import ArgumentParser
import Console
import InForce
import PipelineFiles
import Plan
import Recordings
import Runtime

/// Which pipeline, and which model its detectors use.
struct PlanOptions: ParsableArguments {
    @Option(help: "Pipeline file, or the name of a built-in one (default: what is in force in the data directory).")
    var pipeline: String?

    @Option(help: "Model folder or file (default: what is in force, or the built-in model that the pipeline names).")
    var model: String?

    func plan() throws(CommandError) -> PipelinePlan { try PipelineFile.loaded(pipeline).plan }

    /// The pipeline with its models; what is not named is as it is in force in the data directory.
    func definitions(over dataDir: String?) throws(CommandError) -> LoadedDefinitions {
        try CommandError.running { () throws(NamingError) in
            try named.load(over: dataDir)
        }
    }

    /// What is named.
    var named: NamedDefinitions { NamedDefinitions(pipeline: pipeline, model: model) }
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

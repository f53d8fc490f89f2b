import ArgumentParser
import Base
import Bench
import Console
import InForce

/// `bench pipeline`
struct BenchPipelineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline",
        abstract: "Events a second and CPU-seconds per million events, stage by stage.",
        discussion: """
            Each stage runs everything before it, too, on one thread; what it adds is the difference. The whole replay runs \
            at the end on all threads. Times are the best of the runs.

              patternalarm bench pipeline events.jsonl --runs 5
            """
    )

    @Argument(help: "A recording.")
    var file: String

    @OptionGroup var engine: EngineOptions

    @Option(help: "Runs of each stage.")
    var runs = 3

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs must be at least 1.") }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in try measure() }
    }

    private func measure() throws(CommandError) {
        let benchmark = try PipelineBenchmark(
            file,
            engine.reading,
            NamedDefinitions(pipeline: engine.planning.pipeline, model: engine.model),
            runs: runs,
            version: PatternAlarm.version
        )
        benchmark.listing.write(as: format)
        Output.talk(
            "\(grouped(benchmark.events)) events, best of \(runs) runs; CPU time is user and system of the process"
        )
    }
}

import ArgumentParser
import Bench

/// `bench`: what the parts cost on this machine.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure what the parts cost on this machine.",
        subcommands: [
            BenchPipelineCommand.self, BenchWindowsCommand.self, BenchForestCommand.self, BenchLogCommand.self,
            BenchRecoveryCommand.self, BenchTrainCommand.self, BenchLatencyCommand.self, BenchPredictCommand.self,
        ]
    )
}

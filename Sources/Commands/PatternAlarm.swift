import ArgumentParser

/// The command line: one verb a file.
public struct PatternAlarm: AsyncParsableCommand {
    /// The program's version.
    public static let version = "0.1.0"

    public static let configuration = CommandConfiguration(
        commandName: "patternalarm",
        abstract: "Fraud detection on event streams, offline, in one executable.",
        version: version,
        subcommands: [
            ReplayCommand.self, ServeCommand.self, ActivateCommand.self, ActivationsCommand.self, OpenCommand.self,
            QueryCommand.self, AlertsCommand.self,
            InspectCommand.self, InitCommand.self, CheckCommand.self, TrainCommand.self,
            EvaluateCommand.self,
            SimulateCommand.self, ExportCommand.self, StatsCommand.self, StateCommand.self, VerifyCommand.self,
            ModelsCommand.self, LogCommand.self,
            BackupCommand.self, RestoreCommand.self, BenchCommand.self, DemoCommand.self,
        ]
    )

    public init() {}
}

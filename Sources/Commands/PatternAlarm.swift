import ArgumentParser

/// The command line: one verb a file.
public struct PatternAlarm: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "patternalarm",
        abstract: "Fraud detection on event streams, offline, in one executable.",
        version: "0.1.0",
        subcommands: [TrainCommand.self]
    )

    public init() {}
}

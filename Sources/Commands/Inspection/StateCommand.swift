import ArgumentParser

/// `state`: what is held in memory, and the checkpoints of it.
struct StateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state",
        abstract: "See what is held for a key, and the checkpoints.",
        subcommands: [StateListCommand.self, StateCheckpointsCommand.self]
    )
}

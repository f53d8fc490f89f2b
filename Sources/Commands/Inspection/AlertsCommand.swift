import ArgumentParser

/// `alerts`: list and show what was found.
struct AlertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts",
        abstract: "List and show alerts, give them up, and make them anew.",
        subcommands: [
            AlertsListCommand.self, AlertsShowCommand.self, AlertsVacuumCommand.self, AlertsRebuildCommand.self,
        ]
    )
}

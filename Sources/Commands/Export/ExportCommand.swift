import ArgumentParser

/// `export`: what the engine computes, for other programs.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write features, or the SQL that computes them, for other programs.",
        subcommands: [ExportFeaturesCommand.self, ExportSQLCommand.self]
    )
}

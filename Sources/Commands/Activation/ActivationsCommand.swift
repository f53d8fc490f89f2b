import Activations
import ArgumentParser
import Base
import Bytes
import Console
import FileStore
import InForce
import Runtime

/// `activations`: what is in force, and what was.
struct ActivationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activations",
        abstract: "What was in force from which event on, who put it in force, and why.",
        subcommands: [ActivationsListCommand.self, ActivationsRollbackCommand.self],
        defaultSubcommand: ActivationsListCommand.self
    )
}

/// `activations list`
struct ActivationsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "All activations, the newest last.",
        discussion: """
              patternalarm activations --data-dir work
              patternalarm activations --data-dir work --format json
            """
    )

    @Option(help: "The data directory.")
    var dataDir = "patternalarm-data"

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let place = ActivationPlace(dataDir, DataDirectory.Options(), isQuiet: true)
            let history = try place.history()
            if history.all.isEmpty {
                Output.talk("nothing has been activated: what the next replay or server is given is the first")
            }
            history.listing.write(as: format)
        }
    }
}

/// `activations rollback`
struct ActivationsRollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Put in force again what an earlier activation had put in force.",
        discussion: """
            It is an activation of its own: what has happened meanwhile stays as it was.

              patternalarm activations rollback 1 --data-dir work
            """
    )

    @Argument(help: "The activation's number.")
    var number: Int

    @OptionGroup var options: ActivationOptions

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let (history, dataDir) = (try options.history(), options.dataDir)
            guard let activation = history.all.first(where: { $0.number == number }) else {
                let known = history.all.map { "\($0.number)" }.joined(separator: ", ")
                throw .usage("there is no activation \(number) in \(dataDir) (\(known.isEmpty ? "none" : known))")
            }
            let definitions = try CommandError.running { () throws(RuntimeError) in
                try DefinitionShelf(DiskStore(root: dataDir), StoredDefinitions()).definitions(of: activation)
            }
            try options.activate(definitions, usualNote: "rollback to \(number)")
        }
    }
}

extension ActivationHistory {
    /// A row for each, the newest last.
    var listing: Listing {
        var listing = Listing(
            columns: ["activation", "kind", "at", "author", "note", "pipeline", "definition", "from", "detectors"],
            rows: []
        )
        for step in steps {
            let activation = step.activation
            let offsets = activation.offsets.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
            listing.rows.append([
                .integer(activation.number), .text(activation.kind.rawValue),
                .text(TimeParser.text(milliseconds: activation.atMilliseconds)), .text(activation.author),
                .text(activation.note), .text(activation.pipeline),
                .text(String(activation.pipelineIdentity.prefix(12))),
                .text(offsets.joined(separator: " ")), .text(step.changes.words),
            ])
        }
        return listing
    }
}

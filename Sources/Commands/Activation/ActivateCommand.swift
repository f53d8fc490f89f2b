import ArgumentParser
import Console
import InForce
import Runtime

/// `activate`: another pipeline or model holds from here on.
struct ActivateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activate",
        abstract: "Put a changed pipeline or model in force, from the next event on.",
        discussion: """
            Alerts that are there stay. A detector that is the same keeps its open alerts; a new or changed one \
            starts at the next event, with features as if they had always been there; one that is gone ends its \
            alerts. On a directory that a server has open, the server goes over between two events.

              patternalarm activate --pipeline new.yaml --data-dir work --note cheaper
              patternalarm activations --data-dir work

            What is not named stays as it is in force.
            """
    )

    @Option(help: "Pipeline file, or the name of a built-in one.")
    var pipeline: String?

    @Option(help: "Model folder or file; NAME=PATH for the detectors that ask for NAME. May be given several times.")
    var model: [ModelOption] = []

    @OptionGroup var options: ActivationOptions

    func validate() throws {
        guard pipeline != nil || !model.isEmpty else {
            throw ValidationError("Name what is to be in force: --pipeline, or --model.")
        }
        guard model.count(where: { $0.name == nil }) <= 1 else {
            throw ValidationError("Only one --model can be for all detectors: NAME=PATH says for which it is.")
        }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let named = NamedDefinitions(
                pipeline: pipeline,
                model: model.first { $0.name == nil }?.path,
                models: Dictionary(
                    model.compactMap { option in option.name.map { ($0, option.path) } },
                    uniquingKeysWith: { $1 }
                )
            )
            let definitions = try CommandError.running { () throws(NamingError) in
                try named.load(over: options.dataDir)
            }
            try options.activate(definitions)
        }
    }
}

/// A model, for all detectors or for those that ask for a name.
struct ModelOption: ExpressibleByArgument {
    var name: String?
    var path: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        // A path may have a sign of equality behind its first slash.
        if parts.count == 2, !parts[0].isEmpty, !parts[0].contains("/"), !parts[1].isEmpty {
            (name, path) = (String(parts[0]), String(parts[1]))
        } else {
            path = argument
        }
        guard !path.isEmpty else { return nil }
    }
}

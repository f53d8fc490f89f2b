import Activations
import ArgumentParser
import Console
import Runtime

/// What every command takes that puts something in force.
struct ActivationOptions: ParsableArguments {
    @Option(help: "Why, for whoever reads the list of activations.")
    var note = ""

    @Option(help: "The data directory.")
    var dataDir = "patternalarm-data"

    @OptionGroup var storage: StorageOptions

    @Option(help: "How to write what is in force then.")
    var format: OutputFormat = .table

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    private var place: ActivationPlace { ActivationPlace(dataDir, storage.opening(), isQuiet: quiet) }

    /// All activations of the directory.
    func history() throws(CommandError) -> ActivationHistory { try place.history() }

    /// Puts definitions in force, and lists what was and is; `usualNote` says why if nobody else does.
    func activate(_ definitions: LoadedDefinitions, usualNote: String = "") throws(CommandError) {
        try place.activate(definitions, note: note.isEmpty ? usualNote : note).listing.write(as: format)
    }
}

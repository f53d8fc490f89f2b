import ArgumentParser
import Console
import EventLog
import FileStore

/// `alerts rebuild`
struct AlertsRebuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Make the alerts anew from the log; keep what people have decided.",
        discussion: """
            What people and runs have put into the alerts file (triage, labels, simulations, runs, metrics) stays. Alerts of \
            events that the log no longer has (`log retain`, or lost to damage) stay, too; what is behind the oldest checkpoint \
            of what it has is made anew. A damaged file is salvaged row by row into a new one, and kept as \
            alerts.sqlite.damaged-1, -2 and so on. A run that was killed is completed by the next `alerts rebuild`, `replay` or `serve`.

              patternalarm alerts rebuild --data-dir work
              patternalarm alerts rebuild --data-dir work --pipeline payments.yaml
            """
    )

    @OptionGroup var place: DataPlace

    @OptionGroup var engine: PlanOptions

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            let lock = try DirectoryLock.take(place.dataDir)
            defer { withExtendedLifetime(lock) {} }
            let recomputation = try Recomputation(engine, store: store, isQuiet: quiet, lost: try lost(store))
            try AlertRebuild(place: place, recomputation: recomputation, store: store).run()
        }
    }

    private func lost(_ store: DiskStore) throws(CommandError) -> [String: [LostRange]] {
        var found: [String: [LostRange]] = [:]
        for partition in try LogPartition.all(store) {
            do throws(LogError) {
                found[partition.name] = try LogReport.verify(directory: partition.directory, store: store).lost
            } catch {
                throw CommandError(error)
            }
        }
        return found
    }
}

import ArgumentParser
import Base
import Console
import Upkeep

/// `verify`: is everything in a data directory what it should be?
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check log, definitions, checkpoints and alerts; with --deep, compute the alerts again and compare.",
        discussion: """
            Changes nothing; a replay or a server may be at work: --deep compares the alerts as of one moment. Where the log \
            no longer begins with its first event (`log retain`), or has lost some to damage (`log repair`), it compares from \
            the oldest checkpoint behind that on, and says so. Exit code 7 if something is damaged, or not there though it is \
            meant to be; 1 if the alerts are not what the log gives.

              patternalarm verify --data-dir work
              patternalarm verify --deep --data-dir work --pipeline payments.yaml
            """
    )

    @OptionGroup var place: DataPlace

    @OptionGroup var engine: PlanOptions

    @Flag(help: "Compute the alerts from the log again, with the pipeline and model they were made with, and compare.")
    var deep = false

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in try verify() }
    }

    private func verify() throws(CommandError) {
        let store = try place.store()
        var verification = Verification(place.files, store) { what, found in
            Output.data("\(Output.safe(what)): \(found)\n")
        }
        let database = try CommandError.running { () throws(UpkeepError) in try verification.run() }
        guard verification.faults.isEmpty else { throw .damaged(verification.faults.joined(separator: "\n")) }
        guard deep, let database else { return }
        let folder = try Scratch.make("verify")
        defer { Scratch.remove(folder) }
        let recomputation = try Recomputation(
            engine,
            over: place.dataDir,
            store: store,
            lost: verification.lost,
            bar: ProgressBar("verify", isQuiet: quiet)
        ) { Output.data($0 + "\n") }
        let events = try CommandError.running { () throws(UpkeepError) in
            try DeepComparison(files: place.files, recomputation: recomputation, folder: folder).run(database)
        }
        Output.data(
            events.map { "recomputed from \(grouped($0)) events: equal, row for row\n" }
                ?? "nothing was compared: no event lies behind a state to begin with\n"
        )
    }
}

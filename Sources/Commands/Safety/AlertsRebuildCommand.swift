import ArgumentParser
import Console
import EventLog
import Foundation
import Upkeep

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
            let lock = try place.lock()
            defer { withExtendedLifetime(lock) {} }
            var lost: [String: [LostRange]] = [:]
            try CommandError.running { () throws(UpkeepError) in
                for partition in try LogPartition.all(store) { lost[partition.name] = try partition.report(store).lost }
            }
            let bar = ProgressBar("rebuild", isQuiet: quiet)
            let recomputation = try Recomputation(
                engine,
                over: place.dataDir,
                store: store,
                lost: lost,
                bar: bar
            ) { Output.talk($0) }
            let now = Int64(Date().timeIntervalSince1970 * 1000)
            try CommandError.running { () throws(UpkeepError) in
                try AlertRebuild(files: place.files, recomputation: recomputation, store: store).run(
                    atMilliseconds: now
                )
            }
        }
    }
}

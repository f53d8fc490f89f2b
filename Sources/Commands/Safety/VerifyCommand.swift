import AlertStore
import ArgumentParser
import Base
import Console
import EventLog
import FileStore
import Plan
import StateStore

/// `verify`: is everything in a data directory what it should be?
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check log, checkpoints and alerts; with --deep, compute the alerts again and compare.",
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
        var (faults, lost) = try checkLog(store)
        faults += try checkCheckpoints(store)
        let database = try place.database()
        if let words = try place.missingAlerts(store) {
            Output.data("\(Output.safe(place.alertsPath)): missed\n")
            faults.append(words)
        } else if let database {
            let found: [String]
            do throws(AlertStoreError) { found = try database.faults() } catch { throw CommandError(error) }
            Output.data("\(Output.safe(place.alertsPath)): " + (found.isEmpty ? "ok\n" : "\(found.count) faults\n"))
            faults += found.map { "\(place.alertsPath): \($0)" }
            if !found.isEmpty { faults.append(AlertRebuild.advice(place)) }
            if found.isEmpty {
                try checkOffsets(database, store, &faults)
                faults += try place.missingState(store, database)
            }
        } else {
            Output.data(
                "\(Output.safe(place.alertsPath)): not there; `patternalarm replay --resume` makes it from the log\n"
            )
        }
        guard faults.isEmpty else { throw .damaged(faults.joined(separator: "\n")) }
        guard deep, let database else { return }
        let folder = try Scratch.make("verify")
        defer { Scratch.remove(folder) }
        let recomputation = try Recomputation(engine, store: store, isQuiet: quiet, lost: lost)
        try DeepComparison(place: place, recomputation: recomputation, folder: folder).run(database)
    }

    /// What becomes of damaged checkpoints.
    static let damagedCheckpoints =
        "nothing is to be done about a damaged checkpoint: `patternalarm replay` and `patternalarm serve` start from an older "
        + "one, or from the log, and take the damaged one away when they make the next; remove nothing by hand. Only where no "
        + "whole one is left of a log that `log retain` has shortened, put the folder state back from a backup first"

    /// Damage, and by partition what a repair has marked as lost.
    private func checkLog(
        _ store: DiskStore
    ) throws(CommandError) -> (faults: [String], lost: [String: [LostRange]]) {
        var faults: [String] = []
        var lost: [String: [LostRange]] = [:]
        for partition in try LogPartition.all(store) {
            let report: LogReport
            do throws(LogError) {
                report = try LogReport.verify(directory: partition.directory, store: store)
            } catch {
                throw CommandError(error)
            }
            let words = report.damage.isEmpty ? "ok" : "\(report.damage.count) damaged places"
            Output.data("log/\(partition.name): \(report.records) events in \(report.batches) batches, \(words)\n")
            faults += report.damage.map(\.description)
            lost[partition.name] = report.lost
        }
        return (faults, lost)
    }

    private func checkCheckpoints(_ store: DiskStore) throws(CommandError) -> [String] {
        var faults: [String] = []
        var isDamaged = false
        do throws(FileError) {
            for name in try store.list("state") {
                let found = try CheckpointStore(directory: "state/" + name, fingerprint: nil, store: store).summaries()
                let bad = found.compactMap(\.fault)
                let words = bad.isEmpty ? "ok" : "\(bad.count) damaged"
                Output.data("state/\(name): \(found.count) checkpoints, \(words)\n")
                faults += bad
                isDamaged = isDamaged || !bad.isEmpty
            }
        } catch {
            throw CommandError(error)
        }
        if isDamaged { faults.append(Self.damagedCheckpoints) }
        return faults
    }

    /// The alerts may know of events that nothing else does, of a log from before there was a manifest, too.
    private func checkOffsets(
        _ database: AlertDatabase,
        _ store: DiskStore,
        _ faults: inout [String]
    ) throws(CommandError) {
        // The alerts first: a writer's log is always ahead of them.
        let built = try place.built(database)
        var ends: [String: Int64] = [:]
        for bounds in try place.bounds(store) { ends[bounds.name] = bounds.end }
        for (name, known) in built.sorted(by: { $0.key < $1.key }) {
            let end = ends[name]
            guard known.rawValue > end ?? 0 else { continue }
            faults.append(
                "log/\(name) \(end.map { "ends at offset \($0)" } ?? "is not there"), but the alerts were made from "
                    + "\(known) events: the log is an older copy, or its end was lost; put it back from a backup, or accept "
                    + "the loss with `patternalarm log repair --quarantine`"
            )
        }
    }
}

import AlertStore
import ArgumentParser
import Base
import Engine
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
            no longer begins with its first event (`log retain`), it compares from its oldest checkpoint on, and says so. Exit \
            code 7 if something is damaged, 1 if the alerts are not what the log gives.

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
        var faults = try checkLog(store)
        faults += try checkCheckpoints(store)
        let database = try place.database()
        if let database {
            let found: [String]
            do throws(AlertStoreError) { found = try database.faults() } catch { throw CommandError(error) }
            Output.data("\(Output.safe(place.alertsPath)): " + (found.isEmpty ? "ok\n" : "\(found.count) faults\n"))
            faults += found.map { "\(place.alertsPath): \($0)" }
            if !found.isEmpty { faults.append(AlertRebuild.advice(place)) }
            if found.isEmpty { try checkOffsets(database, store, &faults) }
        } else {
            Output.data(
                "\(Output.safe(place.alertsPath)): not there; `patternalarm replay --resume` makes it from the log\n"
            )
        }
        guard faults.isEmpty else { throw .damaged(faults.joined(separator: "\n")) }
        guard deep, let database else { return }
        let folder = try Scratch.make("verify")
        defer { Scratch.remove(folder) }
        let recomputation = try Recomputation(engine, store: store, isQuiet: quiet)
        try DeepComparison(place: place, recomputation: recomputation, folder: folder).run(database)
    }

    private func checkLog(_ store: DiskStore) throws(CommandError) -> [String] {
        var faults: [String] = []
        for bounds in try place.bounds(store) {
            let report: LogReport
            do throws(LogError) {
                report = try LogReport.verify(directory: "log/" + bounds.name, store: store)
            } catch {
                throw CommandError(error)
            }
            let words = report.damage.isEmpty ? "ok" : "\(report.damage.count) damaged places"
            Output.data("log/\(bounds.name): \(report.records) events in \(report.batches) batches, \(words)\n")
            faults += report.damage.map(\.description)
        }
        return faults
    }

    private func checkCheckpoints(_ store: DiskStore) throws(CommandError) -> [String] {
        var faults: [String] = []
        do throws(FileError) {
            for name in try store.list("state") {
                let found = try CheckpointStore(directory: "state/" + name, fingerprint: nil, store: store).summaries()
                let bad = found.compactMap(\.fault)
                let words = bad.isEmpty ? "ok" : "\(bad.count) damaged"
                Output.data("state/\(name): \(found.count) checkpoints, \(words)\n")
                faults += bad
            }
        } catch {
            throw .storage(error.description)
        }
        return faults
    }

    private func checkOffsets(
        _ database: AlertDatabase,
        _ store: DiskStore,
        _ faults: inout [String]
    ) throws(CommandError) {
        // The alerts first: a writer's log is always ahead of them.
        let known: [(topic: String, progress: PartitionProgress)]
        do throws(AlertStoreError) { known = try database.progress() } catch { throw CommandError(error) }
        let partitions = try place.bounds(store)
        for (topic, progress) in known {
            let name = "\(topic)-\(progress.partition)"
            guard let bounds = partitions.first(where: { $0.name == name }), progress.nextOffset > bounds.end else {
                continue
            }
            faults.append(
                "log/\(name) ends at offset \(bounds.end), but the alerts were made from \(progress.nextOffset) "
                    + "events: the log is an older copy, or its end was lost"
            )
        }
    }
}

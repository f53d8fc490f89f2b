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
            Changes nothing. Exit code 7 if something is damaged, 1 if the alerts are not what the log gives.

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
            Output.data("\(place.alertsPath): " + (found.isEmpty ? "ok\n" : "\(found.count) faults\n"))
            faults += found.map { "\(place.alertsPath): \($0)" }
            try checkOffsets(database, store, &faults)
        } else {
            Output.data("\(place.alertsPath): not there; `patternalarm replay --resume` makes it from the log\n")
        }
        guard faults.isEmpty else { throw .damaged(faults.joined(separator: "\n")) }
        if deep, let database { try compare(database, store) }
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
        let partitions = try place.bounds(store)
        do throws(AlertStoreError) {
            for bounds in partitions {
                guard let dash = bounds.name.lastIndex(of: "-") else { continue }
                let known = try database.progress(topic: String(bounds.name[..<dash])).first {
                    "\($0.partition)" == bounds.name[bounds.name.index(after: dash)...]
                }
                guard let known, known.nextOffset > bounds.end else { continue }
                faults.append(
                    "log/\(bounds.name) ends at offset \(bounds.end), but the alerts were made from \(known.nextOffset) "
                        + "events: the log is an older copy, or its end was lost"
                )
            }
        } catch {
            throw CommandError(error)
        }
    }

    private func compare(_ database: AlertDatabase, _ store: DiskStore) throws(CommandError) {
        let folder = try Scratch.make("verify")
        defer { Scratch.remove(folder) }
        let path = folder + "/alerts.sqlite"
        let recomputation = Recomputation(planning: engine, store: store, isQuiet: quiet)
        let events = try recomputation.run(like: database, into: path)
        let found: [(table: String, here: Int, there: Int)]
        do throws(AlertStoreError) {
            found = try AlertDatabase(path: path).differences(from: place.alertsPath)
        } catch {
            throw CommandError(error)
        }
        guard found.isEmpty else {
            let words = found.map { "\($0.table): \($0.there) rows that the log does not give, \($0.here) missing" }
            throw .finding(
                "the alerts are not what the log gives:\n" + words.joined(separator: "\n")
                    + "\nDelete \(place.alertsPath) and run `patternalarm replay --resume` to make them anew."
            )
        }
        Output.data("recomputed from \(grouped(events)) events: equal, row for row\n")
    }
}

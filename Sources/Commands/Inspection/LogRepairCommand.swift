import ArgumentParser
import Base
import Console
import EventLog
import FileStore
import Upkeep

/// `log repair`
struct LogRepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "List damaged stretches of the log, and make it readable again.",
        discussion: """
            Without --quarantine it only lists them: exit code 7 if there are any. With it, the damaged bytes are copied \
            to quarantine/ in the data directory, with a list of the offsets that are lost, and empty records, marked as \
            lost, take their place: a replay counts them as rejected. Every other batch stays as it is, at its offset, and \
            so do the alerts. The same holds for partitions and segments that are gone, for batches that this program \
            cannot unpack, and for what is no file. If you have a sound copy of the damaged file, put that back instead: \
            then nothing is lost.

              patternalarm log repair --data-dir work
              patternalarm log repair --data-dir work --quarantine
            """
    )

    @OptionGroup var place: LogPlace

    @Option(help: "The alerts file (default: alerts.sqlite in the data directory).")
    var alerts: String?

    @Flag(help: "Set the damaged bytes aside and make the log readable again.")
    var quarantine = false

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            let lock = quarantine ? try place.lock() : nil
            defer { withExtendedLifetime(lock) {} }
            var open = 0
            var lost: Int64 = 0
            try checkManifest(store)
            // Offsets that alerts were made from are never given out again.
            let files = DataFiles(dataDir: place.dataDir, alerts: alerts)
            let built = try CommandError.running { () throws(UpkeepError) in try files.built(try files.database()) }
            let partitions = Set(try place.partitions(store) + built.keys.compactMap { LogPartition($0) })
            for partition in partitions.sorted() {
                let repair = LogRepair(
                    directory: partition.directory,
                    quarantine: "quarantine",
                    // A replay rejects a record that has this header, for the reason in it.
                    reasonHeader: "reject",
                    store: store,
                    durable: built[partition.name] ?? LogOffset(0)
                )
                let entries: [RepairEntry]
                do throws(LogError) { entries = quarantine ? try repair.run() : try repair.plan() } catch {
                    throw CommandError(error)
                }
                Output.data(Self.text(entries, partition, isDone: quarantine))
                open += quarantine ? entries.count { $0.isRefused } : entries.count
                lost += entries.reduce(0) { $0 + ($1.outcome == .lost ? $1.recordCount : 0) }
            }
            if open > 0 {
                let way = "restore the files from a copy, or run `patternalarm log repair --quarantine`"
                throw .damaged(
                    quarantine
                        ? "\(open) damaged places are left as they are" : "\(open) damaged places; \(way)"
                )
            }
            if lost > 0 {
                Output.talk("\(lost) records are lost; what is left of them is in \(place.dataDir)/quarantine")
            }
        }
    }

    /// A damaged manifest says nothing any more: it is made anew from what is there.
    private func checkManifest(_ store: DiskStore) throws(CommandError) {
        do throws(LogError) {
            _ = try LogManifest.read(store: store)
        } catch {
            guard quarantine, case .damagedManifest = error else { throw CommandError(error) }
            let names = try CommandError.running { () throws(UpkeepError) in try LogPartition.folders(store) }
            do throws(LogError) {
                try LogManifest.rebuild(partitions: names, quarantine: "quarantine", store: store)
            } catch {
                throw CommandError(error)
            }
            Output.data(
                "log/manifest: made anew from \(names.count) partitions; what was missing before is not known\n"
            )
        }
    }

    private static func text(_ entries: [RepairEntry], _ partition: LogPartition, isDone: Bool) -> String {
        guard !entries.isEmpty else { return "\(partition.name): sound\n" }
        return entries.map { entry in
            let damage = entry.damage
            let end = damage.nextOffset.map { "\($0.advanced(by: -1))" } ?? "the end"
            let outcome =
                switch entry.outcome {
                case .lost: isDone ? "\(entry.recordCount) records lost" : "would lose \(entry.recordCount) records"
                case .restored: isDone ? "restored, nothing lost" : "can be restored, nothing lost"
                case .accepted(let reason): (isDone ? "" : "would be accepted: ") + reason
                case .refused(let reason): reason
                }
            return
                "\(damage.file): byte \(damage.position), \(damage.byteCount) bytes, offset \(damage.offset) to \(end): "
                + "\(damage.words): \(outcome)\n"
        }.joined()
    }
}

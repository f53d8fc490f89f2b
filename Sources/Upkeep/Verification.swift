import Activations
public import AlertStore
import Base
public import EventLog
public import FileStore
import StateStore

/// Whether everything in a data directory is what it should be. Changes nothing; a writer may be at work.
public struct Verification {
    /// What is wrong, in words that say what is to be done.
    public private(set) var faults: [String] = []
    /// By partition, what a repair has marked as lost.
    public private(set) var lost: [String: [LostRange]] = [:]

    /// Told with the rest of the log.
    private var isTopicDamaged = false
    private let files: DataFiles
    private let store: DiskStore
    private let say: (_ what: String, _ found: String) -> Void

    /// What becomes of damaged checkpoints.
    public static let damagedCheckpoints =
        "nothing is to be done about a damaged checkpoint: `patternalarm replay` and `patternalarm serve` start from an older "
        + "one, or from the log, and take the damaged one away when they make the next; remove nothing by hand. Only where no "
        + "whole one is left of a log that `log retain` has shortened, put the folder state back from a backup first"

    /// - Parameters:
    ///   - files: The data directory.
    ///   - store: Its files.
    ///   - say: Is told of each part what was found.
    public init(_ files: DataFiles, _ store: DiskStore, say: @escaping (_ what: String, _ found: String) -> Void) {
        self.files = files
        self.store = store
        self.say = say
    }

    /// Looks at everything.
    ///
    /// - Returns: The alerts file, if there is one.
    /// - Throws: ``UpkeepError`` if something cannot be looked at.
    public mutating func run() throws(UpkeepError) -> AlertDatabase? {
        try checkLog()
        try checkActivations()
        try checkCheckpoints()
        let database = try files.database()
        if let words = try files.missingAlerts(store) {
            say(files.alertsPath, "missed")
            faults.append(words)
        } else if let database {
            let found = try UpkeepError.storing { () throws(AlertStoreError) in try database.faults() }
            say(files.alertsPath, found.isEmpty ? "ok" : "\(found.count) faults")
            faults += found.map { "\(files.alertsPath): \($0)" }
            if !found.isEmpty { faults.append(files.rebuildAdvice) }
            if found.isEmpty {
                try checkOffsets(database)
                faults += try files.missingState(store, database)
            }
        } else {
            say(files.alertsPath, "not there; `patternalarm replay --resume` makes it from the log")
        }
        return database
    }

    private mutating func checkLog() throws(UpkeepError) {
        for partition in try LogPartition.all(store) {
            let report = try partition.report(store)
            let words = report.damage.isEmpty ? "ok" : "\(report.damage.count) damaged places"
            let unit = partition.hasActivations ? "activations" : "events"
            say("log/\(partition.name)", "\(report.records) \(unit) in \(report.batches) batches, \(words)")
            faults += report.damage.map(\.description)
            if partition.hasActivations, !report.damage.isEmpty { isTopicDamaged = true }
            lost[partition.name] = report.lost
        }
    }

    /// What is in force can be told, and everything that it names is there and whole.
    private mutating func checkActivations() throws(UpkeepError) {
        guard !isTopicDamaged else { return }
        do throws(ActivationError) {
            let history = try ActivationHistory.read(store: store)
            guard !history.inForce.isEmpty else { return }
            let found = try DefinitionFiles(store: store).faults(of: history.inForce)
            let named = DefinitionFiles.count(of: history.inForce)
            let words = found.isEmpty ? "ok" : "\(found.count) missing or damaged"
            say(DefinitionFiles.directory, "\(named.pipelines) pipelines and \(named.models) models in force, \(words)")
            faults += found.map(\.description)
        } catch {
            guard error.isDamage else { throw UpkeepError(error) }
            faults.append(error.description)
        }
    }

    private mutating func checkCheckpoints() throws(UpkeepError) {
        var isDamaged = false
        do throws(FileError) {
            for name in try store.list("state") {
                let found = try CheckpointStore(directory: "state/" + name, fingerprint: nil, store: store).summaries()
                let bad = found.compactMap(\.fault)
                let words = bad.isEmpty ? "ok" : "\(bad.count) damaged"
                say("state/\(name)", "\(found.count) checkpoints, \(words)")
                faults += bad
                isDamaged = isDamaged || !bad.isEmpty
            }
        } catch {
            throw UpkeepError(error)
        }
        if isDamaged { faults.append(Self.damagedCheckpoints) }
    }

    /// The alerts may know of events that nothing else does, of a log from before there was a manifest, too.
    private mutating func checkOffsets(_ database: AlertDatabase) throws(UpkeepError) {
        // The alerts first: a writer's log is always ahead of them.
        let built = try files.built(database)
        var ends: [String: Int64] = [:]
        for bounds in try files.bounds(store) { ends[bounds.name] = bounds.end }
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

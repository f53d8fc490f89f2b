import Activations
public import AlertStore
import Base
import Bytes
public import Delivery
public import EventLog
public import FileStore
import Foundation
public import Partition
public import Plan
public import StateStore

/// A data directory opened for writing: the lock, the partitions' logs and engines, and the alerts file, brought to one
/// state whatever happened before.
public final class DataDirectory {
    public let path: String
    public let database: AlertDatabase
    public let workers: [PartitionWorker]
    /// What is and was in force.
    public let book: ActivationBook
    /// What is in force.
    public internal(set) var definitions: LoadedDefinitions
    /// How the partitions wait for the alerts file while it cannot be written.
    public let alertsWait: OutsideWait
    /// How they wait for room in the log, while the disk has none.
    let logWait: OutsideWait
    /// Where log, state and definitions are.
    let store: any FileStore
    /// Who is told of what goes on that a person should know.
    let report: @Sendable (String) -> Void
    private let lock: DirectoryLock
    private let run: Int64
    private let checkpoints: CheckpointThread
    /// What a person should know: what was repaired, rebuilt, or could not be done.
    public internal(set) var notes: [String] = []

    /// How a directory is opened.
    public struct Options: Sendable {
        /// Where the alerts file is; in the directory otherwise.
        public var alerts: String?
        public var policy = CommitPolicy()
        public var checkpoint = CheckpointChoice.newest
        /// How long behind the clock ended alerts are kept, milliseconds; nil = for ever.
        public var alertTTL: Int64?
        /// Bytes of memory for keyed state, of all partitions.
        public var stateBytes: Int?
        /// How the logs are kept.
        public var log = LogSettings()
        /// How long one call waits for the alerts file while another program holds it. Commits are tried again.
        public var lockSeconds = 5.0
        /// Whether alerts and state wait while the disk has no room, as a server does: or else that is the end.
        public var waitsForRoom = false
        /// Who is told of what goes on meanwhile that a person should know.
        public var report: @Sendable (String) -> Void = { _ in }
        /// Who is told of every transaction.
        public var observer: (any CommitObserver)?
        /// Where logs and checkpoints are, if not in the directory itself.
        public var store: (any FileStore)?

        public init() {}
    }

    /// Opens a directory, made if it is missing; recovers what a crash left, and brings into force what is named, if
    /// that is not in force yet (C11).
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - options: How it is opened.
    ///   - definitions: What a person names.
    ///   - reader: Reads what is in force already.
    ///   - change: What happens if that is something else.
    ///   - program: Who opens it, for the notes of its runs.
    ///   - progress: Told how far recovery is.
    /// - Throws: ``RuntimeError``
    public init(
        _ path: String,
        options: Options,
        definitions: LoadedDefinitions,
        reader: any DefinitionReader,
        change: DefinitionChange,
        by program: (command: String, version: String),
        progress: (_ partition: Int, _ done: Int, _ total: Int) -> Void
    ) throws(RuntimeError) {
        self.path = path
        report = options.report
        store = options.store ?? DiskStore(root: path)
        do throws(FileError) { try DiskStore(root: path).createDirectory("") } catch { throw RuntimeError(error) }
        do throws(DirectoryLock.Failure) { lock = try DirectoryLock(path) } catch { throw RuntimeError(error) }
        try Self.checkPartitions(path, definitions.plan)
        database = try Self.openAlerts(path, options, &notes)
        book = try ActivationBook(store, reader, definitions)
        let opening = DefinitionOpening(book, database, store: store)
        self.definitions = try opening.begin(with: definitions, change, notes: &notes)
        let plan = self.definitions.plan
        run = try opening.noteRun(definitions, by: program, atMilliseconds: change.note.atMilliseconds)
        alertsWait = OutsideWait(
            for: database.path,
            meanwhile: "events are taken, their alerts follow",
            forRoom: options.waitsForRoom,
            options.report
        )
        logWait = OutsideWait(
            for: "the log",
            meanwhile: "nothing is taken, senders are told to come again",
            forRoom: true,
            options.report
        )
        checkpoints = CheckpointThread(partitions: plan.partitionCount)
        var surroundings = PartitionRunner.Surroundings(
            topic: plan.name,
            store: store,
            sink: DatabaseSink(
                database,
                commits: CommitBuilder(topic: plan.name, alertTTL: options.alertTTL),
                observer: options.observer
            ),
            installer: checkpoints,
            fingerprint: Self.fingerprint(try opening.first.identity, modelID: try opening.first.modelID ?? "")
        )
        surroundings.log = options.log
        surroundings.stateLimit = options.stateBytes.map { $0 / plan.partitionCount }
        let committed = try Self.committed(database, topic: plan.name)
        let runners = try Self.openPartitions(
            try book.schedules(partitions: plan.partitionCount),
            committed: committed,
            in: surroundings
        )
        workers = runners.map { [alertsWait] in PartitionWorker($0, policy: options.policy, wait: alertsWait) }
        try recover(committed: committed, options.checkpoint, plan, surroundings.store, progress)
        if case .activate(let note) = change, let current = book.history.current, !definitions.isSame(as: current) {
            notes.append(try activate(definitions, note, progress).words)
        }
    }

    /// Opens every partition's log, with an engine that has no state yet.
    private static func openPartitions(
        _ schedules: [DefinitionSchedule],
        committed: [Int: CommittedPlace],
        in surroundings: PartitionRunner.Surroundings
    ) throws(RuntimeError) -> [PartitionRunner] {
        var runners: [PartitionRunner] = []
        do throws(RunnerError) {
            for (partition, schedule) in schedules.enumerated() {
                runners.append(
                    try PartitionRunner(
                        schedule,
                        partition: partition,
                        committed: committed[partition]?.offset ?? 0,
                        in: surroundings
                    )
                )
            }
        } catch {
            throw RuntimeError(error)
        }
        return runners
    }

    /// How far the alerts file is in a partition, and what was in force then.
    private struct CommittedPlace {
        var offset: Int64
        var activation: Int
    }

    /// Opens the alerts file, or makes an empty one; notes what a person should know of it.
    private static func openAlerts(
        _ path: String,
        _ options: Options,
        _ notes: inout [String]
    ) throws(RuntimeError) -> AlertDatabase {
        let alerts = options.alerts ?? path + "/alerts.sqlite"
        let isMissed: Bool
        do throws(FileError) {
            let files: any FileStore = options.store ?? DiskStore(root: path)
            let isEmpty = try DiskStore.size(at: alerts) ?? 0 == 0
            isMissed = isEmpty ? try CheckpointStore.hasAny(in: "state", store: files) : false
        } catch {
            throw RuntimeError(error)
        }
        do throws(AlertStoreError) {
            if let damaged = try AlertFiles.finishSalvage(of: alerts) {
                notes.append("the salvaged alerts file is in its place now; the damaged one is \(damaged)")
            } else if isMissed {
                notes.append(
                    "\(alerts) was not there: alerts are made anew from the log; what people had decided is not in it: to "
                        + "keep that, put the file back from a backup"
                )
            }
            return try AlertDatabase(
                path: alerts,
                lockSeconds: options.lockSeconds,
                cacheBytes: options.stateBytes == nil ? 64 << 20 : 16 << 20
            )
        } catch {
            throw RuntimeError(error)
        }
    }

    /// Which partition an event is in depends on how many there are: a log keeps the number that it was begun with.
    public static func checkPartitions(_ path: String, _ plan: PipelinePlan) throws(RuntimeError) {
        let store = DiskStore(root: path)
        func isOurs(_ name: String) -> Bool {
            name.hasPrefix(plan.name + "-") && Int(name.dropFirst(plan.name.count + 1)) != nil
        }
        var known = 0
        var isEmpty = true
        do {
            // A partition that is gone was one all the same. What is missing at the end is looked at when it is opened.
            let missing = try LogManifest.missing(store: store, where: isOurs).filter(\.isLoss)
            guard missing.isEmpty else {
                throw RuntimeError.damaged(missing.map(\.description).joined(separator: "\n"))
            }
            for name in try store.list("log") where isOurs(name) {
                known += 1
                isEmpty =
                    try isEmpty && PartitionReader.bounds(directory: "log/" + name, store: store).end == LogOffset(0)
            }
        } catch let error as RuntimeError {
            throw error
        } catch let error as LogError {
            throw RuntimeError(error)
        } catch let error as FileError {
            throw RuntimeError(error)
        } catch {
            throw .storage("\(error)")
        }
        // All folders are made before the first event: a log without events was left by a run that ended in between.
        guard known == plan.partitionCount || known < plan.partitionCount && isEmpty else {
            let restore = "if a folder of \(path)/log was lost, put it back from a backup; else "
            throw .storage(
                "the log in \(path) has \(known) partitions, the pipeline says \(plan.partitionCount); "
                    + (known < plan.partitionCount ? restore : "")
                    + "set partitions: \(known), or replay the recordings into another --data-dir"
            )
        }
    }

    /// The offset up to which the alerts file has everything, by partition.
    private static func committed(
        _ database: AlertDatabase,
        topic: String
    ) throws(RuntimeError) -> [Int: CommittedPlace] {
        do throws(AlertStoreError) {
            let found = try database.progress(topic: topic)
            return Dictionary(
                uniqueKeysWithValues: found.map {
                    ($0.partition, CommittedPlace(offset: $0.nextOffset, activation: $0.activation))
                }
            )
        } catch {
            throw RuntimeError(error)
        }
    }

    private func recover(
        committed: [Int: CommittedPlace],
        _ choice: CheckpointChoice,
        _ plan: PipelinePlan,
        _ store: any FileStore,
        _ progress: (_ partition: Int, _ done: Int, _ total: Int) -> Void
    ) throws(RuntimeError) {
        var committed = committed
        // After a power cut the database may know more than the log: then only the log counts.
        if workers.contains(where: { (committed[$0.partition]?.offset ?? 0) > $0.runner.endOffset }) {
            notes.append("the alerts were ahead of the log: they are rebuilt from it")
            do throws(AlertStoreError) {
                notes += try DefinitionOpening.givenUp(database, plan, store)
                try database.resetDerived()
            } catch {
                throw RuntimeError(error)
            }
            committed = [:]
        }
        for worker in workers {
            let found = worker.runner.recovery
            if found.tornBytes > 0 {
                notes.append(
                    "partition \(worker.partition): cut \(found.tornBytes) bytes of unfinished batches off the log; "
                        + "they are kept in \(found.setAside ?? "lost+found")"
                )
            }
            for damage in found.damage {
                throw .damaged(damage.description)
            }
            do throws(RunnerError) {
                let result = try worker.runner.recover(
                    committed: committed[worker.partition]?.offset ?? 0,
                    activation: committed[worker.partition]?.activation ?? 1,
                    from: choice
                ) { done, total in
                    progress(worker.partition, done, total)
                }
                notes += result.words
            } catch {
                throw RuntimeError(error)
            }
        }
    }

    /// How old a partition's last checkpoint is, nanoseconds, nil before the first of this run; and why the last one
    /// could not be written.
    var checkpointState: @Sendable (_ partition: Int) -> (age: Int64?, failure: String?) {
        let places = workers.map { ($0.runner.checkpointDirectory, $0.runner.checkpointProgress) }
        return { [checkpoints] partition in
            let (directory, progress) = places[partition]
            let age = checkpoints.lastInstalled(directory).map { MonotonicClock.now() - $0 }
            if case .failed(let error) = progress.status { return (age, error.description) }
            return (age, nil)
        }
    }

    /// Ends the run: everything durable, one alerts file, its digest noted. Returns the totals and the digest.
    public func close(
        status: String,
        inputs: [InputRecord]
    ) throws(RuntimeError) -> (totals: LedgerTotals, digest: String) {
        for worker in workers { try worker.close() }
        checkpoints.close()
        try book.close()
        for worker in workers {
            if case .failed(let error) = worker.runner.checkpointProgress.status {
                notes.append("no checkpoint could be written (\(error)); the next start reads more of the log")
            }
        }
        do throws(AlertStoreError) {
            let totals = try database.totals()
            let digest = try database.digest()
            for input in inputs { try database.noteInput(run: run, input, atMilliseconds: Self.now) }
            try database.finishRun(run, status: status, totals: totals, digest: digest, atMilliseconds: Self.now)
            try database.close()
            return (totals, digest)
        } catch {
            throw RuntimeError(error)
        }
    }

    /// The wall clock, for the run's own record only: no result depends on it.
    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}

extension DataDirectory {
    /// What state is computed with, whatever the order of the pipeline's parts. Earlier versions kept state at places:
    /// theirs is of use in the same order only.
    public static func fingerprint(_ pipeline: PlanIdentity, modelID: String) -> StateFingerprint {
        StateFingerprint(
            "6",
            earlier: [
                "5 \(pipeline.pipeline) \(inOrder(modelID))", "4 \(pipeline.layout) \(modelID)",
                "3 \(pipeline.firstPipeline) \(modelID)",
            ]
        )
    }

    /// The names of models, which a run has in the order of its detectors, in an order of their own.
    static func inOrder(_ modelID: String) -> String {
        modelID.split(separator: " ").sorted().joined(separator: " ")
    }
}

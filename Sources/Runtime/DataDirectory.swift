public import AlertStore
import Base
import Bytes
public import Delivery
public import Engine
public import EventLog
public import FileStore
import Foundation
public import Models
public import Plan
public import StateStore

/// A data directory opened for writing: the lock, the partitions' logs and engines, and the alerts file, brought to one
/// state whatever happened before.
public final class DataDirectory {
    public let path: String
    public let database: AlertDatabase
    public let workers: [PartitionWorker]
    /// How the partitions wait for the alerts file while it cannot be written.
    public let alertsWait: OutsideWait
    /// How they wait for room in the log, while the disk has none.
    let logWait: OutsideWait
    private let lock: DirectoryLock
    private let run: Int64
    private let checkpoints: CheckpointThread
    /// What a person should know: what was repaired, rebuilt, or could not be done.
    public private(set) var notes: [String] = []

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

    /// Opens a directory, made if it is missing; recovers what a crash left, and rebuilds the alerts if the pipeline or
    /// the model is not the one that they were made with (C1).
    public init(
        _ path: String,
        options: Options,
        plan: PipelinePlan,
        models: (bindings: [Int: ModelBinding], records: [ModelRecord]),
        by program: (command: String, version: String),
        progress: (_ partition: Int, _ done: Int, _ total: Int) -> Void
    ) throws(RuntimeError) {
        self.path = path
        do throws(FileError) { try DiskStore(root: path).createDirectory("") } catch { throw RuntimeError(error) }
        do throws(DirectoryLock.Failure) { lock = try DirectoryLock(path) } catch { throw RuntimeError(error) }
        try Self.checkPartitions(path, plan)
        let identity = plan.identity
        let modelID = models.records.map(\.id).joined(separator: " ")
        let run = RunRecord(
            command: program.command,
            appVersion: program.version,
            pipeline: plan.name,
            pipelineSHA: identity.pipeline,
            modelID: modelID.isEmpty ? nil : modelID
        )
        let database = try Self.openAlerts(path, options, &notes)
        do throws(AlertStoreError) {
            notes += try Self.register(plan, models.records, run, in: database, options.store ?? DiskStore(root: path))
            self.run = try database.beginRun(run, atMilliseconds: Self.now)
        } catch {
            throw RuntimeError(error)
        }
        self.database = database
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
            store: options.store ?? DiskStore(root: path),
            sink: DatabaseSink(
                database,
                commits: CommitBuilder(topic: plan.name, alertTTL: options.alertTTL),
                observer: options.observer
            ),
            installer: checkpoints,
            fingerprint: Self.fingerprint(identity, modelID: modelID)
        )
        surroundings.log = options.log
        surroundings.stateLimit = options.stateBytes.map { $0 / plan.partitionCount }
        let committed = try Self.committed(database, topic: plan.name)
        let runners = try Self.openPartitions(of: plan, models.bindings, committed: committed, in: surroundings)
        workers = runners.map { [alertsWait] in PartitionWorker($0, policy: options.policy, wait: alertsWait) }
        try recover(committed: committed, options.checkpoint, plan, surroundings.store, progress)
    }

    /// Opens every partition's log, with an engine that has no state yet.
    private static func openPartitions(
        of plan: PipelinePlan,
        _ models: [Int: ModelBinding],
        committed: [Int: Int64],
        in surroundings: PartitionRunner.Surroundings
    ) throws(RuntimeError) -> [PartitionRunner] {
        var runners: [PartitionRunner] = []
        do throws(RunnerError) {
            for partition in 0..<plan.partitionCount {
                runners.append(
                    try PartitionRunner(
                        DefinitionSchedule(Definitions(plan: plan, models: models)),
                        partition: partition,
                        committed: committed[partition] ?? 0,
                        in: surroundings
                    )
                )
            }
        } catch {
            throw RuntimeError(error)
        }
        return runners
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

    /// Tells the alerts file what is in force now; what was derived under another pipeline or model is taken out of it.
    /// Returns what a person should know of that.
    private static func register(
        _ plan: PipelinePlan,
        _ models: [ModelRecord],
        _ run: RunRecord,
        in database: AlertDatabase,
        _ store: any FileStore
    ) throws(AlertStoreError) -> [String] {
        var notes: [String] = []
        if let last = try database.lastRun(), !isSame(last, run, plan.identity) {
            notes.append("the pipeline or the model has changed: alerts are rebuilt from the log")
            notes += try givenUp(database, plan, store)
            try database.resetDerived()
        }
        for model in models { try database.register(model) }
        try database.setRules(plan.detectors.map { ($0.name, $0.title, $0.kindName, plan.words($0)) })
        try database.setFeatures(plan.featureRecords)
        return notes
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

    /// What a rebuild cannot make again, because its events are no longer in the log.
    private static func givenUp(
        _ database: AlertDatabase,
        _ plan: PipelinePlan,
        _ store: any FileStore
    ) throws(AlertStoreError) -> [String] {
        var notes: [String] = []
        for partition in 0..<plan.partitionCount {
            let start: Int64
            do throws(LogError) {
                start = try PartitionReader.bounds(directory: "log/\(plan.name)-\(partition)", store: store).start
                    .rawValue
            } catch {
                // Opening the log says what is wrong with it.
                continue
            }
            let count = try database.alerts(partition: partition, openedBefore: start)
            guard count > 0 else { continue }
            notes.append(
                "partition \(partition): \(count) alerts of events before offset \(start) are given up, as the log no longer has "
                    + "those (log retain); what people have decided about them stays"
            )
        }
        return notes
    }

    /// The offset up to which the alerts file has everything, by partition.
    private static func committed(_ database: AlertDatabase, topic: String) throws(RuntimeError) -> [Int: Int64] {
        do throws(AlertStoreError) {
            let found = try database.progress(topic: topic)
            return Dictionary(uniqueKeysWithValues: found.map { ($0.partition, $0.nextOffset) })
        } catch {
            throw RuntimeError(error)
        }
    }

    private func recover(
        committed: [Int: Int64],
        _ choice: CheckpointChoice,
        _ plan: PipelinePlan,
        _ store: any FileStore,
        _ progress: (_ partition: Int, _ done: Int, _ total: Int) -> Void
    ) throws(RuntimeError) {
        var committed = committed
        // After a power cut the database may know more than the log: then only the log counts.
        if workers.contains(where: { (committed[$0.partition] ?? 0) > $0.runner.endOffset }) {
            notes.append("the alerts were ahead of the log: they are rebuilt from it")
            do throws(AlertStoreError) {
                notes += try Self.givenUp(database, plan, store)
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
                    committed: committed[worker.partition] ?? 0,
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

extension Detector {
    fileprivate var kindName: String {
        switch kind {
        case .model: "model"
        case .rule: "rule"
        }
    }
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
    private static func inOrder(_ modelID: String) -> String {
        modelID.split(separator: " ").sorted().joined(separator: " ")
    }

    /// Whether a run was of this pipeline and these models.
    private static func isSame(_ last: RunRecord, _ run: RunRecord, _ identity: PlanIdentity) -> Bool {
        identity.isKnown(as: last.pipelineSHA) && last.modelID.map(inOrder) == run.modelID.map(inOrder)
    }
}

import AlertStore
import Base
import Delivery
import Engine
import EventLog
import FileStore
import Glibc
import Plan
import Runtime
import StateStore

/// Makes the alerts from the log again, as far as the log goes back.
///
/// Where it no longer begins with the first event that the alerts were made from (`log retain`), the oldest checkpoint has
/// the state as of its offset: what came before is taken over as it is, and everything behind it is made again.
struct Recomputation {
    let plan: PipelinePlan
    let models: (bindings: [Int: ModelBinding], models: [ModelDirectory])
    let store: DiskStore
    let isQuiet: Bool

    var modelID: String { models.models.map(\.id).joined(separator: " ") }

    init(_ planning: PlanOptions, store: DiskStore, isQuiet: Bool) throws(CommandError) {
        var plan = try planning.plan()
        models = try ModelDirectory.bind(&plan, path: planning.model)
        self.plan = plan
        self.store = store
        self.isQuiet = isQuiet
    }

    /// The run that a command is.
    func run(of command: String) -> RunRecord {
        RunRecord(
            command: command,
            appVersion: PatternAlarm.version,
            pipeline: plan.name,
            pipelineSHA: plan.sha256,
            modelID: modelID.isEmpty ? nil : modelID
        )
    }

    /// How one partition is gone through.
    struct Start {
        var partition: Int
        /// The first offset that is gone through; nil = none can be, and everything is taken over.
        var offset: Int64?
        /// The oldest event in the log.
        var logStart: Int64
        /// Whether alerts were made from events that the log no longer has.
        var hasLostEvents: Bool
        /// With the state as of the offset.
        fileprivate var view: PartitionView

        /// Goes through what the log has as if nothing had been before, for want of a state.
        mutating func beginWithoutState() {
            offset = logStart
            view.begin(at: logStart)
        }

        /// What is taken over; nil = nothing.
        var point: RebuildPoint? {
            guard hasLostEvents else { return nil }
            return RebuildPoint(partition: partition, offset: offset ?? .max, logStart: logStart)
        }

        /// What a person should know of it, if not everything is gone through; `verb` is what is done.
        func words(_ verb: String) -> String? {
            guard hasLostEvents else { return nil }
            let lost =
                "what came before offset \(logStart) of partition \(partition) is no longer in the log: "
            guard let offset else {
                return lost + "no checkpoint holds the state that everything behind it depends on: nothing of it is "
                    + verb
            }
            return lost + verb
                + (offset == logStart ? " from there on" : " from offset \(offset) on, its oldest checkpoint")
        }
    }

    /// Refuses alerts that were made with another pipeline or model.
    func check(_ run: RunRecord?) throws(CommandError) {
        guard let run, run.pipelineSHA != plan.sha256 || (run.modelID ?? "") != modelID else { return }
        throw .usage(
            "the alerts were made with pipeline \(run.pipeline) (\(run.pipelineSHA.prefix(12))) and model "
                + "\(run.modelID ?? "none"), not with \(plan.name) (\(plan.sha256.prefix(12))) and "
                + "\(modelID.isEmpty ? "none" : modelID): name them with --pipeline and --model"
        )
    }

    func start(_ known: PartitionProgress, limit: Int64) throws(CommandError) -> Start {
        try start(known.partition, first: known.nextOffset - Int64(known.events), limit: limit)
    }

    /// Puts an engine where a partition's events can be gone through from, up to an offset.
    ///
    /// - Parameters:
    ///   - partition: The partition.
    ///   - first: The offset that the alerts' ledger begins at.
    ///   - limit: The offset up to which the events count; nil = the log's end.
    /// - Returns: Where that is, and the engine.
    /// - Throws: ``CommandError``
    func start(_ partition: Int, first: Int64, limit: Int64?) throws(CommandError) -> Start {
        let bounds: (start: LogOffset, end: LogOffset)
        do throws(LogError) {
            bounds = try PartitionReader.bounds(directory: "log/\(plan.name)-\(partition)", store: store)
        } catch {
            throw CommandError(error)
        }
        let logStart = bounds.start.rawValue
        var found = Start(
            partition: partition,
            offset: first,
            logStart: logStart,
            hasLostEvents: logStart > first,
            view: try view(of: partition)
        )
        guard found.hasLostEvents else {
            found.view.begin(at: first)
            return found
        }
        let last = limit ?? bounds.end.rawValue
        guard last >= logStart else {
            found.offset = nil
            return found
        }
        // A writer may take a checkpoint away while it is read: there is a newer one then.
        for _ in 0..<Self.attempts {
            do throws(RunnerError) {
                found.offset = try found.view.restore(oldestAt: logStart...last) ? found.view.nextOffset : nil
                return found
            } catch {
                guard case .state(.file(let failure)) = error, failure.code == ENOENT else { throw CommandError(error) }
                found.view = try view(of: partition)
            }
        }
        found.offset = nil
        return found
    }

    private static let attempts = 10

    /// A partition that nothing has been gone through of.
    func view(of partition: Int) throws(CommandError) -> PartitionView {
        do throws(RunnerError) {
            return try PartitionView(
                plan: plan,
                partition: partition,
                models: models.bindings,
                topic: plan.name,
                fingerprint: DataDirectory.fingerprint(pipelineSHA: plan.sha256, modelID: modelID),
                store: store
            )
        } catch {
            throw CommandError(error)
        }
    }

    /// Goes through a partition's events up to an offset; returns how many those were.
    func run(_ start: Start, upTo end: Int64, into database: AlertDatabase, _ bar: Progress) throws(CommandError) -> Int
    {
        guard let first = start.offset else { return 0 }
        let sink = DatabaseSink(
            database,
            commits: CommitBuilder(plan: plan, topic: plan.name, modelIDs: models.bindings.mapValues(\.id))
        )
        do throws(RunnerError) {
            try start.view.advance(to: end, into: sink) { offset in
                bar.update(
                    "partition \(start.partition), \(grouped(Int(offset))) events",
                    fraction: Double(offset) / Double(max(1, end))
                )
            }
        } catch {
            throw CommandError(error)
        }
        guard start.view.nextOffset >= end else {
            throw .damaged(
                "partition \(start.partition) of the log ends at offset \(start.view.nextOffset), not \(end)"
            )
        }
        return Int(end - first)
    }
}

import Activations
import AlertStore
import Base
import Delivery
public import EventLog
public import FileStore
import Glibc
public import Partition
public import Plan
public import Runtime
import StateStore

/// Makes the alerts from the log again, as far as the log goes back.
///
/// Where it no longer begins with the first event that the alerts were made from (`log retain`), or has lost some of
/// those to damage (`log repair`), the oldest checkpoint behind that has the state as of its offset: what came before
/// is taken over as it is, and everything behind it is made again.
public struct Recomputation {
    public let definitions: LoadedDefinitions
    /// What holds in each partition from which offset on.
    private let schedules: [DefinitionSchedule]
    /// The activations in force; none if the directory knows of none.
    private let history: ActivationHistory
    let store: DiskStore
    private let appVersion: String
    private let talk: Talk
    /// What a repair has marked as lost, by the partitions' names.
    private let lost: [String: [LostRange]]

    public var plan: PipelinePlan { definitions.plan }

    private var modelID: String { definitions.modelID ?? "" }

    /// Whether no other definitions have made alerts.
    var isAlone: Bool { history.inForce.count <= 1 }

    /// How the alerts file lists what was in force.
    var activations: [ActivationRow] { history.rows }

    /// Who is told what, while it goes on.
    public struct Talk {
        /// What a person should know.
        var say: (String) -> Void
        /// How far a partition is; nil at the end of all.
        var show: (_ at: (partition: Int, offset: Int64, end: Int64)?) -> Void

        public init(
            say: @escaping (String) -> Void,
            show: @escaping (_ at: (partition: Int, offset: Int64, end: Int64)?) -> Void
        ) {
            self.say = say
            self.show = show
        }
    }

    /// - Parameters:
    ///   - definitions: What a person names. If it is in force, all that was before it is gone through, too; else what
    ///     it alone would give.
    ///   - reader: Reads what was in force.
    ///   - store: The data directory.
    ///   - appVersion: What makes the alerts, for the notes of its runs.
    ///   - lost: What a repair has marked as lost, by the partitions' names: where it is not given, every event counts
    ///     as one.
    ///   - talk: Who is told.
    /// - Throws: ``UpkeepError`` if what was in force cannot be read.
    public init(
        _ definitions: LoadedDefinitions,
        reader: any DefinitionReader,
        store: DiskStore,
        appVersion: String,
        lost: [String: [LostRange]] = [:],
        talk: Talk
    ) throws(UpkeepError) {
        do throws(ActivationError) { history = try ActivationHistory.read(store: store) } catch {
            throw UpkeepError(error)
        }
        let partitions = definitions.plan.partitionCount
        if let current = history.current, definitions.isSame(as: current) {
            do throws(RuntimeError) {
                // Alone, it is as the person has it: titles and the order of the parts are presentation.
                schedules =
                    history.inForce.count > 1
                    ? try DefinitionShelf(store, reader, definitions).schedules(history, partitions: partitions)
                    : Array(repeating: DefinitionSchedule(definitions.definitions(current.number)), count: partitions)
            } catch {
                throw .runtime(error)
            }
        } else {
            schedules = Array(repeating: DefinitionSchedule(definitions.definitions(1)), count: partitions)
        }
        self.definitions = definitions
        self.lost = lost
        self.store = store
        self.appVersion = appVersion
        self.talk = talk
    }

    /// Whether a repair has marked something of a partition as lost.
    func hasMarks(_ partition: Int) -> Bool { !marks(partition).isEmpty }

    func say(_ words: String) { talk.say(words) }

    /// Nothing more is shown.
    func endShowing() { talk.show(nil) }

    private func marks(_ partition: Int) -> [LostRange] { lost["\(plan.name)-\(partition)"] ?? [] }

    /// The run that a command is.
    func run(of command: String) -> RunRecord {
        RunRecord(
            command: command,
            appVersion: appVersion,
            pipeline: plan.name,
            pipelineSHA: definitions.identity.pipeline,
            modelID: modelID.isEmpty ? nil : modelID
        )
    }

    /// How one partition is gone through.
    struct Start {
        var partition: Int
        /// The first offset that is gone through; nil = none can be, and everything is taken over.
        var offset: Int64?
        /// The first offset from which on the log has every event that alerts were made from.
        var logStart: Int64
        /// Whether alerts were made from events that the log no longer has.
        var hasLostEvents: Bool
        /// Whether those are marked as lost to damage, behind others that are there.
        var hasMarks: Bool
        /// Behind the last event that counts.
        var end: Int64
        /// With the state as of the offset.
        fileprivate var view: PartitionView

        /// Goes through what the log has as if nothing had been before, for want of a state.
        mutating func beginWithoutState() throws(UpkeepError) {
            offset = logStart
            do throws(RunnerError) { try view.begin(at: logStart) } catch { throw UpkeepError(error) }
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
                hasMarks
                ? "events before offset \(logStart) of partition \(partition) were lost to damage of the log: "
                : "what came before offset \(logStart) of partition \(partition) is no longer in the log: "
            guard let offset else {
                return lost + "no checkpoint holds the state that everything behind it depends on: nothing of it is "
                    + verb + ", up to offset \(end - 1)"
            }
            return lost + verb
                + (offset == logStart ? " from there on" : " from offset \(offset) on, its oldest checkpoint")
        }
    }

    /// Refuses alerts that were made with another pipeline or model.
    func check(_ run: RunRecord?) throws(UpkeepError) {
        if let current = history.current {
            guard !definitions.isSame(as: current) else { return }
            throw .otherPipeline(
                "activation \(current.number) is in force (pipeline \(current.pipeline), "
                    + "\(current.pipelineIdentity.prefix(12))), not \(plan.name) "
                    + "(\(definitions.identity.pipeline.prefix(12))) with \(modelID.isEmpty ? "no model" : modelID): leave "
                    + "--pipeline and --model away"
            )
        }
        let identity = definitions.identity
        guard let run, !identity.isKnown(as: run.pipelineSHA) || (run.modelID ?? "") != modelID else { return }
        throw .otherPipeline(
            "the alerts were made with pipeline \(run.pipeline) (\(run.pipelineSHA.prefix(12))) and model "
                + "\(run.modelID ?? "none"), not with \(plan.name) (\(identity.pipeline.prefix(12))) and "
                + "\(modelID.isEmpty ? "none" : modelID): name them with --pipeline and --model"
        )
    }

    /// As far as what the alerts were made from is known, by their file.
    func start(
        _ known: PartitionProgress,
        limit: Int64,
        of database: AlertDatabase
    ) throws(UpkeepError) -> Start {
        let first = known.nextOffset - Int64(known.events)
        return try start(known.partition, first: first, limit: limit, behind: try gone(known, database))
    }

    /// Behind the last marked events of a partition that alerts were made from, before those were lost; nil if there
    /// are none. Of those that were lost before they counted, the file knows as the log does.
    private func gone(_ known: PartitionProgress, _ database: AlertDatabase) throws(UpkeepError) -> Int64? {
        for range in marks(known.partition).reversed() where range.offset.rawValue < known.nextOffset {
            let offsets = range.offset.rawValue..<min(range.nextOffset.rawValue, known.nextOffset)
            let told = try UpkeepError.storing { () throws(AlertStoreError) in
                try database.rejects(partition: known.partition, offsets: offsets, reason: LostRange.reason)
            }
            if told < offsets.count { return offsets.upperBound }
        }
        return nil
    }

    /// Puts an engine where a partition's events can be gone through from, up to an offset.
    ///
    /// - Parameters:
    ///   - partition: The partition.
    ///   - first: The offset that the alerts' ledger begins at.
    ///   - limit: The offset up to which the events count; nil = the log's end.
    ///   - gone: The offset behind events that the log has lost; nil = none.
    /// - Returns: Where that is, and the engine.
    /// - Throws: ``UpkeepError``
    func start(
        _ partition: Int,
        first: Int64,
        limit: Int64?,
        behind gone: Int64? = nil
    ) throws(UpkeepError) -> Start {
        let bounds: (start: LogOffset, end: LogOffset)
        do throws(LogError) {
            bounds = try PartitionReader.bounds(directory: "log/\(plan.name)-\(partition)", store: store)
        } catch {
            throw UpkeepError(error)
        }
        let logStart = max(bounds.start.rawValue, gone ?? 0)
        let last = limit ?? bounds.end.rawValue
        var found = Start(
            partition: partition,
            offset: first,
            logStart: logStart,
            hasLostEvents: logStart > first,
            hasMarks: logStart > bounds.start.rawValue,
            end: last,
            view: try view(of: partition)
        )
        guard found.hasLostEvents else {
            do throws(RunnerError) { try found.view.begin(at: first) } catch { throw UpkeepError(error) }
            return found
        }
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
                guard case .state(.file(let failure)) = error, failure.code == ENOENT else { throw UpkeepError(error) }
                found.view = try view(of: partition)
            }
        }
        found.offset = nil
        return found
    }

    private static let attempts = 10

    /// A partition that nothing has been gone through of.
    public func view(of partition: Int) throws(UpkeepError) -> PartitionView {
        do throws(RunnerError) {
            return try PartitionView(
                schedules[partition],
                partition: partition,
                topic: plan.name,
                fingerprint: DataDirectory.fingerprint(definitions.identity, modelID: modelID),
                store: store
            )
        } catch {
            throw UpkeepError(error)
        }
    }

    /// Goes through a partition's events up to an offset, and at that offset up to an activation; returns how many
    /// those were.
    func run(
        _ start: Start,
        upTo end: Int64,
        activation: Int,
        into database: AlertDatabase
    ) throws(UpkeepError) -> Int {
        guard let first = start.offset else { return 0 }
        let sink = DatabaseSink(
            database,
            commits: CommitBuilder(topic: plan.name)
        )
        do throws(RunnerError) {
            try start.view.advance(to: end, activation: activation, into: sink) { offset in
                talk.show((start.partition, offset, end))
            }
        } catch {
            throw UpkeepError(error)
        }
        guard start.view.nextOffset >= end else {
            throw .damaged(
                "partition \(start.partition) of the log ends at offset \(start.view.nextOffset), not \(end)"
            )
        }
        return Int(end - first)
    }
}

import Base
import EventLog
import FileStore
import Ingest
import Partition
import Plan
import StateStore
import TestKit

/// One history from one seed: a recording is taken by a partition whose disk and database fail, forget and tear what was
/// not synced, and whose process dies at any moment; in the end everything must be as if nothing had happened.
struct History {
    /// A bug on purpose, for the simulation to find.
    enum Bug: Sendable {
        case none
        /// The disk says that it has synced, and has not.
        case lyingSync
        /// The database writes the offset before the alerts.
        case offsetFirst
        /// The checkpoint is used although the database is behind it.
        case checkpointAhead
        /// The database says that it has synced, and has not.
        case lyingSinkSync
    }

    /// What is wrong with a history, in words; it can be made again from its seed.
    struct Difference: Error, CustomStringConvertible {
        var seed: UInt64
        var words: String

        var description: String { "seed \(seed): \(words)" }
    }

    private(set) var crashes = 0
    private(set) var checkpointsUsed = 0
    private(set) var faults = 0

    private let seed: UInt64
    private let bug: Bug
    private var random: Seeded
    private let plan = History.plan()
    private let lines: [String]
    private let store: CrashingStore
    private let sink: MemorySink
    private var acknowledged: Int64 = 0

    init(seed: UInt64, bug: Bug = .none) {
        self.seed = seed
        self.bug = bug
        random = Seeded(seed: seed)
        let count = 40 + random.below(120)
        lines = History.recording(&random, count: count)
        store = CrashingStore(seed: random.next())
        let sinkBugs: [Bug: MemorySink.Bug] = [.offsetFirst: .offsetFirst, .lyingSinkSync: .lyingSync]
        sink = MemorySink(seed: random.next(), bug: sinkBugs[bug] ?? .none)
        if bug == .lyingSync { store.setLying() }
    }

    /// A plan in which everything has a state: windows, sessions, duplicates, alerts.
    static func plan() -> PipelinePlan {
        var plan = testPlan()
        plan.duplicatesWithin = 120_000_000
        let sliding = Window(entity: 0, kind: .sliding(size: 90_000_000))
        plan.aggregates.append(Aggregate(window: sliding, function: .sum, argument: .field(3, .number)))
        plan.features.append(Feature(name: "recent", expression: .aggregate(2)))
        return plan
    }

    /// Few actors, disorder, late, repeated, broken and far-future events, and quiet spells in which windows end.
    static func recording(_ random: inout Seeded, count: Int) -> [String] {
        var now = 1_772_438_400
        return (0..<count).map { index in
            now += random.below(8) + (random.below(25) == 0 ? 100 : 0)
            var time = now
            if random.below(10) == 0 { time -= random.below(9) }
            if random.below(40) == 0 { time -= 50 }
            if random.below(60) == 0 { time += 900 * 86_400 }
            let id = random.below(20) == 0 ? max(0, index - 1 - random.below(10)) : index
            if random.below(50) == 0 { return "{broken \(index)" }
            let actor = "A\(random.below(7))"
            return #"{"id":"e\#(id)","at":\#(time),"actor":"\#(actor)","amount":\#(random.below(1000)),"truth":"x"}"#
        }
    }

    private func runner(
        _ store: any FileStore,
        _ sink: any AlertSink,
        stateLimit: Int?,
        committed: Int64 = 0
    ) throws -> PartitionRunner {
        var surroundings = PartitionRunner.Surroundings(
            topic: "t",
            store: store,
            sink: sink,
            installer: ImmediateInstaller(),
            fingerprint: "f"
        )
        surroundings.log.segmentBytes = 2048
        surroundings.stateLimit = stateLimit
        // A checkpoint is copied while several batches go by.
        surroundings.copyBytes = 150
        return try PartitionRunner(
            DefinitionSchedule(Definitions(plan: plan, models: [:])),
            partition: 0,
            committed: committed,
            in: surroundings
        )
    }

    /// Runs the history to its end.
    ///
    /// - Throws: ``Difference`` if anything is other than without faults.
    mutating func run() throws {
        let expected = try undisturbed()
        let faulty = random.below(3) != 0
        var attempts = 0
        while true {
            attempts += 1
            // Sooner or later the disk is sound again.
            let isLast = attempts > 12
            store.setFailurePercent(!isLast && faulty ? 1 : 0)
            sink.setFailurePercent(!isLast && faulty ? 10 : 0)
            sink.setBusyPercent(!isLast && attempts % 3 == 0 ? 20 : 0)
            do {
                if try attempt(mayCrash: !isLast) { break }
            } catch let difference as Difference {
                throw difference
            } catch {
                guard !isLast else { throw difference("it does not come back: \(error)") }
                faults += 1
            }
            crashes += 1
            if random.below(2) == 0 {
                store.cutPower()
                sink.cutPower()
            }
        }
        store.setFailurePercent(0)
        sink.setFailurePercent(0)
        sink.setBusyPercent(0)
        guard sink.content == expected else {
            throw difference("the alerts differ: \(Self.compare(sink.content, expected))")
        }
        try compareLog()
    }

    /// Opens the directory, takes some of the rest of the recording, and dies or ends. True when everything is done.
    private mutating func attempt(mayCrash: Bool) throws -> Bool {
        let limit = random.below(2) == 0 ? nil : 300 + random.below(2000)
        var committed = sink.content.nextOffset
        let runner = try runner(store, sink, stateLimit: limit, committed: committed)
        guard runner.endOffset >= acknowledged else {
            throw difference("\(acknowledged) events were acknowledged, the log has \(runner.endOffset)")
        }
        if runner.recovery.damage.isEmpty == false { throw difference("damage: \(runner.recovery)") }
        if committed > runner.endOffset {
            sink.reset()
            committed = 0
        }
        // Where the log does not reach back, nothing but a checkpoint does.
        let kept = store.allFiles.filter { $0.hasPrefix("state/t-0/checkpoint-") && !$0.hasSuffix(".new") }
        let notes = try runner.recover(committed: bug == .checkpointAhead ? runner.endOffset : committed)
        if notes.checkpoint != nil { checkpointsUsed += 1 }
        if notes.checkpoint == nil, !kept.isEmpty, committed > 0 {
            throw difference("none of the checkpoints \(kept) is of use: the alerts end at \(committed)")
        }
        while true {
            let done = runner.recordings[1]?.furthest?.position.line ?? 0
            if done == lines.count {
                runner.finishCheckpoint()
                try runner.beginCheckpoint()
                runner.finishCheckpoint()
                try runner.close()
                return true
            }
            let end = min(lines.count, done + 1 + random.below(12))
            let batch = decode(Array(lines[done..<end]), plan: plan)
            try runner.take(
                batch,
                rows: (0..<Int32(end - done)).map { $0 },
                line: { done + Int($0) + 1 },
                mark: SourceMark(input: 1, position: .init(line: end, byte: end, checksum: 0), path: "r")
            )
            switch random.below(12) {
            case 0, 1:
                try runner.syncLog()
                acknowledged = runner.endOffset
            case 2, 3: try runner.commitUnlessBusy()
            case 4, 5: try runner.beginCheckpoint()
            case 6: sink.makeDurable()
            case 7 where mayCrash: return false
            default: break
            }
        }
    }

    private func undisturbed() throws -> MemorySink.Content {
        let store = CrashingStore()
        let sink = MemorySink(seed: 0)
        let runner = try runner(store, sink, stateLimit: nil)
        _ = try runner.recover(committed: 0)
        let batch = decode(lines, plan: plan)
        try runner.take(
            batch,
            rows: lines.indices.map { Int32($0) },
            line: { Int($0) + 1 },
            mark: SourceMark(input: 1, position: .init(line: lines.count, byte: lines.count, checksum: 0), path: "r")
        )
        try runner.close()
        return sink.content
    }

    /// Every line is in the log once, in order.
    private func compareLog() throws {
        let reader = PartitionReader(directory: "log/t-0", store: store)
        let records = RecordBatch()
        var found: [String] = []
        while try reader.next(into: records) {
            for record in records.records { found.append(String(decoding: records.bytes[record.value], as: UTF8.self)) }
        }
        guard found == lines else {
            throw difference("the log has \(found.count) events, not \(lines.count), or others")
        }
    }

    private func difference(_ words: String) -> Difference { Difference(seed: seed, words: words) }

    static func compare(_ found: MemorySink.Content, _ expected: MemorySink.Content) -> String {
        if found.nextOffset != expected.nextOffset { return "offset \(found.nextOffset), not \(expected.nextOffset)" }
        if found.ledger != expected.ledger { return "\(found.ledger), not \(expected.ledger)" }
        for (id, numbers) in expected.alerts where found.alerts[id] != numbers {
            return "alert \(id): \(found.alerts[id] ?? []) instead of \(numbers)"
        }
        for (id, numbers) in expected.evidence where found.evidence[id] != numbers {
            return "evidence \(id): \(found.evidence[id] ?? []) instead of \(numbers)"
        }
        return "\(found.alerts.count) alerts, not \(expected.alerts.count)"
    }
}

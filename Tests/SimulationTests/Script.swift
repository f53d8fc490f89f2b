import AlertStore
import Base
import Delivery
import Engine
import EventLog
import FileStore
import Ingest
import Partition
import Plan
import StateStore
import TestKit
import Windows

/// What every process of a fault run does: takes a recording into two partitions, eight lines at a time, and after each
/// eight syncs, commits, writes a checkpoint or notes a person's decision, until the recording is at its end.
struct Script {
    /// A bug on purpose, for the fault runs to find.
    enum Bug: Sendable {
        case none
        /// The disk says that it has synced, and has not.
        case lyingSync
        /// The offset is written in a transaction of its own, in front of the alerts.
        case offsetFirst
    }

    let plan: PipelinePlan
    let lines: [String]
    /// The lines of each partition, as positions.
    let rows: [[Int32]]

    static let stride = 8

    init(seed: UInt64, count: Int) {
        var random = Seeded(seed: seed)
        var plan = History.plan()
        plan.partitionCount = 2
        self.plan = plan
        lines = History.recording(&random, count: count)
        var rows = [[Int32]](repeating: [], count: plan.partitionCount)
        Partitioner(plan: plan, capacity: count).assign(decode(lines, plan: plan), to: &rows)
        self.rows = rows
    }

    /// The lines that the log of a partition must have in the end.
    func lines(ofPartition partition: Int) -> [String] { rows[partition].map { lines[Int($0)] } }
}

/// What was promised to the outside: it must be true whatever happens later.
struct Promises {
    var endOffsets: [Int: Int64] = [:]
    var notes: Set<String> = []
}

/// One process, from its start to its end or to the first error: the real log, checkpoints and alerts file on one disk.
final class ScriptedProcess {
    struct Broken: Error {
        var words: String
    }

    static let noted = "somebody's alert"

    let database: AlertDatabase
    private let script: Script
    private let runners: [PartitionRunner]

    init(
        _ script: Script,
        on store: CrashingStore,
        _ vfs: SimulatedVFS,
        bug: Script.Bug,
        after promises: Promises
    ) throws {
        self.script = script
        database = try AlertDatabase(path: "alerts.sqlite", checkpointPages: 30, vfs: vfs.id)
        let sink = DatabaseSink(database, commits: CommitBuilder(topic: "t"))
        var surroundings = PartitionRunner.Surroundings(
            topic: "t",
            store: store,
            sink: bug == .offsetFirst ? OffsetFirstSink(sink) : sink,
            installer: ImmediateInstaller(),
            fingerprint: "f"
        )
        surroundings.log.segmentBytes = 4096
        surroundings.stateLimit = 1500
        surroundings.copyBytes = 300
        var committed: [Int: Int64] = [:]
        for known in try database.progress(topic: "t") { committed[known.partition] = known.nextOffset }
        var runners: [PartitionRunner] = []
        for partition in script.rows.indices {
            let runner = try PartitionRunner(
                DefinitionSchedule(Definitions(plan: script.plan, models: [:])),
                partition: partition,
                committed: committed[partition] ?? 0,
                in: surroundings
            )
            let promised = promises.endOffsets[partition] ?? 0
            guard runner.endOffset >= promised else {
                throw Broken(words: "\(promised) events were acknowledged, the log has \(runner.endOffset)")
            }
            guard runner.recovery.damage.isEmpty else { throw Broken(words: "damage: \(runner.recovery)") }
            runners.append(runner)
        }
        self.runners = runners
        // The alerts may be ahead of the log only if somebody has lied about a sync.
        for runner in runners where committed[runner.partition] ?? 0 > runner.endOffset {
            throw Broken(words: "the alerts are ahead of the log")
        }
        for runner in runners { _ = try runner.recover(committed: committed[runner.partition] ?? 0) }
    }

    /// Does the rest of the script.
    func run(noting promises: inout Promises) throws {
        let done = runners.map { $0.recordings[1]?.furthest?.position.line ?? 0 }.min() ?? 0
        for start in stride(from: done, to: script.lines.count, by: Script.stride) {
            let end = min(start + Script.stride, script.lines.count)
            let batch = decode(Array(script.lines[start..<end]), plan: script.plan)
            for runner in runners {
                let rows = script.rows[runner.partition].filter { (start..<end).contains(Int($0)) }
                try patiently { () throws(RunnerError) in
                    try runner.take(
                        batch,
                        rows: rows.map { $0 - Int32(start) },
                        line: { start + Int($0) + 1 },
                        mark: SourceMark(input: 1, position: .init(line: end, byte: end, checksum: 0), path: "r")
                    )
                }
            }
            try act(start / Script.stride, &promises)
        }
        for runner in runners {
            runner.finishCheckpoint()
            try runner.beginCheckpoint()
            runner.finishCheckpoint()
            try patiently { () throws(RunnerError) in try runner.close() }
        }
        for runner in runners { promises.endOffsets[runner.partition] = runner.endOffset }
    }

    /// Tries again what there was no room for.
    private func patiently(_ body: () throws(RunnerError) -> Void) throws(RunnerError) {
        for _ in 1..<Self.triesMax {
            do throws(RunnerError) { return try body() } catch {
                guard error.passes else { throw error }
            }
        }
        try body()
    }

    private static let triesMax = 12

    private func act(_ step: Int, _ promises: inout Promises) throws {
        switch step % 5 {
        case 0, 3:
            for runner in runners {
                try patiently { () throws(RunnerError) in try runner.commit() }
                promises.endOffsets[runner.partition] = runner.endOffset
            }
        case 1:
            for runner in runners {
                try patiently { () throws(RunnerError) in try runner.syncLog() }
                promises.endOffsets[runner.partition] = runner.endOffset
            }
        case 2: for runner in runners { try runner.beginCheckpoint() }
        default:
            let note = TriageRecord(
                alertID: Self.noted,
                atMilliseconds: 1,
                author: "a",
                status: nil,
                label: nil,
                assignee: nil,
                note: "\(step)"
            )
            var isNoted = false
            for _ in 0..<Self.triesMax where !isNoted {
                do throws(AlertStoreError) {
                    try database.append(note)
                    isNoted = true
                } catch {
                    guard error.passes else { throw error }
                }
            }
            guard isNoted else { throw AlertStoreError.full(path: database.path) }
            promises.notes.insert("\(step)")
        }
    }
}

/// A sink with the bug that exactly-once is about: a crash between its two transactions loses the alerts for good.
private final class OffsetFirstSink: AlertSink {
    private let sink: DatabaseSink

    init(_ sink: DatabaseSink) {
        self.sink = sink
    }

    func commit(_ output: EngineOutput, further: FurtherEvidence) throws(SinkError) {
        var offset = EngineOutput(partition: output.partition)
        offset.nextOffset = output.nextOffset
        offset.clock = output.clock
        offset.ledger = output.ledger
        try sink.commit(offset) { _, _ in }
        var rest = output
        rest.ledger = Ledger()
        try sink.commit(rest, further: further)
    }

    func sync() throws(SinkError) { try sink.sync() }
}

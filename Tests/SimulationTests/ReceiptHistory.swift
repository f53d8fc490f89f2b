import Base
import Engine
import EventLog
import FileStore
import Partition
import Plan
import StateStore
import TestKit

/// What a server does with a partition, from one seed: bodies of events are appended and judged one after another, while
/// commits, checkpoints and spilled keys come wherever they may; now and then the process ends and another goes on. Each
/// body must be told of its events what an engine says that judges all of them at once.
struct ReceiptHistory {
    struct Difference: Error, CustomStringConvertible {
        var seed: UInt64
        var words: String

        var description: String { "seed \(seed): \(words)" }
    }

    /// How often a commit came in the middle of the judging of a body with events that were not accepted.
    private(set) var commitsWithin = 0
    private(set) var bodies = 0
    private(set) var refusals = 0

    private let seed: UInt64
    private var random: Seeded
    private let plan = History.plan()
    private let lines: [String]
    private let store: CrashingStore
    private let sink: MemorySink

    init(seed: UInt64) {
        self.seed = seed
        random = Seeded(seed: seed)
        let count = 40 + random.below(120)
        lines = History.recording(&random, count: count)
        store = CrashingStore(seed: random.next())
        sink = MemorySink(seed: random.next())
    }

    /// - Throws: ``Difference`` if a body is told anything else.
    mutating func run() throws {
        let expected = try judged()
        var position = 0
        while position < lines.count {
            sink.setBusyPercent(0)
            let runner = try open()
            sink.setBusyPercent(random.below(2) == 0 ? 30 : 0)
            let end = random.below(4) == 0 ? min(lines.count, position + random.below(60)) : lines.count
            while position < end {
                let size = min(1 + random.below(random.below(3) == 0 ? 40 : 5), end - position)
                try take(position..<position + size, runner, expected)
                position += size
                try act(runner)
            }
            sink.setBusyPercent(0)
            runner.finishCheckpoint()
            try runner.close()
        }
        guard sink.content.nextOffset == Int64(lines.count), sink.content.others.count == expected.count else {
            throw difference("the sink has \(sink.content.others.count) events that were not accepted")
        }
    }

    /// What an engine says of all events at once, by offset, told from the lists that its transaction would have.
    private func judged() throws -> [Int64: Refusal.Kind] {
        let engine = try PartitionEngine(plan: plan, models: [:], partition: 0, capacity: lines.count)
        var output = EngineOutput(partition: 0)
        lines.indices.map { Int32($0) }.withUnsafeBufferPointer { rows in
            let batch = decode(lines, plan: plan)
            engine.process(batch, rows: rows, baseOffset: LogOffset(0), emits: true, into: &output)
        }
        var found: [Int64: Refusal.Kind] = [:]
        for event in output.rejected { found[event.offset] = .rejected(field: event.field, reason: event.reason) }
        for event in output.late { found[event.offset] = .late }
        for event in output.duplicates { found[event.offset] = .duplicate }
        return found
    }

    private mutating func open() throws -> PartitionRunner {
        var surroundings = PartitionRunner.Surroundings(
            topic: "t",
            store: store,
            sink: sink,
            installer: ImmediateInstaller(),
            fingerprint: "f"
        )
        surroundings.log.segmentBytes = 2048
        surroundings.stateLimit = 300 + random.below(2000)
        surroundings.copyBytes = 150
        let committed = sink.content.nextOffset
        let runner = try PartitionRunner(
            DefinitionSchedule(Definitions(plan: plan, models: [:])),
            partition: 0,
            committed: committed,
            in: surroundings
        )
        _ = try runner.recover(committed: committed)
        return runner
    }

    private mutating func take(
        _ range: Range<Int>,
        _ runner: PartitionRunner,
        _ expected: [Int64: Refusal.Kind]
    ) throws {
        let batch = decode(Array(lines[range]), plan: plan)
        let rows = (0..<Int32(range.count)).map { $0 }
        let base = try runner.append(batch, rows: rows, from: nil).base
        guard base.rawValue == Int64(range.lowerBound) else { throw difference("offset \(base) for \(range)") }
        let before = sink.content.nextOffset
        let refused = try runner.process(batch, rows: rows, from: base)
        let wanted = range.compactMap { offset in
            expected[Int64(offset)].map { Refusal(index: offset - range.lowerBound, kind: $0) }
        }
        guard refused == wanted else { throw difference("\(range) was told \(refused), not \(wanted)") }
        bodies += 1
        refusals += refused.count
        if !refused.isEmpty, sink.content.nextOffset > before { commitsWithin += 1 }
    }

    private mutating func act(_ runner: PartitionRunner) throws {
        switch random.below(5) {
        case 0:
            do throws(RunnerError) {
                try runner.commit()
            } catch {
                guard error.passes else { throw error }
            }
        case 1: try runner.syncLog()
        case 2: try runner.beginCheckpoint()
        case 3: runner.continueCheckpoint()
        default: break
        }
    }

    private func difference(_ words: String) -> Difference { Difference(seed: seed, words: words) }
}

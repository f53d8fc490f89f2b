import Base
import EventLog
import FileStore
import Ingest
import Partition
import Plan
import StateStore
import TestKit

/// One history in which definitions change while events come: rules, windows, features and what is accepted, whatever
/// was activated when and whoever died where. What the process gave that lived through it, what recovery gave and what a
/// rebuild from nothing but the log and its activations gives must be the same; and each alert must be what a plain model
/// says, which runs every set over the whole log.
struct ActivationHistory {
    /// A bug on purpose, for the simulation to find.
    enum Bug: Sendable {
        case none
        /// The next set is in force one event later than its record says.
        case oneEventLate
    }

    private(set) var crashes = 0
    private(set) var activations = 0

    private let seed: UInt64
    private let bug: Bug
    private var random: Seeded
    private let lines: [String]
    private let store: CrashingStore
    private let sink: MemorySink
    private var acknowledged: Int64 = 0
    /// What is durable of the activations: each with the offset from which on it holds.
    private var entries: [DefinitionSchedule.Entry]
    /// What is being made ready; nobody remembers it after a crash.
    private var next: NextEngine?

    init(seed: UInt64, bug: Bug = .none) {
        self.seed = seed
        self.bug = bug
        random = Seeded(seed: seed)
        lines = Self.recording(&random, count: 60 + random.below(140))
        store = CrashingStore(seed: random.next())
        sink = MemorySink(seed: random.next())
        entries = [.init(Definitions(plan: ActivationPlans.first(), models: [:]), from: 0)]
    }

    /// Like that of other histories, with a second key.
    private static func recording(_ random: inout Seeded, count: Int) -> [String] {
        History.recording(&random, count: count).map { line in
            guard line.hasSuffix("}"), random.below(8) > 0 else { return line }
            return line.dropLast() + #","address":{"zip":"Z\#(random.below(4))"}}"#
        }
    }

    private func difference(_ words: String) -> History.Difference { .init(seed: seed, words: words) }

    /// Runs the history to its end.
    ///
    /// - Throws: ``History/Difference`` if anything differs.
    mutating func run() throws {
        var attempts = 0
        while true {
            attempts += 1
            let isLast = attempts > 8
            store.setFailurePercent(!isLast && attempts % 3 == 1 ? 1 : 0)
            sink.setBusyPercent(!isLast && attempts % 3 == 0 ? 20 : 0)
            do {
                if try attempt(mayCrash: !isLast) { break }
            } catch let difference as History.Difference {
                throw difference
            } catch {
                guard !isLast else { throw difference("it does not come back: \(error)") }
            }
            crashes += 1
            next = nil
            if random.below(2) == 0 {
                store.cutPower()
                sink.cutPower()
            }
        }
        store.setFailurePercent(0)
        sink.setBusyPercent(0)
        let rebuilt = try rebuilt()
        guard sink.content == rebuilt else {
            throw difference("live and rebuilt differ: \(History.compare(sink.content, rebuilt))")
        }
        try compareWithModel()
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
        surroundings.stateLimit = random.below(2) == 0 ? nil : 300 + random.below(3000)
        surroundings.copyBytes = 150
        var committed = sink.content.nextOffset
        let schedule = DefinitionSchedule(entries)
        let runner = try PartitionRunner(schedule, partition: 0, committed: committed, in: surroundings)
        guard runner.endOffset >= acknowledged else {
            throw difference("\(acknowledged) events were acknowledged, the log has \(runner.endOffset)")
        }
        if committed > runner.endOffset {
            sink.reset()
            committed = 0
        }
        _ = try runner.recover(committed: committed, activation: sink.content.activation)
        guard runner.definitions.activation == entries.count else {
            throw difference("activation \(runner.definitions.activation) is in force, not \(entries.count)")
        }
        return runner
    }

    /// Opens the directory, goes on, and dies or ends. True when everything is done.
    private mutating func attempt(mayCrash: Bool) throws -> Bool {
        let runner = try open()
        while true {
            let done = runner.recordings[1]?.furthest?.position.line ?? 0
            if done == lines.count {
                if next != nil { try activate(runner) }
                runner.finishCheckpoint()
                try runner.beginCheckpoint()
                runner.finishCheckpoint()
                try runner.close()
                return true
            }
            let end = min(lines.count, done + 1 + random.below(12))
            let batch = decode(Array(lines[done..<end]), plan: runner.definitions.plan)
            try runner.take(
                batch,
                rows: (0..<Int32(end - done)).map { $0 },
                line: { done + Int($0) + 1 },
                mark: SourceMark(input: 1, position: .init(line: end, byte: end, checksum: 0), path: "r")
            )
            switch random.below(16) {
            case 0, 1:
                try runner.syncLog()
                acknowledged = runner.endOffset
            case 2, 3: try runner.commitUnlessBusy()
            case 4, 5: try runner.beginCheckpoint()
            case 6: sink.makeDurable()
            case 7 where mayCrash: return false
            case 8, 9, 10: try prepare(runner)
            case 11: try next?.gather(to: runner.endOffset, from: reader(from: next?.offset ?? 0))
            case 12...14 where next != nil:
                try activate(runner)
                // Between the record and the first event behind it.
                if mayCrash, random.below(4) == 0 { return false }
            default: break
            }
        }
    }

    /// Begins to make the next set ready, beside what goes on.
    private mutating func prepare(_ runner: PartitionRunner) throws {
        guard next == nil else { return }
        let plan = ActivationPlans.next(runner.definitions.plan, &random)
        next = try runner.prepare(Definitions(activation: entries.count + 1, plan: plan, models: [:]))
    }

    /// The record is durable first, behind the events that it is about; then it holds.
    private mutating func activate(_ runner: PartitionRunner) throws {
        guard let next else { return }
        try runner.syncLog()
        acknowledged = runner.endOffset
        let from = bug == .oneEventLate ? max(entries.last?.from ?? 0, runner.endOffset - 1) : runner.endOffset
        entries.append(.init(next.definitions, from: from))
        activations += 1
        self.next = nil
        try runner.activate(next)
    }

    private func reader(from offset: Int64) -> PartitionReader {
        PartitionReader(directory: "log/t-0", store: store, from: LogOffset(offset))
    }

    /// What the log with its activations gives, made from nothing else.
    private func rebuilt() throws -> MemorySink.Content {
        let sink = MemorySink(seed: 0)
        let view = try PartitionView(
            DefinitionSchedule(entries),
            partition: 0,
            topic: "t",
            fingerprint: "f",
            store: store
        )
        try view.advance(into: sink)
        return sink.content
    }

    private func compareWithModel() throws {
        var model = ActivationModel(lines: lines, entries: entries)
        let expected = try model.alerts()
        let found = Set(sink.content.words.values)
        guard found == expected else {
            let missing = expected.subtracting(found).sorted().first
            let more = found.subtracting(expected).sorted().first
            throw difference(
                "the model has \(missing?.description ?? "nothing more"); found is \(more?.description ?? "nothing more")"
            )
        }
    }
}

import Base
import EventLog
import FileStore
import Ingest
import Partition
import Plan
import StateStore
import TestKit

/// One sequence of runs over a growing recording, from one seed: each takes a range of event time, up to a line, and the
/// last one everything. Processes die on the way and are started again with the same range.
///
/// In the end each line is in the log once; and whenever a run has come to its end, each line that it could read is in the log
/// or among those that it says it has left out.
struct RangeHistory {
    struct Run: Equatable {
        var range: TimeRange
        /// How many lines the recording has by then, and where the run stops.
        var lines: Int
        var stop: Int
    }

    struct Difference: Error, CustomStringConvertible {
        var seed: UInt64
        var words: String

        var description: String { "seed \(seed): \(words)" }
    }

    /// What two partitions hold: their lines in order, and what became of them.
    struct Outcome: Equatable {
        var lines: [[Int]]
        var contents: [MemorySink.Content]
    }

    private(set) var crashes = 0
    /// Runs that left something out, and runs that took events which one before had left out.
    private(set) var partialRuns = 0
    private(set) var laterTaken = 0

    private let seed: UInt64
    private let script: Script
    private let runs: [Run]
    private var random: Seeded
    private let store: CrashingStore
    private let sinks: [MemorySink]
    private let mayCrash: Bool
    /// A bug on purpose, for the simulation to find: what is outside of a range is not shown to the partitions, and their
    /// marks say that everything was taken.
    private let forgetsRanges: Bool

    init(seed: UInt64, mayCrash: Bool, forgetsRanges: Bool = false) {
        self.seed = seed
        self.forgetsRanges = forgetsRanges
        self.mayCrash = mayCrash
        var random = Seeded(seed: seed)
        let script = Script(seed: random.next(), count: 30 + random.below(90))
        let times = Self.times(script)
        func border() -> Int64? { random.below(4) == 0 ? nil : times[random.below(times.count)] }
        var runs: [Run] = []
        var visible = script.lines.count / 2
        for _ in 0..<1 + random.below(5) {
            visible = min(script.lines.count, visible + random.below(1 + script.lines.count / 3))
            let stop = random.below(4) == 0 ? random.below(visible) : visible
            runs.append(Run(range: TimeRange(from: border(), to: border()), lines: visible, stop: stop))
        }
        // The same once more, or another one, then everything: twice.
        runs.append(runs[random.below(runs.count)])
        runs[runs.count - 1].lines = visible
        runs[runs.count - 1].stop = visible
        for _ in 0..<2 { runs.append(Run(range: .all, lines: script.lines.count, stop: script.lines.count)) }
        self.script = script
        self.runs = runs
        // What a crash is drawn from changes nothing of the runs.
        self.random = Seeded(seed: mayCrash ? random.next() : random.next() ^ 1)
        store = CrashingStore(seed: seed)
        sinks = script.rows.indices.map { MemorySink(seed: seed + UInt64($0)) }
    }

    private static func times(_ script: Script) -> [Int64] {
        let batch = decode(script.lines, plan: script.plan)
        return (0..<batch.count).filter { batch.status[$0] == 0 }.map { batch.times[$0] }
    }

    mutating func play() throws -> Outcome {
        for run in runs {
            var attempts = 0
            while true {
                attempts += 1
                if try attempt(run, mayCrash: mayCrash && attempts < 6) { break }
                crashes += 1
                guard random.below(3) == 0 else { continue }
                store.cutPower()
                for sink in sinks { sink.cutPower() }
            }
        }
        let outcome = Outcome(lines: try linesInLog(), contents: sinks.map(\.content))
        guard outcome.lines.flatMap({ $0 }).sorted() == Array(1...script.lines.count) else {
            throw difference("the log has the lines \(outcome.lines), of \(script.lines.count)")
        }
        return outcome
    }

    /// True when the run has come to its end.
    private mutating func attempt(_ run: Run, mayCrash: Bool) throws -> Bool {
        let runners = try script.rows.indices.map { try runner($0) }
        for (runner, sink) in zip(runners, sinks) {
            // After a power cut the alerts may be ahead of the log.
            if sink.content.nextOffset > runner.endOffset { sink.reset() }
            _ = try runner.recover(committed: sink.content.nextOffset)
        }
        let known = runners.map { $0.recordings[1] }
        let range = forgetsRanges ? .all : run.range
        var done = RecordingMarks.start(of: range, known).line
        let heldBefore = runners.reduce(0) { $0 + Int($1.endOffset) }
        for runner in runners { runner.begin(1, range: range) }
        while done < run.stop {
            let end = min(run.stop, done + 1 + random.below(12))
            let batch = decode(Array(script.lines[done..<end]), plan: script.plan)
            for runner in runners {
                let rows = script.rows[runner.partition].filter {
                    guard (done..<end).contains(Int($0)) else { return false }
                    let row = Int($0) - done
                    return !forgetsRanges || batch.status[row] != 0 || run.range.contains(batch.times[row])
                }
                try runner.take(
                    batch,
                    rows: rows.map { $0 - Int32(done) },
                    line: { [done] in done + Int($0) + 1 },
                    mark: SourceMark(
                        input: 1,
                        position: .init(line: end, byte: end * 10, checksum: 0),
                        path: "a recording",
                        range: range
                    )
                )
                switch random.below(16) {
                case 0: try runner.syncLog()
                case 1: try runner.commit()
                case 2: try runner.beginCheckpoint()
                case 3, 4: if mayCrash { return false }
                default: break
                }
            }
            done = end
        }
        // One that had come further before counts what it had left out up to there.
        let isAhead = known.compactMap { $0?.marks.last }.contains {
            $0.range == run.range && $0.position.line > run.stop
        }
        let isPartial = known.compactMap { $0 }.contains { $0.marks.contains { $0.range != .all } }
        if !isAhead { try check(run, runners, heldBefore, isPartial: isPartial) }
        for runner in runners {
            runner.finishCheckpoint()
            try runner.beginCheckpoint()
            runner.finishCheckpoint()
            try runner.close()
        }
        for sink in sinks { sink.makeDurable() }
        return true
    }

    private mutating func check(
        _ run: Run,
        _ runners: [PartitionRunner],
        _ heldBefore: Int,
        isPartial: Bool
    ) throws {
        let leftOut = runners.reduce(0) { $0 + $1.leftOutCount }
        let held = try linesInLog().flatMap { $0 }.filter { $0 <= run.stop }.count
        guard held + leftOut == run.stop else {
            throw difference("after \(run) the log has \(held) of these lines, and \(leftOut) are said to be left out")
        }
        if leftOut > 0 { partialRuns += 1 }
        if isPartial, runners.reduce(0, { $0 + Int($1.endOffset) }) > heldBefore { laterTaken += 1 }
    }

    private func runner(_ partition: Int) throws -> PartitionRunner {
        var surroundings = PartitionRunner.Surroundings(
            topic: "t",
            store: store,
            sink: sinks[partition],
            installer: ImmediateInstaller(),
            fingerprint: "f"
        )
        surroundings.log.segmentBytes = 2048
        surroundings.copyBytes = 150
        return try PartitionRunner(
            DefinitionSchedule(Definitions(plan: script.plan, models: [:])),
            partition: partition,
            committed: 0,
            in: surroundings
        )
    }

    /// The line numbers of each partition's records, in order.
    private func linesInLog() throws -> [[Int]] {
        try script.rows.indices.map { partition in
            let reader = PartitionReader(directory: "log/t-\(partition)", store: store)
            let records = RecordBatch()
            var lines: [Int] = []
            while try reader.next(into: records) {
                guard let first = records.records.first, let found = SourceMark.read(records.headers(of: first)),
                    found.lines.count == records.records.count
                else { throw difference("a batch does not say which lines it holds") }
                for (line, record) in zip(found.lines, records.records) {
                    guard script.lines[line - 1] == String(decoding: records.bytes[record.value], as: UTF8.self) else {
                        throw difference("line \(line) is another one in the log")
                    }
                }
                lines += found.lines
            }
            return lines
        }
    }

    private func difference(_ words: String) -> Difference { Difference(seed: seed, words: words + "; \(runs)") }
}

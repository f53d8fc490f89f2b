import AlertStore
public import Console
import Engine
import Foundation
public import InForce
import Learning
import Models
import Plan
public import Recordings
import Runtime

/// What a recording costs, stage by stage: each stage runs everything before it, too.
public struct PipelineBenchmark {
    /// How many events the recording holds.
    public private(set) var events = 0

    private let file: String
    private let reading: RecordingReading
    private let version: String
    private let runs: Int
    private var stages: [(name: String, cost: Cost)] = []

    /// Measures.
    ///
    /// - Parameters:
    ///   - file: A recording.
    ///   - reading: How it is read.
    ///   - named: What is computed of it.
    ///   - runs: Runs of each stage, of which the best counts.
    ///   - version: Of the program, for the record of the run.
    /// - Throws: ``CommandError`` if something cannot be read, or a data directory cannot be made.
    public init(
        _ file: String,
        _ reading: RecordingReading,
        _ named: NamedDefinitions,
        runs: Int,
        version: String
    ) throws(CommandError) {
        self.file = file
        self.reading = reading
        self.runs = runs
        self.version = version
        let definitions = try CommandError.running { () throws(NamingError) in try named.load(over: nil) }
        let plan = definitions.plan
        var featuresOnly = plan
        featuresOnly.detectors = []
        try stage("read, decode") { bench throws(CommandError) in try bench.read(plan) }
        try stage("+ windows, features") { bench throws(CommandError) in try bench.offline(featuresOnly, [:]) }
        try stage("+ model, rules, alerts") { bench throws(CommandError) in
            try bench.offline(plan, definitions.bindings)
        }
        try stage("+ log, database, one thread") { bench throws(CommandError) in
            try bench.replay(definitions, threads: 1)
        }
        try stage("whole replay, all threads") { bench throws(CommandError) in
            try bench.replay(definitions, threads: 2)
        }
    }

    /// A row a stage; the last one is no addition to the one before it.
    public var listing: Listing {
        var listing = Listing(columns: ["stage", "cpu_s_per_million", "added", "events_per_s"], rows: [])
        var last = 0.0
        for (index, stage) in stages.enumerated() {
            let cost = stage.cost.cpu / Double(max(1, events)) * 1_000_000
            let added: Cell = index == stages.count - 1 ? .null : .number(cost - last, decimals: 2)
            last = cost
            let rate = Double(events) / max(1e-9, stage.cost.wall)
            listing.rows.append([.text(stage.name), .number(cost, decimals: 2), added, .integer(Int(rate))])
        }
        return listing
    }

    /// Runs a stage, which says how many events it took.
    private mutating func stage(
        _ name: String,
        _ body: (PipelineBenchmark) throws(CommandError) -> Int
    ) throws(CommandError) {
        var best: Cost?
        for _ in 0..<runs {
            let before = Cost.now
            events = try body(self)
            let cost = Cost.now - before
            if best.map({ cost.cpu < $0.cpu }) ?? true { best = cost }
        }
        if let best { stages.append((name, best)) }
    }

    private func read(_ plan: PipelinePlan) throws(CommandError) -> Int {
        try CommandError.running { () throws(RecordingError) in
            let recording = try Recording(file, reading, plan: plan)
            let judged = JudgedRecording(recording, plan: plan, from: RecordingClock(plan: plan))
            var free = Chunk(plan: plan, capacity: recording.chunkEvents)
            var count = 0
            while let chunk = try judged.next(free) {
                free = chunk
                count += chunk.batch.count
            }
            return count
        }
    }

    private func offline(_ plan: PipelinePlan, _ models: [Int: ModelBinding]) throws(CommandError) -> Int {
        var count = 0
        let run = OfflineRun(plan: plan, models: models, reading: reading)
        try run.run([file], progress: ProgressBar("", isQuiet: true)) { _, _, output in
            count += output.ledger.events
            output.removeAll()
        }
        return count
    }

    private func replay(
        _ definitions: LoadedDefinitions,
        threads: Int
    ) throws(CommandError) -> Int {
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/patternalarm-bench-\(ProcessInfo.processInfo.processIdentifier)"
        defer { Scratch.remove(folder) }
        let directory = try CommandError.running { () throws(RuntimeError) in
            try DataDirectory(
                folder,
                options: DataDirectory.Options(),
                definitions: definitions,
                reader: StoredDefinitions(),
                change: .rebuild(force: false, ActivationNote(author: "bench", words: "bench", atMilliseconds: 0)),
                by: ("bench", version),
                progress: { _, _, _ in }
            )
        }
        var options = Replayer.Options()
        options.threads = threads
        let replayer = Replayer(directory, plan: definitions.plan, options: options)
        try CommandError.running { () throws(RuntimeError) in
            try replayer.replay(file, reading, resumes: false)
        }
        return try directory.finish(status: "finished", inputs: replayer.recordings.map(\.record)).totals.events
    }
}

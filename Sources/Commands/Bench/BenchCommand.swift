import AlertStore
import ArgumentParser
import Base
import Bench
import Console
import Engine
import EventLog
import FileStore
import Foundation
import Learning
import Models
import Plan
import Recordings
import Runtime

/// `bench`: what the parts cost on this machine.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure what the parts cost on this machine.",
        subcommands: [
            BenchPipelineCommand.self, BenchWindowsCommand.self, BenchForestCommand.self, BenchLogCommand.self,
            BenchRecoveryCommand.self, BenchTrainCommand.self, BenchLatencyCommand.self, BenchPredictCommand.self,
        ]
    )
}

/// `bench pipeline`
struct BenchPipelineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline",
        abstract: "Events a second and CPU-seconds per million events, stage by stage.",
        discussion: """
            Each stage runs everything before it, too, on one thread; what it adds is the difference. The whole replay runs \
            at the end on all threads. Times are the best of the runs.

              patternalarm bench pipeline events.jsonl --runs 5
            """
    )

    @Argument(help: "A recording.")
    var file: String

    @OptionGroup var engine: EngineOptions

    @Option(help: "Runs of each stage.")
    var runs = 3

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs must be at least 1.") }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in try measure() }
    }

    private func measure() throws(CommandError) {
        var plan = try engine.plan()
        let models = try ModelDirectory.bound(&plan, path: engine.model)
        var featuresOnly = plan
        featuresOnly.detectors = []
        var unpartitioned = plan
        unpartitioned.partitionCount = 1
        var events = 0
        var stages: [(name: String, cost: Cost)] = []
        func stage(_ name: String, _ body: () throws(CommandError) -> Int) throws(CommandError) {
            var best: Cost?
            for _ in 0..<runs {
                let before = Cost.now
                events = try body()
                let cost = Cost.now - before
                if best.map({ cost.cpu < $0.cpu }) ?? true { best = cost }
            }
            if let best { stages.append((name, best)) }
        }
        try stage("read, decode") { () throws(CommandError) in
            try CommandError.running { () throws(RecordingError) in
                let recording = try Recording(file, engine.reading, plan: plan)
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
        try stage("+ windows, features") { () throws(CommandError) in try offline(featuresOnly, [:]) }
        try stage("+ model, rules, alerts") { () throws(CommandError) in try offline(plan, models.bindings) }
        try stage("+ log, database, one thread") { () throws(CommandError) in try replay(plan, models, threads: 1) }
        try stage("whole replay, all threads") { () throws(CommandError) in try replay(plan, models, threads: 2) }
        var listing = Listing(columns: ["stage", "cpu_s_per_million", "added", "events_per_s"], rows: [])
        var last = 0.0
        for (index, stage) in stages.enumerated() {
            let cost = stage.cost.cpu / Double(max(1, events)) * 1_000_000
            let added: Cell = index == stages.count - 1 ? .null : .number(cost - last, decimals: 2)
            last = cost
            let rate = Double(events) / max(1e-9, stage.cost.wall)
            listing.rows.append([.text(stage.name), .number(cost, decimals: 2), added, .integer(Int(rate))])
        }
        listing.write(as: format)
        Output.talk("\(grouped(events)) events, best of \(runs) runs; CPU time is user and system of the process")
    }

    private func offline(_ plan: PipelinePlan, _ models: [Int: ModelBinding]) throws(CommandError) -> Int {
        var count = 0
        let run = OfflineRun(plan: plan, models: models, reading: engine.reading)
        try run.run([file], progress: ProgressBar("", isQuiet: true)) { _, _, output in
            count += output.ledger.events
            output.removeAll()
        }
        return count
    }

    private func replay(
        _ plan: PipelinePlan,
        _ models: (bindings: [Int: ModelBinding], models: [ModelDirectory]),
        threads: Int
    ) throws(CommandError) -> Int {
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/patternalarm-bench-\(ProcessInfo.processInfo.processIdentifier)"
        defer {
            do {
                try FileManager.default.removeItem(atPath: folder)
            } catch {
                Output.talk("\(folder) could not be removed: \(error.localizedDescription)")
            }
        }
        let directory = try DataDirectory.open(
            folder,
            plan: plan,
            models: models,
            command: "bench",
            isQuiet: true
        )
        var options = Replayer.Options()
        options.threads = threads
        let replayer = Replayer(directory, plan: plan, options: options)
        try CommandError.running { () throws(RuntimeError) in
            try replayer.replay(file, engine.reading, resumes: false)
        }
        return try directory.finish(status: "finished", inputs: replayer.recordings.map(\.record)).totals.events
    }
}

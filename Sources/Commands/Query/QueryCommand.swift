import ArgumentParser
import Base
import Console
import Engine
import Foundation
import PipelineFiles
import Plan
import Recordings
import Runtime

/// `query`: a recording goes in, the rows of one of the pipeline's queries come out.
struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Compute a query of the pipeline: windows by key, or matches of a sequence.",
        discussion: """
            A query is written in the pipeline file:

              queries:
                - name: per_minute
                  by: account
                  window: 1m
                  columns: {events: count(), total: sum(amount)}
                - name: last_5m
                  by: account
                  window: 5m
                  every: 1m
                  columns: {devices: distinct(device)}
                - name: three_large
                  by: account
                  sequence: [amount > 1000, amount > 1000, amount > 1000]
                  within: 5m

            A row comes when the clock (newest event time minus the allowed disorder) has passed the window's end, or the \
            last event of the match. Rows come by end, then in the order of their keys' first events; with several \
            partitions those of one partition do.

              patternalarm query per_minute events.jsonl.lz4 --pipeline payments.yaml \\
                > per_minute.csv
              tail -f events.jsonl | patternalarm query three_large - \\
                --pipeline payments.yaml --format jsonl
              patternalarm query per_minute events.jsonl --pipeline payments.yaml \\
                --format summary
              patternalarm query per_minute events.jsonl --pipeline payments.yaml \\
                --record work
            """
    )

    @Argument(help: "Name of the query.")
    var name: String

    @Argument(help: "Recordings (JSON or CSV; also packed with gzip, zstd, LZ4); - is standard input.")
    var files: [String]

    @Option(help: "Pipeline file, or the name of a built-in one.")
    var pipeline: String?

    @Option(help: "Format of the recordings; told by their names otherwise.")
    var inputFormat: RecordingFormat?

    @OptionGroup var recordings: RecordingOptions

    @Option(help: "How to write it.")
    var format: QueryFormat = .csv

    @Option(help: "Append the recordings to the log of this data directory, too, each event before it counts.")
    var record: String?

    @Flag(help: "With --record: the recordings' last line counts, though it may have no end.")
    var finished = false

    @Option(help: "Threads that decode and compute.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("Name a recording, or - for standard input.") }
        guard (1...64).contains(threads) else { throw ValidationError("--threads must be from 1 to 64.") }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let plan = try PipelineFile.loaded(pipeline).plan
            guard let query = plan.queries.first(where: { $0.name == name }) else {
                let known = plan.queries.map(\.name).joined(separator: ", ")
                throw .plan(
                    "the pipeline \(plan.name) has no query \"\(name)\"; "
                        + (known.isEmpty ? "it has none at all" : "it has \(known)")
                )
            }
            let writers = (0..<plan.partitionCount).map { _ in QueryWriter(query, plan: plan, format: format) }
            writers[0].writeHeader()
            let log = try CommandError.running { () throws(RuntimeError) in
                try record.map { path throws(RuntimeError) in try QueryLog(path, plan: plan) }
            }
            let run = QueryRun(query, plan: plan, threads: threads, writers: writers, log: log)
            let progress = ProgressBar("query \(name)", isQuiet: quiet)
            var reading = recordings.reading(inputFormat)
            reading.isFinished = finished
            func open(_ file: String) throws(RecordingError) -> Recording {
                try Recording(file, reading, plan: plan, isResumable: log != nil)
            }
            for (number, file) in files.enumerated() {
                let input = try CommandError.running { () throws(RuntimeError) in
                    try log?.number(of: file, reading: reading) ?? 0
                }
                let sequel = Sequel(files.dropFirst(number + 1), behind: file, open: open)
                let recording = try CommandError.running { () throws(RecordingError) in try open(file) }
                try CommandError.running { () throws(RuntimeError) in
                    try run.read(recording, before: sequel, input: input) {
                        progress.update("\(grouped($0)) events", fraction: $1)
                    }
                }
            }
            run.finish()
            try CommandError.running { () throws(RuntimeError) in try log?.close() }
            progress.finish()
            if format == .summary { Output.data(QueryWriter.summary(writers)) }
            let ledger = run.ledger
            let rows = writers.reduce(0) { $0 + $1.rowCount }
            Output.talk(
                "\(grouped(ledger.events)) events = \(grouped(ledger.ok)) ok + \(grouped(ledger.late)) late + "
                    + "\(grouped(ledger.duplicate)) duplicate + \(grouped(ledger.rejected)) rejected; "
                    + "\(grouped(rows)) rows; \(fixed(progress.seconds, 1)) s"
            )
            // A file that is recorded may grow.
            guard ledger.events > 0 || log != nil else { throw CommandError(RecordingError.noEvent(in: files)) }
            guard ledger.events == 0 || ledger.ok > 0 else {
                throw .input(run.findings.nothingAccepted(of: ledger.events))
            }
        }
    }
}

import AlertStore
import ArgumentParser
import Base
import Bytes
import Console
import Foundation
import Learning
import Partition
import Plan
import Recordings
import Runtime

/// `replay`: a recorded event log goes in, alerts come out.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Append a recording to the log and detect fraud in it.",
        discussion: """
            Run it again after a crash or Ctrl-C: it goes on where it stopped, nothing is lost or doubled. Change the \
            pipeline or the model and run it again: the alerts are rebuilt from the log, as if it \
            had always been in force; over activations or people's decisions only with --rebuild.

              patternalarm replay events.jsonl.lz4
              patternalarm replay payments.csv --pipeline payments.yaml --data-dir work
              gzip -c payments.csv | patternalarm replay - --pipeline payments.yaml
              patternalarm replay payments.csv --pipeline payments.yaml \\
                --encoding windows-1252
              tail -f events.jsonl | patternalarm replay - --ack
              patternalarm replay app.log --quiet    # every minute, while it grows
              patternalarm replay events.jsonl --until 2026-03-02T08:30:00Z \\
                && patternalarm state ls --key A482913
              patternalarm replay events.jsonl --speed 60x --from 2026-03-02T08:00:00Z \\
                --to 2026-03-02T09:00:00Z
            """
    )

    @Argument(help: "Recordings (JSON or CSV; also packed with gzip, zstd, LZ4); - is standard input.")
    var files: [String] = []

    @OptionGroup var engine: EngineOptions

    @Option(help: "Where log, alerts and state are kept.")
    var dataDir = "patternalarm-data"

    @OptionGroup var storage: StorageOptions

    @Option(help: "max, or how many times faster than the recording: 1x, 60x.")
    var speed = "max"

    @Option(help: "Leave out events before this time (ISO 8601). A later run without it takes them.")
    var from: String?

    @Option(help: "Leave out events at or after this time (ISO 8601). A later run without it takes them.")
    var to: String?

    @Option(help: "Stop in front of the first event stamped at or after this time (ISO 8601): see `state ls` then.")
    var until: String?

    @Flag(help: "Print `ACK n` as soon as n events are durable: synced to the disk.")
    var ack = false

    @Flag(
        help:
            "Go on with standard input as the recording that was interrupted; without a file: only finish what the log holds."
    )
    var resume = false

    @Option(help: "In which order files are read: given, or time: by the times of their first events.")
    var order = FileOrder.given

    @Flag(help: "Take recordings again whose bytes were taken before: their events come twice.")
    var again = false

    @Flag(
        help: "Make all alerts anew with another pipeline or model, over activations and people's decisions, too."
    )
    var rebuild = false

    @Flag(help: "The recordings are finished: their last line counts, though it may have no end.")
    var finished = false

    @Option(help: "Stop after so many rejected events.")
    var maxErrors = 1000

    @Option(help: "Threads: 1, or one for reading and one for each partition.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: ArgumentHelp("Events that are decoded together; results do not depend on it.", visibility: .hidden))
    var batchSize = 2048

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    func validate() throws {
        guard !files.isEmpty || resume else { throw ValidationError("Name a recording, or - for standard input.") }
        guard (1...2048).contains(batchSize) else { throw ValidationError("--batch-size must be from 1 to 2048.") }
        guard threads >= 1 else { throw ValidationError("--threads must be at least 1.") }
        guard maxErrors >= 0 else { throw ValidationError("--max-errors must not be negative.") }
        _ = try options()
    }

    private func options() throws -> Replayer.Options {
        var options = Replayer.Options()
        options.threads = threads
        options.chunkEvents = batchSize
        options.maxErrors = maxErrors
        options.again = again
        if speed != "max" {
            guard let factor = Double(speed.hasSuffix("x") ? String(speed.dropLast()) : speed), factor > 0 else {
                throw ValidationError("--speed is max, or a factor such as 1x or 60x.")
            }
            options.speed = factor
            options.chunkEvents = min(batchSize, 64)
        }
        options.range = TimeRange(
            from: try from.map { try Self.time($0, "--from") },
            to: try to.map { try Self.time($0, "--to") }
        )
        guard options.range.from < options.range.to else { throw ValidationError("--from must lie before --to.") }
        options.until = try until.map { try Self.time($0, "--until") }
        // Synced, so that it is true of a power cut, too.
        if ack { options.acknowledge = { Output.data("ACK \($0)\n") } }
        return options
    }

    static func time(_ text: String, _ option: String) throws -> Int64 {
        var text = text
        guard let value = text.withUTF8({ TimeParser.iso8601($0) }) else {
            throw ValidationError("\(option) takes a time such as 2026-03-02T08:00:00Z.")
        }
        return value
    }

    func run() throws {
        let options = try options()
        try CommandError.reporting { () throws(CommandError) in try replay(options) }
    }

    private func replay(_ options: Replayer.Options) throws(CommandError) {
        let named = try engine.planning.definitions(over: dataDir)
        Interrupt.install()
        let clock = ProgressBar("", isQuiet: true)
        let directory = try DataDirectory.open(
            dataDir,
            options: storage.opening(),
            definitions: named,
            change: .rebuild(force: rebuild, ActivationNote("replay")),
            command: "replay",
            isQuiet: quiet
        )
        let plan = directory.definitions.plan
        for note in directory.notes { Output.talk(note) }
        let replayer = Replayer(directory, plan: plan, options: options)
        var failure: CommandError?
        var reading = engine.reading
        reading.isFinished = finished
        reading.isInterrupted = { Interrupt.isRequested }
        do throws(CommandError) {
            let ordered = try CommandError.running { () throws(RecordingError) in
                try order.files(files, reading, plan)
            }
            for (number, file) in ordered.enumerated() where !Interrupt.isRequested && !replayer.hasTooManyErrors {
                let progress = ProgressBar("replay \(Recording.name(of: file))", isQuiet: quiet)
                defer { progress.finish() }
                try CommandError.running { () throws(RuntimeError) in
                    try replayer.replay(file, before: ordered.dropFirst(number + 1), reading, resumes: resume) {
                        progress.update("\(grouped($0)) events", fraction: $1)
                    }
                }
            }
        } catch {
            guard case .input = error else { throw error }
            failure = error
        }
        let isInterrupted = Interrupt.isRequested
        let hasTooMany = replayer.hasTooManyErrors
        let status = isInterrupted ? "interrupted" : hasTooMany || failure != nil ? "stopped" : "finished"
        let (totals, digest) = try directory.finish(status: status, inputs: replayer.recordings.map(\.record))
        for line in replayer.recordings.flatMap(\.words) { Output.talk(line) }
        if replayer.hasReachedEnd { Output.talk("stopped at --until; the same command without it takes the rest") }
        Output.talk(ReplaySummary.line(totals, seconds: clock.seconds, digest: digest))
        if let failure { throw failure }
        if hasTooMany {
            let isAhead = replayer.recordings.contains { $0.findings.aheadWords != nil }
            throw .input(
                "stopped: more than \(maxErrors) events were rejected; see `SELECT * FROM rejects` in \(directory.database.path), "
                    + "then fix the pipeline\(isAhead ? " (its max_ahead, see above)" : "") or raise --max-errors"
            )
        }
        if isInterrupted {
            let again = shellWords(["patternalarm"] + CommandLine.arguments.dropFirst())
            throw .interrupted("interrupted; everything up to here is kept. To go on: \(again)")
        }
        let empty = replayer.recordings.compactMap(\.emptiness)
        // A run that had nothing to read is no success; beside others, an empty file is only named.
        if !empty.isEmpty, empty.count == replayer.recordings.count { throw .input(empty.joined(separator: "\n")) }
        for words in empty { Output.talk(words) }
        let failures = replayer.recordings.compactMap(\.failure)
        guard failures.isEmpty else { throw .input(failures.joined(separator: "\n")) }
        if totals.events > 0, totals.ok == 0 {
            throw .input("no event has been accepted: see `SELECT * FROM rejects` in \(directory.database.path)")
        }
    }
}

/// The last line of a replay.
enum ReplaySummary {
    static func line(_ totals: LedgerTotals, seconds: Double, digest: String) -> String {
        "\(grouped(totals.events)) events = \(grouped(totals.ok)) ok + \(grouped(totals.late)) late + "
            + "\(grouped(totals.duplicate)) duplicate + \(grouped(totals.rejected)) rejected; "
            + "\(grouped(totals.alerts)) alerts; \(fixed(seconds, 1)) s; digest \(digest)"
    }
}

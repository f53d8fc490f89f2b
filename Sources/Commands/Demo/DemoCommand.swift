import AlertStore
import ArgumentParser
import Base
import Console
import Engine
import Foundation
import InForce
import Learning
import PipelineFiles
import Recordings
import Runtime
import Tables
import Traffic

/// `demo`: simulate, replay, and show what was found.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Simulate an hour of events, replay them, and show ten alerts.",
        discussion: """
              patternalarm demo
              patternalarm demo --events 200000 --dir /tmp/demo
            """
    )

    @Option(
        name: .customLong("dir"),
        help: """
            Folder for the recording and the data; it is made anew (default: patternalarm-demo in your cache folder).
            """
    )
    var chosen: String?

    private var dir: String { chosen ?? Self.cacheFolder() + "/patternalarm-demo" }

    /// Where files go that can be made again (XDG Base Directory Specification): never beside somebody's own.
    private static func cacheFolder() -> String {
        let environment = ProcessInfo.processInfo.environment
        if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") { return folder }
        if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.cache" }
        return NSTemporaryDirectory()
    }

    @Option(help: "Number of events.")
    var events = 60_000

    @Option(help: "Seed of the simulation.")
    var seed: UInt64 = 2026

    func validate() throws {
        guard events > 0 else { throw ValidationError("--events must be at least 1.") }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in try demo() }
    }

    private func demo() throws(CommandError) {
        let dir = dir
        let recording = dir + "/events.jsonl"
        let data = dir + "/data"
        let marker = dir + "/made-by-patternalarm-demo"
        let files = FileManager.default
        do {
            if files.fileExists(atPath: dir) {
                // Only what an earlier demo made is thrown away.
                guard files.fileExists(atPath: marker) else {
                    throw CommandError.usage(
                        "\(dir) exists and was not made by a demo; choose another folder with --dir"
                    )
                }
                try files.removeItem(atPath: dir)
            }
            try files.createDirectory(atPath: dir, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: marker))
        } catch let error as CommandError {
            throw error
        } catch {
            throw .storage("cannot make \(dir): \(error.localizedDescription)")
        }
        Output.talk("1. simulate: \(grouped(events)) events of three domains, seed \(seed), into \(recording)")
        try CommandError.running { () throws(TableError) in try simulate(into: recording) }

        Output.talk("2. replay: through the log, windows, features and the built-in model")
        let clock = ProgressBar("", isQuiet: true)
        let definitions = try CommandError.running { () throws(NamingError) in
            try NamedDefinitions().load(over: nil)
        }
        let directory = try DataDirectory.open(
            data,
            definitions: definitions,
            change: .rebuild(force: false, ActivationNote("demo")),
            command: "demo",
            isQuiet: true
        )
        let replayer = Replayer(directory, plan: definitions.plan, options: Replayer.Options())
        var reading = RecordingReading()
        reading.say = { Output.talk($0) }
        try CommandError.running { () throws(RuntimeError) in
            try replayer.replay(recording, reading, resumes: false)
        }
        let (totals, digest) = try directory.finish(status: "finished", inputs: replayer.recordings.map(\.record))

        Output.talk("3. ten alerts: the two with the most money of each of the five most frequent kinds\n")
        try show(data + "/alerts.sqlite")
        Output.talk("\n" + ReplaySummary.line(totals, seconds: clock.seconds, digest: digest))
        Output.talk(
            """

            The alerts are in \(data)/alerts.sqlite: open it with sqlite3, DuckDB, pandas or Datasette. Try:

              sqlite3 -box \(shellWord(data + "/alerts.sqlite")) "SELECT * FROM alerts_by_type"
              sqlite3 -box \(shellWord(data + "/alerts.sqlite")) "SELECT opened, severity, type, entity_key, amount FROM alert_queue LIMIT 10"
              sqlite3 -box \(shellWord(data + "/alerts.sqlite")) "SELECT title, count(*) AS alerts, avg(contribution) AS mean FROM alert_reasons GROUP BY title ORDER BY alerts DESC LIMIT 10"

            Or: patternalarm alerts list --data-dir \(shellWord(data)); patternalarm alerts show ID --data-dir \(shellWord(data))
            """
        )
    }

    private func show(_ path: String) throws(CommandError) {
        do throws(AlertStoreError) {
            let database = try AlertDatabase(path: path, readOnly: true)
            var filter = AlertFilter()
            filter.limit = 100_000
            filter.minimumScore = 0.75
            let all = try database.alerts(filter)
            let kinds = Dictionary(grouping: all) { $0.alert.type }
                .sorted { $0.value.count != $1.value.count ? $0.value.count > $1.value.count : $0.key < $1.key }
            let worth = kinds.prefix(5).flatMap { kind in
                kind.value.sorted { ($1.alert.amount, $0.alert.id) < ($0.alert.amount, $1.alert.id) }.prefix(2)
            }
            let list = AlertListing(.table)
            Listing(columns: list.columns, rows: worth.map { list.row($0.alert, $0.status) }).write(as: .table)
        } catch {
            throw CommandError(error)
        }
    }

    private func simulate(into recording: String) throws(TableError) {
        var settings = TrafficSettings()
        settings.seed = seed
        settings.events = events
        var generator = TrafficGenerator(settings)
        let file = try NewFile(recording)
        var buffer: [UInt8] = []
        while generator.next(into: &buffer) != nil {
            guard buffer.count > 1 << 20 else { continue }
            try file.write(buffer)
            buffer.removeAll(keepingCapacity: true)
        }
        try file.write(buffer)
        try file.close()
    }
}

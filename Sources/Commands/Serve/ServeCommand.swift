import AlertStore
import ArgumentParser
import Base
import Console
import Engine
import EventLog
import Foundation
import Learning
import Logging
import Plan
import Runtime
import Server

/// `serve`: events come in over HTTP, alerts appear, a person watches and decides.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Take events over HTTP, detect fraud as they come, and show alerts on a dashboard.",
        discussion: """
            Goes on where the data directory stands; a changed pipeline or model is put in force behind the last \
            event. Stop it with Ctrl-C or SIGTERM.

              patternalarm serve --data-dir work
              curl -H "Authorization: Bearer $(cat work/token)" \\
                -H 'Content-Type: application/x-ndjson' \\
                --data-binary @events.jsonl http://127.0.0.1:8420/events
            """
    )

    @OptionGroup var planning: PlanOptions

    @Option(help: "Where log, alerts and state are kept.")
    var dataDir = "patternalarm-data"

    @OptionGroup var storage: StorageOptions

    @Flag(help: "Put the pipeline file in force each time that it has changed; a broken one changes nothing.")
    var watch = false

    @OptionGroup var access: AccessOptions

    @Option(help: "The least that is logged on standard error.")
    var logLevel = LogLevel.warning

    /// Set by ``prepare()``; no option.
    var confinement: Confinement?

    func validate() throws {
        guard watch else { return }
        guard let path = planning.pipeline, FileManager.default.fileExists(atPath: path) else {
            throw ValidationError("--watch needs a pipeline file: name it with --pipeline.")
        }
    }

    func run() async throws {
        let (directory, context) = try CommandError.ending { () throws(CommandError) in try open() }
        let watched = try CommandError.ending { () throws(CommandError) in
            watch ? try PipelineWatch(planning.named, dataDir: dataDir, context.engine) : nil
        }
        let refusal = try await serve(context)
        watched?.stop()
        try CommandError.ending { () throws(CommandError) in try end(directory, context, refusal) }
    }

    private enum CodingKeys: String, CodingKey {
        case planning, dataDir, storage, watch, access, logLevel
    }

    /// Brings the data directory to where its log ends, and starts what takes events.
    private func open() throws(CommandError) -> (DataDirectory, ServerContext) {
        let start = ContinuousClock.now
        let definitions = try planning.definitions(over: dataDir)
        let loaded = ContinuousClock.now - start
        ServerMetrics.begin()
        let feed = AlertFeed()
        let directory = try DataDirectory.open(
            dataDir,
            options: opening(feed),
            definitions: definitions,
            change: .activate(ActivationNote("serve with a changed pipeline or model")),
            command: "serve",
            isQuiet: false
        )
        for note in directory.notes { Output.talk(note) }
        let monitor = try CommandError.running { () throws(AlertStoreError) in
            try ServerMonitor(
                directory,
                feed: feed,
                plan: directory.definitions.plan,
                bindings: directory.definitions.bindings
            )
        }
        var context = ServerContext(
            engine: LiveEngine(directory, feed: feed, settings: LiveSettings()),
            feed: feed,
            monitor: monitor,
            version: PatternAlarm.version,
            database: directory.database,
            alerts: try CommandError.running { () throws(AlertStoreError) in
                try AlertDatabase(path: directory.database.path, readOnly: true, readers: 4, timeLimit: 1000)
            }
        )
        context.modelLoadSeconds = loaded / .seconds(1)
        return (directory, context)
    }

    private func opening(_ feed: AlertFeed) -> DataDirectory.Options {
        // Events wait while what has changed is copied: rarely, then.
        var opening = storage.opening(checkpointEvents: 5_000_000, seconds: 30)
        opening.observer = feed
        // Short: events come meanwhile, and so do people's decisions.
        opening.lockSeconds = 0.5
        opening.waitsForRoom = true
        // Filled ahead, so that a sync is steady; the live engine says when.
        opening.log.durability = .interval(milliseconds: 1)
        return opening
    }

    /// Serves until it is told to stop, and says why it could not begin.
    private func serve(_ context: ServerContext) async throws -> SecurityError? {
        let token = try CommandError.ending { () throws(CommandError) in
            try CommandError.running { () throws(SecurityError) in try AccessToken.load(dataDir) }
        }
        let level = logLevel.level
        let serverAccess = ServerAccess(token: token, allowedHosts: access.allowedHosts)
        let logger = Logger(label: "patternalarm") { _ in StandardErrorLog(level: level) }
        if let confinement { logger.debug("\(confinement)") }
        let server = FraudServer(context, access: serverAccess, options: access.server, logger: logger)
        do {
            defer { ServerNotice.remove(dataDir) }
            try await server.run { [dataDir] address in Self.announce(address, dataDir, serverAccess) }
            return nil
        } catch let error as SecurityError {
            return error
        }
    }

    /// Takes no more events, commits what came, and says what that was.
    private func end(
        _ directory: DataDirectory,
        _ context: ServerContext,
        _ refusal: SecurityError?
    ) throws(CommandError) {
        let clock = ProgressBar("", isQuiet: true)
        do throws(LiveEngine.StoppedError) { try context.engine.stop() } catch { throw .storage(error.words) }
        // The last connection that is closed writes everything into the one file.
        try CommandError.running { () throws(AlertStoreError) in try context.alerts.close() }
        let (totals, digest) = try directory.finish(status: refusal == nil ? "finished" : "failed", inputs: [])
        if let refusal { throw CommandError(refusal) }
        Output.talk(ReplaySummary.line(totals, seconds: clock.seconds, digest: digest))
    }

    /// The server listens: says where, and how to get in.
    private static func announce(_ address: String, _ directory: String, _ access: ServerAccess) {
        do throws(SecurityError) {
            try ServerNotice(address: address).write(directory)
        } catch {
            Output.talk("\(error); patternalarm open will not find this server")
        }
        Output.data("listening on \(address)\n")
        Output.talk(
            "open \(address)/#code=\(access.firstCode()) within 5 minutes, "
                + "or run: " + shellWords(["patternalarm", "open", "--data-dir", directory])
        )
    }
}

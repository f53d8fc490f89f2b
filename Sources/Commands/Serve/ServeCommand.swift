import AlertStore
import ArgumentParser
import Engine
import Foundation
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
            Goes on where the data directory stands. Stop it with Ctrl-C or SIGTERM.

              patternalarm serve --data-dir work
              curl -H "Authorization: Bearer $(cat work/token)" -H 'Content-Type: application/x-ndjson' \\
                --data-binary @events.jsonl http://127.0.0.1:8420/events
            """
    )

    @OptionGroup var planning: PlanOptions

    @Option(help: "Where log, alerts and state are kept.")
    var dataDir = "patternalarm-data"

    @OptionGroup var storage: StorageOptions

    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on; 0 = any that is free.")
    var port = 8420

    func run() async throws {
        let plan = try CommandError.ending { () throws(CommandError) in try planning.plan() }
        let start = ContinuousClock.now
        let models = try CommandError.ending { () throws(CommandError) in
            try ModelDirectory.bind(plan, path: planning.model)
        }
        let loaded = ContinuousClock.now - start
        let directory = try CommandError.ending { () throws(CommandError) in
            try DataDirectory.open(
                dataDir,
                options: storage.opening(),
                plan: plan,
                models: models,
                command: "serve",
                isQuiet: false
            )
        }
        var context = ServerContext(
            plan: plan,
            bindings: models.bindings,
            version: PatternAlarm.version,
            database: directory.database,
            alerts: try AlertDatabase(path: directory.database.path, readOnly: true, readers: 4, timeLimit: 1000)
        )
        context.modelLoadSeconds = loaded / .seconds(1)
        var options = ServerOptions()
        options.host = host
        options.port = port
        let server = FraudServer(context, options: options, logger: Logger(label: "patternalarm"))
        try await server.run { address in Output.data("listening on \(address)\n") }
        _ = try CommandError.ending { () throws(CommandError) in try directory.finish(status: "finished", inputs: []) }
    }
}

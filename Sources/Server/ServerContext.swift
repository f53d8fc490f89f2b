public import AlertStore
import Base
import Dispatch
public import Models
import NIOPosix
public import Plan
public import Runtime

/// What the routes work with: one running data directory.
public struct ServerContext: Sendable {
    /// What is in force now.
    public var plan: PipelinePlan { engine.definitions.plan }
    public var bindings: [Int: ModelBinding] { engine.definitions.bindings }
    /// What takes events.
    public let engine: LiveEngine
    /// Tells of every commit.
    public let feed: AlertFeed
    /// Counts what the commits tell.
    public let monitor: ServerMonitor
    /// Whether the alerts file can be read now.
    let probe: AlertsProbe
    /// The program's version.
    public let version: String
    /// The writer's connection: for what people decide.
    public let database: AlertDatabase
    /// Read-only connections of their own: a slow question never holds up the writer.
    public let alerts: AlertDatabase
    /// How long reading the models took.
    public var modelLoadSeconds = 0.0
    /// Called with an alert when a person has decided something about it, after that is durable.
    public var triaged: @Sendable (ListedAlert) -> Void = { _ in }
    /// Called for each actor that was predicted: the model, whether it is fraud, and the seconds it took.
    public var predicted: @Sendable (_ model: String, _ isFraud: Bool, _ seconds: Double) -> Void = { _, _, _ in }

    /// What the routes answer from.
    public init(
        engine: LiveEngine,
        feed: AlertFeed,
        monitor: ServerMonitor,
        version: String,
        database: AlertDatabase,
        alerts: AlertDatabase
    ) {
        self.engine = engine
        self.feed = feed
        self.version = version
        self.database = database
        self.alerts = alerts
        self.monitor = monitor
        probe = AlertsProbe(within: .seconds(1)) { () throws(AlertStoreError) in _ = try alerts.lastRun() }
    }

    /// Asks the alerts file, away from the event loops.
    func reading<Value: Sendable>(
        _ body: @escaping @Sendable (AlertDatabase) throws -> Value
    ) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive { [alerts] in try body(alerts) }
    }

    /// Writes what a person has decided, away from the event loops. Another program that is writing to the file is
    /// waited for.
    func writing<Value: Sendable>(
        _ body: @escaping @Sendable (AlertDatabase) throws -> Value
    ) async throws -> Value {
        let start = ContinuousClock.now
        return try await NIOThreadPool.singleton.runIfActive { [database] in
            while true {
                do {
                    return try body(database)
                } catch AlertStoreError.busy(let path) {
                    // SQLite has waited for it.
                    guard start.duration(to: .now) < Self.lockWait else { throw AlertStoreError.busy(path: path) }
                }
            }
        }
    }

    /// How long a person's decision waits for a file that another program holds.
    private static let lockWait = Duration.seconds(5)
}

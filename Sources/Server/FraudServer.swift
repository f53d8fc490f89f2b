import AlertStore
import Bytes
import Hummingbird
public import Logging
import Models
import NIOCore
import Runtime
import ServiceLifecycle
import UnixSignals

/// Where the server listens.
public struct ServerOptions: Sendable {
    public var host = "127.0.0.1"
    /// 0 = any that is free.
    public var port = 8420
    /// Others than this machine may connect.
    public var allowsRemote = false
    /// Bytes of one body of events at most, packed and unpacked.
    public var eventBodyBytes = 16 << 20

    public init() {}
}

/// The HTTP side of a running data directory.
public struct FraudServer: Sendable {
    private let context: ServerContext
    let access: ServerAccess
    let options: ServerOptions
    let logger: Logger
    let rules: RouteRules

    /// A server that listens once it is run.
    public init(_ context: ServerContext, access: ServerAccess, options: ServerOptions, logger: Logger) {
        self.context = context
        self.access = access
        self.options = options
        self.logger = logger
        rules = RouteRules(eventBytes: options.eventBodyBytes)
    }

    /// Serves until the process is told to stop (SIGTERM, SIGINT), then lets running requests end.
    ///
    /// - Parameter started: called once with the address, when requests are taken.
    /// - Throws: what the network says, such as a port that is in use.
    public func run(started: @escaping @Sendable (_ address: String) -> Void) async throws {
        let address = try ListeningAddress.checked(options)
        try context.database.endInterruptedSimulations()
        let (hub, simulations) = live()
        let application = application(address, router: router(hub, simulations)) { [access, context] channel in
            let port = channel.localAddress?.port ?? 0
            access.listens(port: port, address: address.isWildcard ? nil : address.urlHost)
            context.monitor.phase = .listening
            started("http://\(address.reachable):\(port)")
        }
        let group = ServiceGroup(
            services: [application, hub, PhaseService(monitor: context.monitor, engine: context.engine)],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        defer { simulations.close() }
        do { try await group.run() } catch { throw ListeningAddress.failure(error, options) ?? error }
    }

    /// What is pushed, and what tests are run.
    private func live() -> (hub: StreamHub, simulations: Simulations) {
        let simulations = Simulations(context, logger: logger)
        let hub = StreamHub(context, simulations, logger: logger)
        simulations.whenEnded { [weak hub] in hub?.ended($0) }
        return (hub, simulations)
    }

    private func router(_ hub: StreamHub, _ simulations: Simulations) -> Router<BasicRequestContext> {
        var context = context
        let instruments = PredictionInstruments()
        instruments.expect(context.bindings.values.map(\.id))
        context.predicted = instruments.note
        context.engine.definitions.follow { [monitor = context.monitor, weak hub] now in
            instruments.expect(now.definitions.bindings.values.map(\.id))
            monitor.follow(now.definitions)
            hub?.activated(now.number)
        }
        context.triaged = { [hub] in hub.triaged($0) }
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: RequestInstruments())
        router.add(middleware: ProblemMiddleware(rules))
        guardRequests(router)
        HealthRoutes(context).add(to: router)
        MetricsRoutes(context).add(to: router)
        EventRoutes(context.engine, bodyLimit: options.eventBodyBytes).add(to: router)
        AlertRoutes(context).add(to: router)
        AnalyticsRoutes(context).add(to: router)
        ModelRoutes(context).add(to: router)
        ActivationRoutes(context, ActivationDesk(context.engine, logger: logger)).add(to: router)
        PredictRoutes(context).add(to: router)
        SimulationRoutes(context, simulations).add(to: router)
        StreamRoutes(hub).add(to: router)
        DocumentRoutes().add(to: router)
        for route in router.routes {
            precondition(rules.methods(route.path.description).contains(route.method.rawValue), "\(route) has no rule.")
        }
        return router
    }
}

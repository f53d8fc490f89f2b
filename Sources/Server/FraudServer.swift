import Hummingbird
public import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// Where the server listens.
public struct ServerOptions: Sendable {
    public var host = "127.0.0.1"
    /// 0 = any that is free.
    public var port = 8420
    /// Bytes of one body of events at most, packed and unpacked.
    public var eventBodyBytes = 16 << 20

    public init() {}
}

/// The HTTP side of a running data directory.
public struct FraudServer: Sendable {
    private let context: ServerContext
    private let options: ServerOptions
    private let logger: Logger

    public init(_ context: ServerContext, options: ServerOptions, logger: Logger) {
        self.context = context
        self.options = options
        self.logger = logger
    }

    /// Serves until the process is told to stop (SIGTERM, SIGINT), then lets running requests end.
    ///
    /// - Parameter started: called once with the address, when requests are taken.
    /// - Throws: what the network says, such as a port that is in use.
    public func run(started: @escaping @Sendable (_ address: String) -> Void) async throws {
        let host = options.host
        let application = Application(
            router: router(),
            server: .http1(),
            configuration: ApplicationConfiguration(address: .hostname(host, port: options.port), serverName: nil),
            onServerRunning: { channel in
                let name = host.contains(":") ? "[\(host)]" : host
                started("http://\(name):\(channel.localAddress?.port ?? 0)")
            },
            logger: logger
        )
        let group = ServiceGroup(
            services: [application],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        try await group.run()
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        let table = RouteTable()
        router.add(middleware: ProblemMiddleware(table))
        HealthRoutes(context).add(to: router)
        EventRoutes(context.engine, bodyLimit: options.eventBodyBytes).add(to: router)
        AlertRoutes(context).add(to: router)
        AnalyticsRoutes(context).add(to: router)
        ModelRoutes(context).add(to: router)
        PredictRoutes(context).add(to: router)
        DocumentRoutes().add(to: router)
        table.fill(router)
        return router
    }
}

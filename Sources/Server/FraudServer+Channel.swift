import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

extension FraudServer {
    /// The HTTP server at an address: connections are guarded, and no more are taken than there are descriptors for.
    func application(
        _ address: ListeningAddress,
        router: Router<BasicRequestContext>,
        onServerRunning: @escaping @Sendable (any Channel) async -> Void
    ) -> some ApplicationProtocol {
        let connectionsMax = ServerLimits.connectionsMax(descriptors: Self.freeDescriptors())
        return Application(
            router: router,
            server: .guarded(connectionsMax: connectionsMax, rules: rules),
            configuration: ApplicationConfiguration(
                address: .hostname(address.ip, port: options.port),
                serverName: nil,
                backlog: 4096,
                // The table makes room by closing a connection, on that one's own thread: without this, a crowd would
                // be let in faster than the others are shown out.
                availableConnectionsDelegate: .maximum(
                    ServerLimits.acceptedMax(connections: connectionsMax),
                    logger: logger
                )
            ),
            onServerRunning: onServerRunning,
            logger: logger
        )
    }

    /// Every request goes through these, in this order, before any route sees it: added before the routes.
    func guardRequests(_ router: Router<BasicRequestContext>) {
        router.add(middleware: HostMiddleware(access: access))
        router.add(middleware: OriginMiddleware(access: access))
        router.add(middleware: AccessMiddleware(access: access, rules: rules))
        router.add(middleware: ContentTypeMiddleware(rules: rules))
        SessionRoutes(access).add(to: router)
    }

    /// Descriptors that the process may still open.
    private static func freeDescriptors() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        let used = (0..<min(Int(limit.rlim_cur), 1 << 16)).count { fcntl(Int32($0), F_GETFD) >= 0 }
        return Int(limit.rlim_cur) - used
    }
}

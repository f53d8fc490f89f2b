import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

extension FraudServer {
    /// How connections are taken: guarded, and no more than there are descriptors for.
    func channel() -> HTTPServerBuilder {
        .guarded(
            connectionsMax: ServerLimits.connectionsMax(descriptors: Self.freeDescriptors()),
            limits: BodyLimits(events: options.eventBodyBytes)
        )
    }

    /// Every request goes through these, in this order, before any route sees it: added before the routes.
    func guardRequests(_ router: Router<BasicRequestContext>) {
        router.add(middleware: HostMiddleware(access: access))
        router.add(middleware: OriginMiddleware(access: access))
        router.add(middleware: AccessMiddleware(access: access))
        router.add(middleware: ContentTypeMiddleware())
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

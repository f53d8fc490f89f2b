import Hummingbird

/// Whether the server is there.
struct HealthRoutes {
    private let context: ServerContext

    init(_ context: ServerContext) {
        self.context = context
    }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/ready") { _, _ in
            try Answer.json(Ready(ready: true, detail: context.version))
        }
    }

    private struct Ready: Encodable {
        var ready: Bool
        var detail: String
    }
}

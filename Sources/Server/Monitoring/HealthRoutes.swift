import Bytes
import Hummingbird
import Runtime

/// Whether the server is there, and how its parts are: open, so nothing of the inside is told.
struct HealthRoutes {
    private let context: ServerContext

    init(_ context: ServerContext) {
        self.context = context
    }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/health") { request, _ in
            try QueryParameters(request, known: []).finish()
            return await health()
        }
        router.get("/ready") { request, _ in
            try QueryParameters(request, known: []).finish()
            return ready()
        }
    }

    private func health() async -> Response {
        let status = await ServerStatus.now(context)
        let word =
            switch status.state {
            case .ok: "healthy"
            case .degraded: "degraded"
            case .failed: "failed"
            }
        let parts = status.parts.map { part in
            JSONValue.object([
                .init("name", .text(part.name.rawValue)), .init("status", .text(part.state.rawValue)),
                .init("detail", .text(part.detail)),
            ])
        }
        let answer = JSONValue.object([
            .init("status", .text(word)), .init("version", .text(context.version)),
            .init("started_at", .time(status.startedMilliseconds)), .init("activation", .integer(status.activation)),
            .init("parts", .list(parts)),
        ])
        return Answer.json(answer, status: status.state == .failed ? .serviceUnavailable : .ok)
    }

    /// Whether events are taken.
    private func ready() -> Response {
        let detail =
            switch context.monitor.phase {
            case .starting: "starting"
            case .stopping: "stopping"
            case .listening: notTaking(context.engine.status)
            }
        let answer = JSONValue.object([
            .init("ready", .bool(detail == nil)), .init("detail", .text(detail ?? context.version)),
        ])
        return Answer.json(answer, status: detail == nil ? .ok : .serviceUnavailable)
    }

    private func notTaking(_ status: LiveStatus) -> String? {
        if status.failure != nil { return "stopped, see /health" }
        return status.logWait.map { "the log has no room: \($0.why)" }
    }
}

import HTTPTypes
import Hummingbird
import Metrics
import Runtime

/// Counts requests and measures how long their answers take. The outermost of the middleware: it sees what is sent.
struct RequestInstruments: RouterMiddleware {
    private struct Exchange: Hashable {
        var method: String
        var route: String
        var status: String
    }

    private struct Call: Hashable {
        var method: String
        var route: String
    }

    private let requests = InstrumentSet<Exchange, Counter> { exchange in
        Counter(
            label: "api_requests_total",
            dimensions: [("method", exchange.method), ("route", exchange.route), ("status", exchange.status)]
        )
    }
    private let durations = InstrumentSet<Call, Metrics.Timer> { call in
        Metrics.Timer(
            label: "api_request_duration_seconds",
            dimensions: [("method", call.method), ("route", call.route)]
        )
    }

    /// Other words are whatever a client has made up.
    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .patch, .delete, .options]

    func handle(
        _ request: Request,
        context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        let start = MonotonicClock.now()
        // Nobody waits for the answer any more, unless there is one.
        var status = "aborted"
        defer {
            let method = Self.methods.contains(request.method) ? request.method.rawValue : "other"
            let route = Self.route(context.endpointPath)
            requests[Exchange(method: method, route: route, status: status)].increment()
            durations[Call(method: method, route: route)].recordNanoseconds(MonotonicClock.now() - start)
        }
        let response = try await next(request, context)
        status = "\(response.status.code)"
        return response
    }

    /// A route's pattern; all that have none count as one.
    private static func route(_ pattern: String?) -> String {
        guard let pattern, pattern.hasPrefix("/") else { return "unmatched" }
        return pattern
    }
}

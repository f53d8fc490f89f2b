import Bytes
import HTTPTypes
import Hummingbird
import NIOPosix
import Runtime

/// What is in force and was; and other definitions that are to be.
struct ActivationRoutes {
    private let context: ServerContext
    private let desk: ActivationDesk

    /// Activations that an answer lists at most, and unless it is asked for others.
    private static let listMax = 1000
    private static let listUsual = 100

    init(_ context: ServerContext, _ desk: ActivationDesk) {
        self.context = context
        self.desk = desk
    }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/activations") { request, _ in try await list(request) }
        router.post("/activations") { request, _ in try await activate(request) }
    }

    private func list(_ request: Request) async throws -> Response {
        var query = QueryParameters(request, known: ["limit", "before"])
        let limit = query.integer("limit", in: 1...Self.listMax) ?? Self.listUsual
        let before = query.integer("before", in: 1...Int(Int32.max))
        try query.finish()
        let history = try await NIOThreadPool.singleton.runIfActive { [engine = context.engine] in
            try engine.activations()
        }
        return Answer.json(ActivationAnswer.list(history, before: before, limit: limit))
    }

    private func activate(_ request: Request) async throws -> Response {
        let limit = RouteRule.Body.definitions.bytesMax
        let wanted: ActivationRequest
        if RequestBody.isJSON(request.headers[.contentType]) {
            try QueryParameters(request, known: []).finish()
            wanted = try ActivationRequest(try await RequestBody.json(of: request, limit: limit))
        } else {
            let query = QueryParameters(request, known: ["author", "note"])
            wanted = try ActivationRequest(file: try await RequestBody.collect(request, limit: limit), query)
        }
        let outcome = try await desk.activate(wanted)
        return Answer.json(ActivationAnswer.outcome(outcome), status: outcome.isNew ? .created : .ok)
    }
}

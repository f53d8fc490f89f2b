import AlertStore
import Bytes
import Foundation
import HTTPTypes
import Hummingbird

/// What was found, and what people make of it.
struct AlertRoutes {
    private let context: ServerContext

    init(_ context: ServerContext) {
        self.context = context
    }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/alerts") { request, _ in try await list(request) }
        router.get("/alerts/:id") { request, context in try await show(request, context) }
        router.patch("/alerts/:id") { request, context in try await change(request, context) }
        router.post("/alerts/:id/label") { request, context in try await label(request, context) }
    }

    private func list(_ request: Request) async throws -> Response {
        let domains = DomainNames(context.plan)
        let query = try AlertQuery(QueryParameters(request, known: AlertQuery.parameters), domains: domains)
        let page = try await context.reading { try $0.page(query.filter) }
        let cursor = page.next.map { AlertCursor.encode($0, filter: query.words) }
        return Answer.json(AlertAnswer.page(page, cursor: cursor))
    }

    private func show(_ request: Request, _ route: BasicRequestContext) async throws -> Response {
        var query = QueryParameters(request, known: ["events_from", "events_limit"])
        let position = query.integer("events_from", in: 0...Int(Int32.max))
        let limit = query.integer("events_limit", in: 0...AlertDetails.eventsMax) ?? AlertDetails.eventsMax
        try query.finish()
        let id = try id(route)
        let found = try await context.reading { try $0.details(id: id, eventsFrom: position, events: limit) }
        guard let details = found else { throw Self.unknown }
        return Answer.json(AlertAnswer.details(details, plan: context.plan))
    }

    private func change(_ request: Request, _ route: BasicRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let decision = try TriageRequest.change(try await RequestBody.json(of: request))
        return try await decide(decision, id(route))
    }

    private func label(_ request: Request, _ route: BasicRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let decision = try TriageRequest.label(try await RequestBody.json(of: request))
        return try await decide(decision, id(route))
    }

    /// Adds the decision, durably, and answers with the alert as it is then.
    private func decide(_ decision: TriageRequest, _ id: String) async throws -> Response {
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        let entry = try await context.writing { database in
            guard try database.entry(id: id) != nil else { throw Self.unknown }
            try database.append(decision.record(of: id, atMilliseconds: now))
            return try database.entry(id: id)
        }
        guard let entry else { throw Self.unknown }
        context.triaged(entry)
        return Answer.json(AlertAnswer.entry(entry))
    }

    private func id(_ route: BasicRequestContext) throws -> String {
        guard let id = route.parameters.get("id"), id.utf8.count <= 64, id.utf8.allSatisfy(Self.isIDByte) else {
            throw Self.unknown
        }
        return id
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static let unknown = Problem(.notFound, "there is no alert of this id")
}

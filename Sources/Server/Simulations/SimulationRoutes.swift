import AlertStore
import Bytes
import HTTPTypes
import Hummingbird
import Traffic

/// Tests with simulated events: begin, watch, stop, and what came of them.
struct SimulationRoutes: Sendable {
    private let context: ServerContext
    private let simulations: Simulations

    init(_ context: ServerContext, _ simulations: Simulations) {
        self.context = context
        self.simulations = simulations
    }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/simulations") { request, _ in try await list(request) }
        router.post("/simulations") { request, _ in try await begin(request) }
        router.get("/simulations/:id") { request, route in try await show(request, route) }
        router.delete("/simulations/:id") { request, route in try await stop(request, route) }
    }

    private func list(_ request: Request) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let kept = try await context.reading { try $0.simulations() }
        let running = simulations.running
        let all = try kept.map { record in
            if let running, running.plan.id == record.id { return running.json }
            return try Self.value(record)
        }
        return Answer.json(.object([.init("simulations", .list(all))]))
    }

    private func show(_ request: Request, _ route: BasicRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let id = try id(route)
        if let running = simulations.running, running.plan.id == id { return Answer.json(running.json) }
        guard let record = try await context.reading({ try $0.simulation(id: id) }) else { throw Self.unknown }
        return Answer.json(try Self.value(record))
    }

    private func begin(_ request: Request) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let plan = try Self.plan(try await RequestBody.json(of: request))
        guard SimulationPlan.fits(context.plan) else {
            throw Problem(.conflict, "the simulator's events do not fit this pipeline's schema")
        }
        guard let answer = try await simulations.begin(plan) else {
            throw Problem(.conflict, "a test is under way; wait for its end, or stop it")
        }
        var response = Answer.json(answer.json, status: .accepted)
        response.headers[.location] = "/simulations/\(plan.id)"
        return response
    }

    private func stop(_ request: Request, _ route: BasicRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let id = try id(route)
        if let answer = simulations.stop(id) { return Answer.json(answer.json, status: .accepted) }
        guard try await context.reading({ try $0.simulation(id: id) }) != nil else { throw Self.unknown }
        throw Problem(.conflict, "this test is over")
    }

    private static func plan(_ body: JSONValue) throws(Problem) -> SimulationPlan {
        var reader = try ObjectReader(body, known: ["domain", "load_level", "duration_seconds", "seed"])
        let domains = Domain.allCases.map(\.rawValue) + ["all"]
        let domain = reader.choice("domain", among: domains)
        if !reader.has("domain") { reader.refuse("domain", "is missing") }
        let load = reader.choice("load_level", among: LoadLevel.allCases.map(\.rawValue))
        if !reader.has("load_level") { reader.refuse("load_level", "is missing") }
        let duration = reader.integer("duration_seconds", in: 1...3600) ?? 60
        let seed = reader.integer("seed", in: 0...4_294_967_295)
        try reader.finish()
        var random = SystemRandomNumberGenerator()
        let plan = SimulationPlan(
            id: "test-" + Self.hexadecimal(random.next()),
            domain: domain.flatMap { Domain(rawValue: $0) },
            load: load.flatMap { LoadLevel(rawValue: $0) } ?? .normal,
            durationSeconds: duration,
            seed: seed.map { UInt64($0) } ?? random.next() >> 32
        )
        guard plan.events <= SimulationPlan.eventsMax else {
            let detail = "that would be \(plan.events) events; a test has \(SimulationPlan.eventsMax) at most"
            throw Problem(.badRequest, errors: [.init(pointer: "/duration_seconds", detail: detail)])
        }
        return plan
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value & 0xFFFF_FFFF, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    private static func value(_ record: SimulationRecord) throws -> JSONValue {
        try JSONValue.parse(Array(record.record.utf8))
    }

    private func id(_ route: BasicRequestContext) throws -> String {
        guard let id = route.parameters.get("id"), id.utf8.count <= 64 else { throw Self.unknown }
        return id
    }

    private static let unknown = Problem(.notFound, "there is no test of this id")
}

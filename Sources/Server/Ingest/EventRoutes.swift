import Bytes
import HTTPTypes
import Hummingbird
import Metrics
import NIOCore
import Runtime

/// `POST /events`: takes events and answers once they are durable.
struct EventRoutes: Sendable {
    private let engine: LiveEngine
    private let bodyLimit: Int
    private let budget: BodyBudget
    private let outcomes = InstrumentSet<String, Counter>(["ok", "503"]) { outcome in
        Counter(label: "patternalarm_ingest_requests_total", dimensions: [("outcome", outcome)])
    }

    /// - Parameters:
    ///   - engine: What takes the events.
    ///   - bodyLimit: Bytes of one body at most, packed and unpacked.
    init(_ engine: LiveEngine, bodyLimit: Int) {
        self.engine = engine
        self.bodyLimit = bodyLimit
        budget = BodyBudget(bytes: bodyLimit * 4)
    }

    func add(to router: Router<BasicRequestContext>) {
        router.post("/events") { request, _ in try await self.take(request) }
    }

    private func take(_ request: Request) async throws -> Response {
        var outcome = "ok"
        defer { outcomes[outcome].increment() }
        do {
            return try Answer.json(EventsAnswer(try await receipt(of: request)))
        } catch {
            outcome =
                (error as? Problem).map { "\($0.status.code)" } ?? (error as? Refusal).map { "\($0.status)" } ?? "500"
            throw error
        }
    }

    private func receipt(of request: Request) async throws -> Receipt {
        let key = try key(of: request)
        let coding = try coding(of: request)
        let isLines = try Self.isLines(request)
        // A body counts until its events are answered for, wherever it waits meanwhile.
        var taken = 0
        defer { budget.give(taken) }
        let packed = try await collect(request, &taken)
        let body: [UInt8]
        do throws(ContentCoding.Fault) {
            body = try coding.unpack(packed, limit: bodyLimit)
        } catch {
            switch error {
            case .tooLarge(let limit): throw Self.tooLarge(limit)
            case .damaged(let words): throw Problem(.badRequest, words)
            }
        }
        let events: EventList
        do throws(JSONFault) {
            events = isLines ? EventList(lines: body) : try EventList(json: body)
        } catch {
            throw Problem(
                .badRequest,
                "The body is not JSON: \(error.words). Of application/x-ndjson every line is read by itself."
            )
        }
        let result = await withCheckedContinuation { continuation in
            engine.submit(events, key: key) { continuation.resume(returning: $0) }
        }
        do { return try result.get() } catch { throw Problem(error) }
    }

    /// Receives the body, within its own limit and that of all bodies together, of which it takes what it needs.
    private func collect(_ request: Request, _ taken: inout Int) async throws -> [UInt8] {
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > bodyLimit { throw Self.tooLarge(bodyLimit) }
        var body: [UInt8] = []
        if let announced { body.reserveCapacity(announced) }
        for try await buffer in request.body {
            guard body.count + buffer.readableBytes <= bodyLimit else { throw Self.tooLarge(bodyLimit) }
            guard budget.take(buffer.readableBytes) else { throw Problem(.full) }
            taken += buffer.readableBytes
            buffer.withUnsafeReadableBytes { body.append(contentsOf: $0) }
        }
        return body
    }

    private func key(of request: Request) throws -> String? {
        guard let name = HTTPField.Name("Idempotency-Key"), let key = request.headers[name] else { return nil }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            let item = Problem.Item(parameter: "Idempotency-Key", detail: "1 to 255 visible ASCII characters")
            throw Problem(.badRequest, "The Idempotency-Key cannot be used.", errors: [item])
        }
        return key
    }

    private func coding(of request: Request) throws -> ContentCoding {
        guard let name = request.headers[.contentEncoding] else { return .identity }
        guard let coding = ContentCoding(named: name) else {
            throw Problem(.unsupportedMediaType, "Content-Encoding is gzip, lz4 (frames) or identity.")
        }
        return coding
    }

    private static func isLines(_ request: Request) throws -> Bool {
        let type = request.headers[.contentType] ?? ""
        switch type.split(separator: ";").first.map({ $0.trimmingPrefix(" ").lowercased() }) {
        case "application/json": return false
        case "application/x-ndjson": return true
        default: throw Problem(.unsupportedMediaType, "Content-Type is application/json or application/x-ndjson.")
        }
    }

    private static func tooLarge(_ limit: Int) -> Problem {
        Problem(.contentTooLarge, "A body may have \(limit) bytes; send the events in several requests.")
    }
}

/// What `POST /events` says.
private struct EventsAnswer: Encodable {
    struct LineError: Encodable {
        var line: Int
        var field: String?
        var reason: String
    }

    var accepted: Int
    var rejected: Int
    var late: Int
    var duplicate: Int
    var replayed: Bool
    var errors: [LineError]

    init(_ receipt: Receipt) {
        accepted = receipt.accepted
        rejected = receipt.rejected
        late = receipt.late
        duplicate = receipt.duplicate
        replayed = receipt.isReplayed
        errors = receipt.errors.map { LineError(line: $0.line, field: $0.field, reason: $0.reason) }
    }
}

extension Problem {
    /// Why events were not taken.
    init(_ error: SubmissionError) {
        switch error {
        case .full:
            self.init(
                .serviceUnavailable,
                "More events are waiting than can be held. Send the same request again a little later.",
                headers: [.retryAfter: "1"]
            )
        case .stopping:
            self.init(.serviceUnavailable, "The server is about to end.", headers: [.retryAfter: "5"])
        case .busy:
            self.init(
                .serviceUnavailable,
                "These events were taken before, but another program holds the alerts file, which knows what became of them. "
                    + "Send the same request again a little later.",
                headers: [.retryAfter: "1"]
            )
        case .noRoom(let why):
            self.init(
                .serviceUnavailable,
                "The log has no room for more: \(why). Send the same request again later; with an Idempotency-Key nothing of it is "
                    + "taken twice.",
                headers: [.retryAfter: "5"]
            )
        case .failed:
            self.init(
                .serviceUnavailable,
                "Nothing is taken since the disk has failed: see /health, and start the server anew.",
                headers: [.retryAfter: "60"]
            )
        case .keyInProgress:
            self.init(.conflict, "A request with this Idempotency-Key is being worked on.", headers: [.retryAfter: "1"])
        case .keyReused:
            self.init(.unprocessableContent, "This Idempotency-Key has been used for other events.")
        }
    }
}

import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// How a browser gets in: a one-time code for a session cookie.
struct SessionRoutes {
    private let access: ServerAccess
    private let brake = CodeBrake()

    init(_ access: ServerAccess) {
        self.access = access
    }

    func add(to router: Router<some RequestContext>) {
        router.post("/session") { request, context in try await open(request, context.logger) }
        router.delete("/session") { request, _ in close(request) }
        router.post("/session/codes") { request, _ in try makeCode(request) }
    }

    private struct Offer: Decodable {
        var code: String
    }

    private struct Code: Encodable {
        var code: String
        var expiresAt: String
    }

    private func open(_ request: Request, _ logger: Logger) async throws -> Response {
        let body = try await request.body.collect(upTo: RouteRule.Body.session.bytesMax)
        let offer: Offer
        do {
            offer = try JSONDecoder().decode(Offer.self, from: Data(body.readableBytesView))
        } catch {
            throw Problem(.badRequest, "the body is {\"code\": \"…\"}")
        }
        guard let secret = access.credentials.openSession(code: offer.code, at: access.now) else {
            logger.notice("a wrong code was tried")
            try await brake.slow()
            throw Problem(
                .unauthorized,
                "the code is wrong, used or too old: run patternalarm open for a new one",
                headers: [.wwwAuthenticate: "Bearer"]
            )
        }
        logger.notice("a session was opened")
        var response = Answer.nothing()
        response.headers[.setCookie] = cookie(secret)
        return response
    }

    private func close(_ request: Request) -> Response {
        for secret in access.sessions(request) { access.credentials.closeSession(secret) }
        var response = Answer.nothing()
        response.headers[.setCookie] = cookie("") + "; Max-Age=0"
        return response
    }

    private func makeCode(_ request: Request) throws -> Response {
        guard access.proof(request) == .token else {
            throw Problem(.unauthorized, "a code is made for the token only", headers: [.wwwAuthenticate: "Bearer"])
        }
        let life = Credentials.Limits.codeLife
        let expiry = Date().addingTimeInterval(TimeInterval(life.components.seconds))
        let code = Code(
            code: access.credentials.makeCode(life: life, at: access.now),
            expiresAt: expiry.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        )
        return try Answer.json(code, status: .created)
    }

    private func cookie(_ secret: String) -> String {
        "\(access.cookie)=\(secret); HttpOnly; SameSite=Strict; Path=/"
    }
}

/// Makes guessing slow: every wrong code waits, and few may wait at once. A right code never waits, so nobody can keep
/// the owner out.
private final class CodeBrake: Sendable {
    private static let delay = Duration.milliseconds(500)
    private static let waitingMax = 16

    private let waiting = Mutex(0)

    func slow() async throws {
        let mayWait = waiting.withLock { waiting in
            guard waiting < Self.waitingMax else { return false }
            waiting += 1
            return true
        }
        guard mayWait else {
            throw Problem(.tooManyRequests, "too many wrong codes at once", headers: [.retryAfter: "1"])
        }
        defer { waiting.withLock { $0 -= 1 } }
        try await Task.sleep(for: Self.delay)
    }
}

import AlertStore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Turns whatever keeps a request from being done into an answer that says so (RFC 9457), and nothing of the inside.
struct ProblemMiddleware: RouterMiddleware {
    private let table: RouteTable

    init(_ table: RouteTable) {
        self.table = table
    }

    func handle(
        _ request: Request,
        context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        let response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = try problem(error, request, context).response(from: request, context: context)
        }
        context.logger.debug(
            "request",
            metadata: [
                "method": "\(request.method)", "path": "\(request.uri.path)", "status": "\(response.status.code)",
            ]
        )
        return response
    }

    private func problem(
        _ error: any Error,
        _ request: Request,
        _ context: BasicRequestContext
    ) throws -> Problem {
        switch error {
        case let error as Problem:
            return error
        case let error as HTTPError where error.status == .notFound:
            return table.problem(method: request.method, path: request.uri.path)
        case let error as HTTPError:
            return Problem(error.status, error.body)
        case let error as AlertStoreError:
            return Self.problem(error, context.logger)
        case let error as Refusal:
            // The connection's guard has answered, and closes.
            return Problem(HTTPResponse.Status(code: error.status, reasonPhrase: error.reason), error.detail)
        case is CancellationError, is HTTPParserError, is ChannelError:
            // Nobody waits for an answer any more, or the framework gives it.
            throw error
        default:
            context.logger.error("request failed", metadata: ["error": "\(error)"])
            return Problem(.internalServerError, "the server's log says more about request \(context.id)")
        }
    }

    private static func problem(_ error: AlertStoreError, _ logger: Logger) -> Problem {
        switch error {
        case .tooSlow:
            return Problem(
                .serviceUnavailable,
                "the question takes too long; ask for a shorter time or with more filters",
                headers: [.retryAfter: "5"]
            )
        case .busy:
            return Problem(.serviceUnavailable, "the alerts file is busy", headers: [.retryAfter: "1"])
        default:
            logger.error("the alerts file: \(error)")
            return Problem(.internalServerError, "the alerts file cannot be used; the program's own output says why")
        }
    }
}

/// The routes that there are: what a path that was not found for a method can be asked.
final class RouteTable: Sendable {
    private struct Entry {
        /// The path's parts; nil = anything.
        var parts: [String?]
        var method: String
    }

    private let entries = Mutex<[Entry]>([])

    /// Takes the routes of a router, when it has all.
    func fill(_ router: Router<BasicRequestContext>) {
        let found = router.routes.map { route in
            Entry(
                parts: Self.parts(route.path.description).map { part in
                    part.hasPrefix("{") || part.hasPrefix(":") || part.hasPrefix("*") ? nil : part
                },
                method: route.method.rawValue
            )
        }
        entries.withLock { $0 = found }
    }

    /// Why nothing is done: there is no such path, or not for this method.
    func problem(method: HTTPRequest.Method, path: String) -> Problem {
        let parts = Self.parts(path)
        let methods = entries.withLock { entries in
            entries.filter { entry in
                entry.parts.count == parts.count && zip(entry.parts, parts).allSatisfy { $0 == nil || $0 == $1 }
            }.map(\.method)
        }
        guard !methods.isEmpty, !methods.contains(method.rawValue) else {
            return Problem(.notFound, "there is nothing here; /docs lists what there is")
        }
        let allowed = Set(methods).sorted().joined(separator: ", ")
        return Problem(.methodNotAllowed, "only \(allowed)", headers: [.allow: allowed])
    }

    private static func parts(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }
}

import AlertStore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Turns whatever keeps a request from being done into an answer that says so (RFC 9457), and nothing of the inside.
struct ProblemMiddleware: RouterMiddleware {
    private let rules: RouteRules

    init(_ rules: RouteRules) {
        self.rules = rules
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
            return rules.problem(method: request.method, path: request.uri.path)
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
        case .full, .outOfFiles:
            logger.error("the alerts file: \(error)")
            return Problem(
                .serviceUnavailable,
                "the alerts file has no room: nothing was written, try again later",
                headers: [.retryAfter: "5"]
            )
        default:
            logger.error("the alerts file: \(error)")
            return Problem(.internalServerError, "the alerts file cannot be used; the program's own output says why")
        }
    }
}

extension RouteRules {
    /// Why nothing is done: there is no such path, or not for this method.
    func problem(method: HTTPRequest.Method, path: String) -> Problem {
        let methods = methods(path)
        guard !methods.isEmpty, !methods.contains(method.rawValue) else {
            return Problem(.notFound, "there is nothing here; /docs lists what there is")
        }
        let allowed = methods.joined(separator: ", ")
        return Problem(.methodNotAllowed, "only \(allowed)", headers: [.allow: allowed])
    }
}

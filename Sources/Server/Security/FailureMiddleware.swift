import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1

/// Makes every error an answer: what is wrong with the request is said, what is wrong with the program is only logged.
struct FailureMiddleware<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let response: Response
        do {
            response = try await next(request, context)
        } catch let error as HTTPParserError {
            // The framework answers and closes: the connection's bytes make no sense.
            throw error
        } catch {
            response = try Self.problem(error, context).response(from: request, context: context)
        }
        context.logger.debug(
            "request",
            metadata: [
                "method": "\(request.method)", "path": "\(request.uri.path)", "status": "\(response.status.code)",
            ]
        )
        return response
    }

    private static func problem(_ error: any Error, _ context: Context) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let refusal as Refusal:
            return Problem(HTTPResponse.Status(code: refusal.status, reasonPhrase: refusal.reason), refusal.detail)
        case let error as any HTTPResponseError where error.status.code < 500:
            return Problem(error.status, error.status == .notFound ? "there is nothing at this address" : nil)
        default:
            context.logger.error("request failed", metadata: ["request": "\(context.id)", "error": "\(error)"])
            return Problem(.internalServerError, "the server's log says more about request \(context.id)")
        }
    }
}

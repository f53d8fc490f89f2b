import HTTPTypes
import Hummingbird
import Logging

/// Refuses calls under a name that is not ours: DNS rebinding.
struct HostMiddleware<Context: RequestContext>: RouterMiddleware {
    let access: ServerAccess

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let host = request.head.authority, access.allowsHost(host) else {
            throw Problem(.misdirectedRequest, "this server is not called by that name; see --allowed-host")
        }
        return try await next(request, context)
    }
}

/// Refuses what the pages of other sites send.
struct OriginMiddleware<Context: RequestContext>: RouterMiddleware {
    let access: ServerAccess

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.headers[values: .origin].count <= 1, OriginPolicy.allows(access.claim(request)) else {
            throw Problem(.forbidden, "requests from pages of other sites are not taken")
        }
        return try await next(request, context)
    }
}

/// Lets nothing through without proof, except what the rules open: a new route is closed until someone opens it.
struct AccessMiddleware<Context: RequestContext>: RouterMiddleware {
    let access: ServerAccess
    let rules: RouteRules

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let rule = rules.rule(request.method.rawValue, request.uri.path)
        if rule?.isOpen == true { return try await next(request, context) }
        switch access.proof(request) {
        case .token: break
        case .session:
            // A cookie goes along with whatever the browser sends: for a change, our own page must have sent it.
            guard
                OriginPolicy.isSafe(method: request.method.rawValue)
                    || OriginPolicy.provesOwnPage(access.claim(request))
            else {
                throw Problem(.forbidden, "a change needs an Origin or Sec-Fetch-Site header of this server's page")
            }
        case nil:
            if request.headers[.authorization] != nil { context.logger.notice("a wrong token was tried") }
            throw Problem(
                .unauthorized,
                "send Authorization: Bearer and the token, or open the dashboard with patternalarm open",
                headers: [.wwwAuthenticate: "Bearer"]
            )
        }
        return try await next(request, context)
    }
}

/// A body must say that it is JSON: forms and plain text are what pages of other sites can send without asking.
struct ContentTypeMiddleware<Context: RequestContext>: RouterMiddleware {
    let rules: RouteRules

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard Self.hasBody(request.headers) else { return try await next(request, context) }
        let types = request.headers[values: .contentType]
        let type = types.first.map { $0.prefix { $0 != ";" && $0 != " " }.lowercased() }
        let body = rules.body(request.method.rawValue, request.uri.path)
        guard types.count == 1, let type, body.types.contains(type) else {
            throw Problem(.unsupportedMediaType, "the body must be \(body.types.joined(separator: " or "))")
        }
        guard body.mayBePacked || request.headers[.contentEncoding] == nil else {
            throw Problem(.unsupportedMediaType, "only events may be sent compressed")
        }
        return try await next(request, context)
    }

    private static func hasBody(_ headers: HTTPFields) -> Bool {
        headers[.transferEncoding] != nil || headers[.contentLength].map { $0 != "0" } ?? false
    }
}

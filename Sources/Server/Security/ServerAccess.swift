import HTTPTypes
import Hummingbird
import Synchronization

/// Who may call the server, under which names, and how it knows them again.
public final class ServerAccess: Sendable {
    /// What depends on the port. Before it is known no host is allowed.
    private struct Place {
        var policy: HostPolicy?
        var cookie = "patternalarm_session"
    }

    public let credentials: Credentials
    /// Names given by the owner.
    private let names: [String]
    private let place = Mutex(Place())
    private let origin = ContinuousClock.now

    /// Who knows the token may come in, and by the names of this machine or these only.
    public init(token: String, allowedHosts: [String] = []) {
        credentials = Credentials(token: token)
        names = allowedHosts
    }

    /// Monotonic time that goes on while the machine sleeps.
    var now: Duration { origin.duration(to: .now) }

    /// The server listens; from now on calls under these names are taken.
    func listens(port: Int, address: String?) {
        let place = Place(
            policy: HostPolicy(port: port, address: address, names: names),
            cookie: "patternalarm_session_\(port)"
        )
        self.place.withLock { $0 = place }
    }

    /// The name of the session's cookie. A host's ports share their cookies: with one name for all, a login at one
    /// server would end the session at another.
    var cookie: String { place.withLock { $0.cookie } }

    /// A code to open the dashboard with, good for the first minutes.
    public func firstCode() -> String { credentials.makeCode(life: Credentials.Limits.firstCodeLife, at: now) }

    func allowsHost(_ host: String) -> Bool { place.withLock { $0.policy?.allows(host) ?? false } }

    // MARK: - Requests

    /// What speaks for a request.
    enum Proof {
        case token, session
    }

    /// What speaks for a request; a wrong token is not made good by a cookie.
    func proof(_ request: Request) -> Proof? {
        if let field = request.headers[.authorization] {
            let parts = field.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].lowercased() == "bearer", credentials.isToken(parts[1]) else { return nil }
            return .token
        }
        return sessions(request).contains { credentials.isSession($0, at: now) } ? .session : nil
    }

    /// The secrets of all cookies with our name; servers on other ports of this machine can set some too.
    func sessions(_ request: Request) -> [Substring] {
        let prefix = cookie + "="
        let pairs = request.headers[values: .cookie].flatMap { $0.split(separator: ";") }
        return pairs.compactMap { pair in
            let pair = pair.drop { $0 == " " }
            return pair.hasPrefix(prefix) ? pair.dropFirst(prefix.count) : nil
        }
        .prefix(8).map { $0 }
    }

    /// What a request says about where it comes from.
    func claim(_ request: Request) -> OriginPolicy.Claim {
        var claim = OriginPolicy.Claim(
            method: request.method.rawValue,
            path: request.uri.path,
            host: request.head.authority ?? ""
        )
        claim.origin = request.headers[.origin]
        claim.fetchSite = request.headers[.secFetchSite]
        claim.fetchMode = request.headers[.secFetchMode]
        claim.fetchDestination = request.headers[.secFetchDestination]
        return claim
    }
}

extension HTTPField.Name {
    /// Parses a name that is known to be one.
    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name.") }
        return name
    }

    static let secFetchSite = known("Sec-Fetch-Site")
    static let secFetchMode = known("Sec-Fetch-Mode")
    static let secFetchDestination = known("Sec-Fetch-Dest")
}

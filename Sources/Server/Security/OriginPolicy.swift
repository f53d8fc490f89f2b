/// Which pages may send requests: our own. Browsers say where a request comes from, programs say nothing.
public enum OriginPolicy {
    /// What a request says about where it comes from.
    public struct Claim: Sendable {
        public var method: String
        public var path: String
        /// The Host header, known to be one of ours.
        public var host: String
        public var origin: String?
        public var fetchSite: String?
        public var fetchMode: String?
        public var fetchDestination: String?

        public init(method: String, path: String, host: String) {
            self.method = method
            self.path = path
            self.host = host
        }
    }

    /// Whether the request may be looked at.
    public static func allows(_ claim: Claim) -> Bool {
        // Someone follows a link to the page itself; it holds no data, and asks for it from its own origin.
        if isNavigation(claim) { return true }
        if let origin = claim.origin, !isOwn(origin, claim.host) { return false }
        switch claim.fetchSite {
        case nil, "same-origin", "none": return true
        default: return false
        }
    }

    /// Whether a request that a cookie alone speaks for proves that our own page has sent it.
    public static func provesOwnPage(_ claim: Claim) -> Bool {
        if let origin = claim.origin { return isOwn(origin, claim.host) }
        return claim.fetchSite == "same-origin"
    }

    /// Methods that change nothing.
    public static func isSafe(method: String) -> Bool { ["GET", "HEAD", "OPTIONS", "TRACE"].contains(method) }

    private static func isNavigation(_ claim: Claim) -> Bool {
        claim.method == "GET" && (claim.path == "/" || claim.path == "/docs") && claim.fetchMode == "navigate"
            && claim.fetchDestination == "document"
    }

    /// Behind a proxy that speaks TLS the same name is called by https.
    private static func isOwn(_ origin: String, _ host: String) -> Bool {
        let (origin, host) = (origin.lowercased(), host.lowercased())
        return origin == "http://" + host || origin == "https://" + host
    }
}

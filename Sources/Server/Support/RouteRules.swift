/// What a route asks of a request: who may call it, and what its body may be.
package struct RouteRule: Sendable, Equatable {
    /// What a request may bring.
    package struct Body: Sendable, Equatable {
        /// Bytes at most, as they come over the wire.
        package var bytesMax: Int
        package var types: [String]
        /// Whether a Content-Encoding is taken.
        package var mayBePacked: Bool

        package init(bytesMax: Int = 1 << 20, types: [String] = ["application/json"], mayBePacked: Bool = false) {
            (self.bytesMax, self.types, self.mayBePacked) = (bytesMax, types, mayBePacked)
        }
    }

    package var method: String
    /// Its path; a part in braces stands for any one part.
    package var path: String
    /// Whether it is answered without a token or a session.
    package var isOpen = false
    /// Nil if it takes none.
    package var body: Body?

    package init(_ method: String, _ path: String, isOpen: Bool = false, body: Body? = nil) {
        (self.method, self.path, self.isOpen, self.body) = (method, path, isOpen, body)
    }

    fileprivate func matches(_ parts: [Substring]) -> Bool {
        let own = RouteRules.parts(path)
        return own.count == parts.count
            && zip(own, parts).allSatisfy { $0.first == "{" ? !$1.isEmpty : $0 == $1 }
    }
}

extension RouteRule.Body {
    static let session = RouteRule.Body(bytesMax: 4 << 10)
    /// Many actors' transactions.
    static let batch = RouteRule.Body(bytesMax: 8 << 20)
    /// A pipeline's file: as it is, or as a text of JSON, which has more bytes.
    static let definitions = RouteRule.Body(
        bytesMax: 4 << 20,
        types: ["application/json", "application/x-yaml", "application/yaml", "text/yaml"]
    )
}

/// Every route there is, in one place: the connection knows from it how long a body may be before it comes, the gate
/// who may call and what a body must say of itself, and the routes their own limits. What is not in it is closed, and
/// no route.
package struct RouteRules: Sendable {
    package let rules: [RouteRule]
    /// Of a body that no route takes, so that the answer can say so.
    private static let usual = RouteRule.Body()

    /// - Parameter eventBytes: Bytes of a body of events at most, packed and unpacked.
    package init(eventBytes: Int) {
        let json = RouteRule.Body()
        // The route itself counts what it takes, packed and unpacked, and says so in its own words.
        let events = RouteRule.Body(
            bytesMax: max(eventBytes, json.bytesMax),
            types: ["application/json", "application/x-ndjson"],
            mayBePacked: true
        )
        rules = [
            RouteRule("GET", "/", isOpen: true),
            RouteRule("GET", "/docs", isOpen: true),
            RouteRule("GET", "/openapi.json", isOpen: true),
            RouteRule("GET", "/assets/{name}", isOpen: true),
            RouteRule("GET", "/health", isOpen: true),
            RouteRule("GET", "/ready", isOpen: true),
            RouteRule("GET", "/metrics"),
            RouteRule("GET", "/stream"),
            RouteRule("POST", "/session", isOpen: true, body: .session),
            RouteRule("DELETE", "/session"),
            RouteRule("POST", "/session/codes"),
            RouteRule("POST", "/events", body: events),
            RouteRule("GET", "/alerts"),
            RouteRule("GET", "/alerts/{id}"),
            RouteRule("PATCH", "/alerts/{id}", body: json),
            RouteRule("POST", "/alerts/{id}/label", body: json),
            RouteRule("GET", "/analytics/velocity"),
            RouteRule("GET", "/analytics/summary"),
            RouteRule("GET", "/analytics/domain/{domain}"),
            RouteRule("GET", "/models"),
            RouteRule("GET", "/activations"),
            RouteRule("POST", "/activations", body: .definitions),
            RouteRule("GET", "/predict/health"),
            RouteRule("POST", "/predict", body: json),
            RouteRule("POST", "/predict/batch", body: .batch),
            RouteRule("GET", "/simulations"),
            RouteRule("POST", "/simulations", body: json),
            RouteRule("GET", "/simulations/{id}"),
            RouteRule("DELETE", "/simulations/{id}"),
        ]
    }

    /// The rule of a request; a question for the head alone has that of the whole. Nil if there is no such route.
    package func rule(_ method: String, _ path: String) -> RouteRule? {
        let parts = Self.parts(path)
        let method = method == "HEAD" ? "GET" : method
        return rules.first { $0.method == method && $0.matches(parts) }
    }

    /// What a request's body may be.
    package func body(_ method: String, _ path: String) -> RouteRule.Body { rule(method, path)?.body ?? Self.usual }

    /// The methods that a path can be asked with, sorted.
    package func methods(_ path: String) -> [String] {
        let parts = Self.parts(path)
        return rules.filter { $0.matches(parts) }.map(\.method).sorted()
    }

    fileprivate static func parts(_ path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false)
    }
}

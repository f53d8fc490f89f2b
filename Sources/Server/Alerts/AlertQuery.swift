import AlertStore

/// What `GET /alerts` is asked.
package struct AlertQuery {
    package static let parameters = [
        "domain", "severity", "type", "detector", "actor", "status", "label", "activation", "from", "to", "min_score",
        "order", "limit", "cursor",
    ]
    static let severities = ["critical", "high", "medium", "low"]
    static let statuses = ["open", "investigating", "closed"]
    static let labels = ["fraud", "regular"]

    package var filter = AlertFilter()
    /// The filter in words, the same for the same list.
    package let words: String

    /// - Parameters:
    ///   - query: The parameters as they came.
    ///   - domains: What the domains are called.
    /// - Throws: ``Problem`` that names everything that is wrong.
    package init(_ query: QueryParameters, domains: DomainNames) throws(Problem) {
        var query = query
        filter.domain = query.text("domain").map { domains.filter($0) }
        filter.severity = query.choice("severity", among: Self.severities)
        filter.type = query.text("type")
        filter.detector = query.text("detector")
        filter.entityKey = query.text("actor")
        filter.status = query.choice("status", among: Self.statuses)
        filter.label = query.choice("label", among: Self.labels + ["none"])
        filter.activation = query.integer("activation", in: 1...Int(Int32.max))
        filter.sinceMilliseconds = query.time("from")
        filter.lastEventBeforeMilliseconds = query.time("to")
        filter.minimumScore = query.number("min_score", in: 0...1)
        filter.order = query.choice("order", among: ["newest", "score"]) == "score" ? .score : .time
        words = Self.words(filter)
        filter.limit = query.integer("limit", in: 1...200) ?? 50
        if let cursor = query.text("cursor", limit: 200) {
            filter.after = AlertCursor.decode(cursor, filter: words)
            if filter.after == nil { query.refuse("cursor", "is not one of this list; begin again without it") }
        }
        try query.finish()
    }

    private static func words(_ filter: AlertFilter) -> String {
        let parts: [String?] = [
            filter.domain.map { "\($0)" }, filter.severity, filter.type, filter.detector, filter.entityKey,
            filter.status, filter.label, filter.activation.map { "\($0)" }, filter.sinceMilliseconds.map { "\($0)" },
            filter.lastEventBeforeMilliseconds.map { "\($0)" }, filter.minimumScore.map { "\($0)" },
            "\(filter.order)",
        ]
        return parts.map { $0.map { "=\($0)" } ?? "" }.joined(separator: "\u{1F}")
    }
}

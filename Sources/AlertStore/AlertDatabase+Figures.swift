import GRDB

/// How many alerts of a domain opened in a stretch of time, and how bad they are.
public struct VelocityBucket: Sendable, Equatable {
    public var domain: String?
    /// 0 = the first one.
    public var index: Int
    public var count: Int
    public var averageScore: Double
    /// By severity: critical, high, medium, low.
    public var bySeverity: [Int]

    public init(domain: String?, index: Int, count: Int, averageScore: Double, bySeverity: [Int]) {
        self.domain = domain
        self.index = index
        self.count = count
        self.averageScore = averageScore
        self.bySeverity = bySeverity
    }
}

/// Alerts that opened in a stretch of time, added up by what they have in common.
public struct AlertGroup: Sendable, Equatable {
    public var domain: String?
    public var type: String
    public var severity: String
    public var count: Int
    public var scoreSum: Double
    public var amount: Double
}

/// All alerts of a stretch of time, and what people have made of them.
public struct AlertFigures: Sendable {
    public var groups: [AlertGroup]
    public var byStatus: [(status: String, count: Int)]
    /// When the first and the last of them opened.
    public var firstMilliseconds: Int64?
    public var lastMilliseconds: Int64?
}

extension AlertDatabase {
    /// How many alerts opened in each of so many stretches of time; stretches without any are left out.
    ///
    /// - Parameters:
    ///   - from: Where the first one begins, milliseconds.
    ///   - size: How long each is, milliseconds.
    ///   - count: How many there are.
    ///   - domain: Only alerts of this domain.
    /// - Returns: In the order of time.
    /// - Throws: ``AlertStoreError``
    public func velocity(
        from: Int64,
        size: Int64,
        count: Int,
        domain: AlertFilter.Domain? = nil
    ) throws(AlertStoreError) -> [VelocityBucket] {
        var conditions = Conditions()
        conditions.add("a.opened_ms >= ?", from)
        conditions.add("a.opened_ms < ?", from + size * Int64(count))
        conditions.add(domain)
        let sql = """
            SELECT domain, (opened_ms - ?) / ? AS bucket, count(*) AS alerts, avg(score) AS score,
              sum(severity = 'critical') AS critical, sum(severity = 'high') AS high, sum(severity = 'medium') AS medium,
              sum(severity = 'low') AS low FROM alerts a\(conditions.clause) GROUP BY domain, bucket ORDER BY bucket, domain
            """
        let arguments = StatementArguments([from, size]) + conditions.arguments
        return try read { db in
            try Row.fetchAll(db, sql: sql, arguments: arguments).map { row in
                VelocityBucket(
                    domain: try row.value("domain"),
                    index: try row.value("bucket"),
                    count: try row.value("alerts"),
                    averageScore: try row.value("score"),
                    bySeverity: try ["critical", "high", "medium", "low"].map { try row.value($0) }
                )
            }
        }
    }

    /// The domains that alerts are of, and whether some have none.
    ///
    /// - Parameter limit: How many at most; one more is returned if there are more.
    /// - Returns: The names in their order.
    /// - Throws: ``AlertStoreError``
    public func domains(limit: Int) throws(AlertStoreError) -> (names: [String], hasMissing: Bool) {
        try read { db in
            // From each name straight to the next one in the index, however many alerts lie between.
            let sql = """
                WITH RECURSIVE found(name) AS (
                  SELECT (SELECT min(domain) FROM alerts) UNION ALL
                  SELECT (SELECT min(domain) FROM alerts WHERE domain > found.name) FROM found WHERE name IS NOT NULL)
                SELECT name FROM found WHERE name IS NOT NULL LIMIT ?
                """
            return (
                names: try String.fetchAll(db, sql: sql, arguments: [limit + 1]),
                hasMissing: try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM alerts WHERE domain IS NULL)")
                    ?? false
            )
        }
    }

    /// The alerts that opened in [from, to), added up; nil = from the first, to the last one.
    public func figures(
        from: Int64?,
        to: Int64?,
        domain: AlertFilter.Domain? = nil
    ) throws(AlertStoreError) -> AlertFigures {
        var conditions = Conditions()
        conditions.add("a.opened_ms >= ?", from)
        conditions.add("a.opened_ms < ?", to)
        conditions.add(domain)
        // All of the table in its own order, not in that of the index on domains.
        let groups = """
            SELECT domain, type, severity, count(*) AS alerts, sum(score) AS score, sum(amount) AS amount,
              min(opened_ms) AS first, max(opened_ms) AS last FROM alerts a\(conditions.clause)
            GROUP BY +domain, type, severity ORDER BY +domain, type, severity
            """
        let decided = """
            SELECT s.status AS status, count(*) AS alerts FROM alerts a JOIN alert_state s USING (alert_id)
            \(conditions.clause.isEmpty ? "WHERE" : conditions.clause + " AND")
            a.alert_id IN (SELECT alert_id FROM triage WHERE status IS NOT NULL) GROUP BY s.status ORDER BY s.status
            """
        return try read { db in
            var figures = AlertFigures(groups: [], byStatus: [])
            for row in try Row.fetchAll(db, sql: groups, arguments: conditions.arguments) {
                figures.groups.append(
                    AlertGroup(
                        domain: try row.value("domain"),
                        type: try row.value("type"),
                        severity: try row.value("severity"),
                        count: try row.value("alerts"),
                        scoreSum: try row.value("score"),
                        amount: try row.value("amount")
                    )
                )
                let (first, last): (Int64, Int64) = (try row.value("first"), try row.value("last"))
                figures.firstMilliseconds = min(figures.firstMilliseconds ?? first, first)
                figures.lastMilliseconds = max(figures.lastMilliseconds ?? last, last)
            }
            var statuses: [String: Int] = [:]
            for row in try Row.fetchAll(db, sql: decided, arguments: conditions.arguments) {
                statuses[try row.value("status")] = try row.value("alerts")
            }
            // Whatever nobody has decided about is open.
            let all = figures.groups.reduce(0) { $0 + $1.count }
            statuses["open", default: 0] += all - statuses.values.reduce(0, +)
            figures.byStatus = statuses.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            return figures
        }
    }

    /// When the first alert of all opened; nil if there is none.
    public func firstOpened() throws(AlertStoreError) -> Int64? {
        try read { db in try Int64.fetchOne(db, sql: "SELECT min(opened_ms) FROM alerts") }
    }

    /// The models that the file knows, by their names.
    public func models() throws(AlertStoreError) -> [ModelRecord] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM models ORDER BY model_id").map { row in
                try ModelRecord(
                    id: row.value("model_id"),
                    name: row.value("name"),
                    sha256: row.value("sha256"),
                    classes: row.value("classes"),
                    features: row.value("features"),
                    metadata: row.value("metadata")
                )
            }
        }
    }
}

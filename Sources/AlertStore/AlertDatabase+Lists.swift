import GRDB

/// An alert, and what people have decided about it.
public struct ListedAlert: Sendable, Equatable {
    public var alert: AlertRecord
    public var status: String
    public var label: String?
    public var assignee: String?

    public init(alert: AlertRecord, status: String, label: String?, assignee: String?) {
        self.alert = alert
        self.status = status
        self.label = label
        self.assignee = assignee
    }

    /// Where the alert is in a list.
    public var position: AlertPosition {
        AlertPosition(score: alert.score, lastEventMilliseconds: alert.lastEventMilliseconds, id: alert.id)
    }
}

/// A part of a list of alerts.
public struct AlertPage: Sendable {
    public var entries: [ListedAlert]
    /// Where the next part begins; nil behind the last one.
    public var next: AlertPosition?
    /// How many alerts pass the filter, on all pages.
    public var total: Int
}

extension AlertDatabase {
    /// The alerts that pass the filter, in a stable order, each with its status.
    public func alerts(_ filter: AlertFilter) throws(AlertStoreError) -> [(alert: AlertRecord, status: String)] {
        try read { db in try Self.entries(filter, limit: filter.limit, db).map { ($0.alert, $0.status) } }
    }

    /// Hands over the alerts that pass the filter, one after the other, in a stable order.
    public func eachAlert(_ filter: AlertFilter, _ body: (ListedAlert) -> Void) throws(AlertStoreError) {
        try read { db in
            let (sql, arguments) = Self.listing(filter)
            let rows = try Row.fetchCursor(db, sql: sql, arguments: arguments + [filter.limit])
            while let row = try rows.next() { body(try Self.entry(row)) }
        }
    }

    /// A part of the list of alerts that pass the filter, and how long the whole list is, as of one moment.
    public func page(_ filter: AlertFilter) throws(AlertStoreError) -> AlertPage {
        try read { db in
            var entries = try Self.entries(filter, limit: filter.limit + 1, db)
            let hasMore = entries.count > filter.limit
            if hasMore { entries.removeLast() }
            let all = Conditions(filter, isWhole: true)
            let sql = "SELECT count(*) FROM alerts a" + all.clause
            return AlertPage(
                entries: entries,
                next: hasMore ? entries.last?.position : nil,
                total: try Int.fetchOne(db, sql: sql, arguments: all.arguments) ?? 0
            )
        }
    }

    /// The alert of an id; nil if there is none.
    public func entry(id: String) throws(AlertStoreError) -> ListedAlert? {
        try read { db in
            let sql = "SELECT a.*, s.* FROM alerts a JOIN alert_state s USING (alert_id) WHERE a.alert_id = ?"
            return try Row.fetchOne(db, sql: sql, arguments: [id]).map(Self.entry)
        }
    }

    /// The alerts of these ids that there are, in the order of the ids.
    public func entries(ids: [String]) throws(AlertStoreError) -> [ListedAlert] {
        try read { db in
            let sql = "SELECT a.*, s.* FROM alerts a JOIN alert_state s USING (alert_id) WHERE a.alert_id = ?"
            let statement = try db.cachedStatement(sql: sql)
            return try ids.compactMap { id in try Row.fetchOne(statement, arguments: [id]).map(Self.entry) }
        }
    }

    /// The SQL of a list; the last argument is its length.
    private static func listing(_ filter: AlertFilter) -> (sql: String, arguments: StatementArguments) {
        let conditions = Conditions(filter)
        func order(_ table: String) -> String {
            (filter.order == .score ? "\(table).score DESC, " : "") + "\(table).last_event_ms DESC, \(table).alert_id"
        }
        // What people have decided is looked up for the part that is shown only, also where the list has to be sorted.
        let sql = """
            SELECT p.*, s.status, s.label, s.assignee
            FROM (SELECT * FROM alerts a\(conditions.clause) ORDER BY \(order("a")) LIMIT ?) p
            JOIN alert_state s USING (alert_id) ORDER BY \(order("p"))
            """
        return (sql, conditions.arguments)
    }

    private static func entries(_ filter: AlertFilter, limit: Int, _ db: Database) throws -> [ListedAlert] {
        let (sql, arguments) = listing(filter)
        return try Row.fetchAll(db, sql: sql, arguments: arguments + [limit]).map(entry)
    }

    private static func entry(_ row: Row) throws -> ListedAlert {
        ListedAlert(
            alert: try alert(row),
            status: try row.value("status"),
            label: try row.value("label"),
            assignee: try row.value("assignee")
        )
    }
}

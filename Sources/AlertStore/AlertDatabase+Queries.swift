import GRDB

/// Which alerts to list.
public struct AlertFilter: Sendable {
    public enum Order: Sendable {
        case score, time
    }

    public var sinceMilliseconds: Int64?
    public var untilMilliseconds: Int64?
    public var severity: String?
    public var type: String?
    public var detector: String?
    public var entityKey: String?
    public var status: String?
    public var minimumScore: Double?
    public var order = Order.score
    public var limit = 50

    public init() {}
}

/// One decision of a person about an alert.
public struct TriageRecord: Sendable, Equatable {
    public var alertID: String
    public var atMilliseconds: Int64
    public var author: String
    public var status: String?
    public var label: String?
    public var assignee: String?
    public var note: String?

    public init(
        alertID: String,
        atMilliseconds: Int64,
        author: String,
        status: String?,
        label: String?,
        assignee: String?,
        note: String?
    ) {
        self.alertID = alertID
        self.atMilliseconds = atMilliseconds
        self.author = author
        self.status = status
        self.label = label
        self.assignee = assignee
        self.note = note
    }
}

/// An alert with everything that belongs to it.
public struct AlertDetails: Sendable {
    public var alert: AlertRecord
    public var status: String
    public var events: [AlertEventRecord]
    public var reasons: [AlertReasonRecord]
    public var features: [AlertFeatureRecord]
    public var triage: [TriageRecord]
}

extension AlertDatabase {
    /// The alerts that pass the filter, in a stable order, each with its status.
    public func alerts(_ filter: AlertFilter) throws(AlertStoreError) -> [(alert: AlertRecord, status: String)] {
        var conditions: [String] = []
        var arguments = StatementArguments()
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments += [value]
        }
        add("a.last_event_ms >= ?", filter.sinceMilliseconds)
        add("a.first_event_ms < ?", filter.untilMilliseconds)
        add("a.severity = ?", filter.severity)
        add("a.type = ?", filter.type)
        add("a.detector = ?", filter.detector)
        add("a.entity_key = ?", filter.entityKey)
        add("s.status = ?", filter.status)
        add("a.score >= ?", filter.minimumScore)
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let order =
            filter.order == .score
            ? "a.score DESC, a.last_event_ms DESC, a.alert_id" : "a.last_event_ms DESC, a.alert_id"
        arguments += [filter.limit]
        let sql = """
            SELECT a.*, s.status FROM alerts a JOIN alert_state s USING (alert_id) \(condition) ORDER BY \(order) LIMIT ?
            """
        return try read { db in
            try Row.fetchAll(db, sql: sql, arguments: arguments).map { (try Self.alert($0), try $0.value("status")) }
        }
    }

    /// The alert whose id starts so; nil if there is none or more than one.
    public func details(idPrefix: String) throws(AlertStoreError) -> AlertDetails? {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT a.*, s.status FROM alerts a JOIN alert_state s USING (alert_id)
                    WHERE substr(a.alert_id, 1, ?) = ? LIMIT 2
                    """,
                arguments: [idPrefix.count, idPrefix]
            )
            guard rows.count == 1, !idPrefix.isEmpty else { return nil }
            let alert = try Self.alert(rows[0])
            func fetch(_ table: String, _ order: String) throws -> [Row] {
                let sql = "SELECT * FROM \(table) WHERE alert_id = ? ORDER BY \(order)"
                return try Row.fetchAll(db, sql: sql, arguments: [alert.id])
            }
            return AlertDetails(
                alert: alert,
                status: rows[0]["status"],
                events: try fetch("alert_events", "position").map(Self.event),
                reasons: try fetch("alert_reasons", "rank").map(Self.reason),
                features: try fetch("alert_features", "feature").map {
                    try AlertFeatureRecord(
                        alertID: $0.value("alert_id"),
                        feature: $0.value("feature"),
                        value: $0.value("value")
                    )
                },
                triage: try fetch("triage", "triage_id").map(Self.triage)
            )
        }
    }

    /// Adds a decision; earlier ones stay. On return it survives a power cut.
    public func append(_ record: TriageRecord) throws(AlertStoreError) {
        try writeDurably { db in
            try db.execute(
                sql: """
                    INSERT INTO triage (alert_id, at_ms, author, status, label, assignee, note)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    record.alertID, record.atMilliseconds, record.author, record.status, record.label, record.assignee,
                    record.note,
                ]
            )
        }
    }

    /// The decisions about an alert, oldest first; they stay when the alert itself is given up.
    public func triage(of alertID: String) throws(AlertStoreError) -> [TriageRecord] {
        try read { db in
            let sql = "SELECT * FROM triage WHERE alert_id = ? ORDER BY triage_id"
            return try Row.fetchAll(db, sql: sql, arguments: [alertID]).map(Self.triage)
        }
    }

    private static func alert(_ row: Row) throws -> AlertRecord {
        try AlertRecord(
            id: row.value("alert_id"),
            detector: row.value("detector"),
            type: row.value("type"),
            entity: row.value("entity"),
            entityKey: row.value("entity_key"),
            score: row.value("score"),
            peakScore: row.value("peak_score"),
            severity: row.value("severity"),
            events: row.value("events"),
            amount: row.value("amount"),
            openedMilliseconds: row.value("opened_ms"),
            firstEventMilliseconds: row.value("first_event_ms"),
            lastEventMilliseconds: row.value("last_event_ms"),
            partition: row.value("partition"),
            openedOffset: row.value("opened_offset"),
            lastOffset: row.value("last_offset"),
            revisions: row.value("revisions"),
            isEnded: row.value("ended"),
            modelID: row.value("model_id"),
            domain: row.value("domain")
        )
    }

    private static func event(_ row: Row) throws -> AlertEventRecord {
        try AlertEventRecord(
            alertID: row.value("alert_id"),
            position: row.value("position"),
            partition: row.value("partition"),
            offset: row.value("offset"),
            eventMilliseconds: row.value("event_ms"),
            eventID: row.value("event_id"),
            amount: row.value("amount"),
            score: row.value("score"),
            role: row.value("role"),
            payload: row.value("payload")
        )
    }

    private static func reason(_ row: Row) throws -> AlertReasonRecord {
        try AlertReasonRecord(
            alertID: row.value("alert_id"),
            rank: row.value("rank"),
            feature: row.value("feature"),
            title: row.value("title"),
            value: row.value("value"),
            typical: row.value("typical"),
            contribution: row.value("contribution")
        )
    }

    private static func triage(_ row: Row) throws -> TriageRecord {
        try TriageRecord(
            alertID: row.value("alert_id"),
            atMilliseconds: row.value("at_ms"),
            author: row.value("author"),
            status: row.value("status"),
            label: row.value("label"),
            assignee: row.value("assignee"),
            note: row.value("note")
        )
    }
}

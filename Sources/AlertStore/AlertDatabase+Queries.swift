import GRDB

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
    public var label: String?
    public var assignee: String?
    /// Those that were asked for; the alert itself says how many there are.
    public var events: [AlertEventRecord]
    public var reasons: [AlertReasonRecord]
    public var features: [AlertFeatureRecord]
    public var triage: [TriageRecord]

    /// Events of an alert that are handed over at once, and their bytes.
    public static let eventsMax = 1000
    public static let eventBytesMax = 4 << 20
}

extension AlertDatabase {
    /// The alert of an id; nil if there is none.
    ///
    /// - Parameters:
    ///   - id: The alert's id.
    ///   - position: The first event that is wanted, counted from 0 in the order of arrival; nil = the newest ones are.
    ///   - limit: Events at most; fewer come where they are large (``AlertDetails/eventBytesMax``), but one at least.
    /// - Returns: The alert with these events.
    /// - Throws: ``AlertStoreError``
    public func details(
        id: String,
        eventsFrom position: Int? = nil,
        events limit: Int
    ) throws(AlertStoreError) -> AlertDetails? {
        try details("a.alert_id = ?", [id]) { alert, db in
            var events: [AlertEventRecord] = []
            var bytes = 0
            let positions = min(position ?? 0, alert.events)..<alert.events
            guard limit > 0 else { return events }
            try Self.eachEvent(of: alert.id, positions, position == nil ? .last : .first, db) { event in
                bytes += event.payload.utf8.count
                if events.isEmpty || bytes <= AlertDetails.eventBytesMax { events.append(event) }
                return events.count < limit && bytes <= AlertDetails.eventBytesMax
            }
            return position == nil ? events.reversed() : events
        }
    }

    /// The alert whose id starts so, without its events; nil if there is none or more than one.
    public func details(idPrefix: String) throws(AlertStoreError) -> AlertDetails? {
        guard !idPrefix.isEmpty else { return nil }
        return try details("substr(a.alert_id, 1, ?) = ?", [idPrefix.count, idPrefix]) { _, _ in [] }
    }

    /// Hands over events of an alert, one after the other, in the order of arrival.
    public func eachEvent(
        of alertID: String,
        positions: Range<Int>,
        _ body: (AlertEventRecord) -> Void
    ) throws(AlertStoreError) {
        try read { db in
            try Self.eachEvent(of: alertID, positions, .first, db) { event in
                body(event)
                return true
            }
        }
    }

    private enum End {
        case first, last
    }

    /// Goes on as long as the body says true.
    private static func eachEvent(
        of alertID: String,
        _ positions: Range<Int>,
        _ end: End,
        _ db: Database,
        _ body: (AlertEventRecord) -> Bool
    ) throws {
        let sql = """
            SELECT * FROM alert_events WHERE alert_id = ? AND position >= ? AND position < ?
            ORDER BY position \(end == .last ? "DESC" : "")
            """
        let bounds: StatementArguments = [alertID, positions.lowerBound, positions.upperBound]
        let rows = try Row.fetchCursor(db, sql: sql, arguments: bounds)
        while let row = try rows.next(), body(try event(row)) {}
    }

    private func details(
        _ condition: String,
        _ arguments: StatementArguments,
        events: (AlertRecord, Database) throws -> [AlertEventRecord]
    ) throws(AlertStoreError) -> AlertDetails? {
        try read { db in
            let sql = "SELECT a.*, s.* FROM alerts a JOIN alert_state s USING (alert_id) WHERE \(condition) LIMIT 2"
            let rows = try Row.fetchAll(db, sql: sql, arguments: arguments)
            guard rows.count == 1 else { return nil }
            let alert = try Self.alert(rows[0])
            func fetch(_ table: String, _ order: String) throws -> [Row] {
                let sql = "SELECT * FROM \(table) WHERE alert_id = ? ORDER BY \(order)"
                return try Row.fetchAll(db, sql: sql, arguments: [alert.id])
            }
            return AlertDetails(
                alert: alert,
                status: try rows[0].value("status"),
                label: try rows[0].value("label"),
                assignee: try rows[0].value("assignee"),
                events: try events(alert, db),
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

    static func alert(_ row: Row) throws -> AlertRecord {
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
            domain: row.value("domain"),
            detectorVersion: row.value("detector_version"),
            activation: row.value("activation")
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

import GRDB

/// What became of an event that was not accepted.
public struct EventOutcome: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case rejected(field: String?, reason: String)
        case late
        case duplicate
    }

    public var offset: Int64
    public var kind: Kind
}

extension AlertDatabase {
    /// What became of a partition's events that were not accepted, by offset. Those behind the last commit are not
    /// known.
    public func outcomes(partition: Int, offsets: Range<Int64>) throws(AlertStoreError) -> [EventOutcome] {
        let sql = """
            SELECT "offset", 0 AS kind, field, reason FROM rejects WHERE partition = ?1 AND "offset" >= ?2 AND "offset" < ?3
            UNION ALL SELECT "offset", 1, NULL, '' FROM late_events WHERE partition = ?1 AND "offset" >= ?2 AND "offset" < ?3
            UNION ALL SELECT "offset", 2, NULL, '' FROM duplicates WHERE partition = ?1 AND "offset" >= ?2 AND "offset" < ?3
            ORDER BY 1
            """
        return try read { db in
            try Row.fetchAll(db, sql: sql, arguments: [partition, offsets.lowerBound, offsets.upperBound]).map { row in
                let kind: EventOutcome.Kind
                switch try row.value("kind") as Int {
                case 0: kind = .rejected(field: try row.value("field"), reason: try row.value("reason"))
                case 1: kind = .late
                default: kind = .duplicate
                }
                return EventOutcome(offset: try row.value("offset"), kind: kind)
            }
        }
    }
}

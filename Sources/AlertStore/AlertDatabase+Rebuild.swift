import GRDB

/// From where on a partition's alerts are made again, because the log no longer has what came before.
public struct RebuildPoint: Sendable, Equatable {
    public var partition: Int
    /// What events before this one led to is kept; `.max` = everything is.
    public var offset: Int64
    /// The oldest event in the log: the bytes of earlier ones are in the alerts file only.
    public var logStart: Int64

    public init(partition: Int, offset: Int64, logStart: Int64) {
        self.partition = partition
        self.offset = offset
        self.logStart = logStart
    }
}

extension AlertDatabase {
    /// Takes over from another alerts file what events before each point led to, so that the commits from there on make
    /// this one whole. Partitions without a point are not taken over.
    ///
    /// An alert that was opened before its point and went on behind it is taken over as of its last event; the commits
    /// bring it there again. Until then it says that it ends in front of the point.
    public func takeOver(from other: String, topic: String, _ points: [RebuildPoint]) throws(AlertStoreError) {
        guard !points.isEmpty else { return }
        try withoutTransaction { db in
            // Events of alerts that are made again come before their alerts.
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            try Self.attached(other, db) {
                try db.inTransaction {
                    try db.execute(
                        sql: """
                            CREATE TEMP TABLE points (partition INTEGER PRIMARY KEY, at INTEGER NOT NULL, kept INTEGER NOT NULL)
                            """
                    )
                    for point in points {
                        try db.execute(
                            sql: "INSERT INTO temp.points VALUES (?, ?, ?)",
                            arguments: [point.partition, point.offset, point.logStart]
                        )
                    }
                    for table in Self.derivedTables.reversed() where table != "offsets" {
                        guard let condition = try Self.isBeforePoint(table, db) else { continue }
                        try db.execute(
                            sql: "INSERT OR IGNORE INTO main.\(table) SELECT t.* FROM other.\(table) t \(condition)"
                        )
                    }
                    try db.execute(
                        sql: """
                            UPDATE main.alerts SET last_offset =
                              min(last_offset, (SELECT at - 1 FROM temp.points p WHERE p.partition = alerts.partition))
                            """
                    )
                    try Self.takeOverLedger(topic, db)
                    try db.execute(sql: "DROP TABLE temp.points")
                    return .commit
                }
            }
            try db.execute(sql: "PRAGMA foreign_keys = ON")
        }
    }

    /// Which rows of a table come from events before the points, by what columns it has; nil if that cannot be told.
    private static func isBeforePoint(_ table: String, _ db: Database) throws -> String? {
        let columns = Set(try db.columns(in: table).map(\.name))
        if table == "alerts" { return "JOIN temp.points p USING (partition) WHERE t.opened_offset < p.at" }
        let isOfAlert = "t.alert_id IN (SELECT alert_id FROM main.alerts)"
        guard columns.isSuperset(of: ["partition", "offset"]) else {
            return columns.contains("alert_id") ? "WHERE \(isOfAlert)" : nil
        }
        // An alert that is made again finds its earlier events in the log, as far as the log goes back.
        let limit = columns.contains("alert_id") ? "CASE WHEN \(isOfAlert) THEN p.at ELSE p.kept END" : "p.at"
        return "JOIN temp.points p USING (partition) WHERE t.\"offset\" < \(limit)"
    }

    /// The ledger as of the points: what was not accepted before them is listed, so the rest was.
    private static func takeOverLedger(_ topic: String, _ db: Database) throws {
        func listed(_ table: String) -> String {
            "(SELECT count(*) FROM main.\(table) t WHERE t.partition = p.partition)"
        }
        // A salvaged file may have lost its ledger: then it began with the first event.
        try db.execute(
            sql: """
                INSERT INTO main.offsets (topic, partition, first_offset, next_offset, events, ok, late, duplicate, rejected,
                  clock_ms, expired_before_ms, activation)
                SELECT ?, partition, first, next, next - first, next - first - l - d - r, l, d, r, clock_ms,
                  expired_before_ms, activation
                FROM (SELECT p.partition, coalesce(o.first_offset, 0) AS first,
                        coalesce(min(p.at, o.next_offset), CASE p.at WHEN ? THEN p.kept ELSE p.at END) AS next,
                        \(listed("late_events")) AS l, \(listed("duplicates")) AS d, \(listed("rejects")) AS r,
                        o.clock_ms, o.expired_before_ms, coalesce(o.activation, 1) AS activation
                      FROM temp.points p LEFT JOIN other.offsets o ON o.topic = ? AND o.partition = p.partition)
                """,
            arguments: [topic, Int64.max, topic]
        )
    }

    /// Replaces everything that is made from the log by what another file has, in one transaction; what people and runs
    /// have put here stays as it is.
    public func replaceDerived(from other: String) throws(AlertStoreError) {
        try withoutTransaction { db in
            try Self.attached(other, db) {
                try db.inTransaction(.immediate) {
                    for table in Self.derivedTables { try db.execute(sql: "DELETE FROM main.\(table)") }
                    for table in Self.derivedTables.reversed() {
                        try db.execute(sql: "INSERT INTO main.\(table) SELECT * FROM other.\(table)")
                    }
                    return .commit
                }
            }
        }
    }

    /// Alerts that do not say which version of their detector they are of, because they were written before alerts did,
    /// get what another file says, which has them made anew.
    public func takeVersions(from other: String) throws(AlertStoreError) {
        try withoutTransaction { db in
            try Self.attached(other, db) {
                try db.execute(
                    sql: """
                        UPDATE main.alerts SET detector_version =
                          (SELECT o.detector_version FROM other.alerts o WHERE o.alert_id = alerts.alert_id)
                        WHERE detector_version IS NULL
                        """
                )
            }
        }
    }

    /// How many rows of each derived table are in this file only, and in the other one only; tables that are equal are
    /// left out. Nobody may be writing to the other one.
    public func differences(from other: String) throws(AlertStoreError) -> [(table: String, here: Int, there: Int)] {
        try withoutTransaction { db in
            try Self.attached(other, db) {
                var found: [(table: String, here: Int, there: Int)] = []
                for table in Self.derivedTables {
                    func only(_ first: String, _ second: String) throws -> Int {
                        let sql = """
                            SELECT count(*) FROM (SELECT * FROM \(first).\(table) EXCEPT SELECT * FROM \(second).\(table))
                            """
                        return try Int.fetchOne(db, sql: sql) ?? 0
                    }
                    let (here, there) = (try only("main", "other"), try only("other", "main"))
                    if here + there > 0 { found.append((table, here, there)) }
                }
                return found
            }
        }
    }

    /// How many alerts of a partition were opened by events before an offset.
    public func alerts(partition: Int, openedBefore offset: Int64) throws(AlertStoreError) -> Int {
        try read { db in
            let sql = "SELECT count(*) FROM alerts WHERE partition = ? AND opened_offset < ?"
            return try Int.fetchOne(db, sql: sql, arguments: [partition, offset]) ?? 0
        }
    }

    /// How many events of a stretch of a partition are listed as rejected for a reason that begins so.
    public func rejects(
        partition: Int,
        offsets: Range<Int64>,
        reason: String
    ) throws(AlertStoreError) -> Int {
        try read { db in
            let sql = """
                SELECT count(*) FROM rejects WHERE partition = ?1 AND "offset" >= ?2 AND "offset" < ?3
                  AND substr(reason, 1, length(?4)) = ?4
                """
            let arguments: StatementArguments = [partition, offsets.lowerBound, offsets.upperBound, reason]
            return try Int.fetchOne(db, sql: sql, arguments: arguments) ?? 0
        }
    }

    /// How many rows each table has that is not made from the log; empty ones are left out.
    public func keptRows() throws(AlertStoreError) -> [(table: String, rows: Int)] {
        try read { db in
            var found: [(table: String, rows: Int)] = []
            for table in try Self.tables(db) where !Self.derivedTables.contains(table) && table != Schema.migrations {
                let rows = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0
                if rows > 0 { found.append((table, rows)) }
            }
            return found
        }
    }

    /// Runs the body with another file's tables as `other`.
    static func attached<Value>(_ other: String, _ db: Database, _ body: () throws -> Value) throws -> Value {
        try db.execute(sql: "ATTACH DATABASE ? AS other", arguments: [FileLocation.uri(other, [:])])
        // A connection that has failed is closed, and with it what is attached.
        let value = try body()
        try db.execute(sql: "DETACH DATABASE other")
        return value
    }
}

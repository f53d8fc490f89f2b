import GRDB

extension AlertDatabase {
    /// What is wrong with the file: damaged pages, broken references, a ledger that does not add up; empty if nothing
    /// is. Reads all of it.
    public func faults() throws(AlertStoreError) -> [String] {
        try read { db in
            var faults = try Self.pageFaults(db)
            guard faults.isEmpty else { return faults }
            for row in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check") {
                let table: String = try row.value("table")
                let parent: String = try row.value("parent")
                faults.append("\(table): a row names a row of \(parent) that is not there")
            }
            let sums = """
                SELECT count(*) FROM offsets WHERE events <> ok + late + duplicate + rejected
                  OR events <> next_offset - first_offset
                """
            if try Int.fetchOne(db, sql: sums) ?? 0 > 0 { faults.append("offsets: the ledger does not add up") }
            for (table, column) in [("rejects", "rejected"), ("late_events", "late"), ("duplicates", "duplicate")] {
                let listed = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0
                let counted = try Int.fetchOne(db, sql: "SELECT coalesce(sum(\(column)), 0) FROM offsets") ?? 0
                if listed != counted { faults.append("\(table): \(listed) rows, but the ledger counts \(counted)") }
            }
            let unnamed = """
                SELECT count(*) FROM events e WHERE NOT EXISTS
                  (SELECT 1 FROM evidence l WHERE l.partition = e.partition AND l."offset" = e."offset")
                """
            let count = try Int.fetchOne(db, sql: unnamed) ?? 0
            if count > 0 { faults.append("events: \(count) rows that no alert names") }
            return faults
        }
    }

    /// What is wrong with the pages or with the tables' columns: no row can be trusted to be found then.
    public func pageFaults() throws(AlertStoreError) -> [String] { try read { db in try Self.pageFaults(db) } }

    private static func pageFaults(_ db: Database) throws -> [String] {
        var faults = try String.fetchAll(db, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
        let model = try DatabaseQueue()
        try Schema.migrator().migrate(model)
        try model.read { model in
            for table in try tables(model) {
                let columns = try Row.fetchAll(model, sql: "PRAGMA table_info(\(table))")
                if try Row.fetchAll(db, sql: "PRAGMA table_info(\(table))") != columns {
                    faults.append("\(table): the table is not as it was made")
                }
            }
        }
        return faults
    }

    /// The tables of a database, sorted.
    static func tables(_ db: Database) throws -> [String] {
        try String.fetchAll(
            db,
            sql: """
                SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name
                """
        )
    }

    /// Writes a copy of the file as of one moment; a writer may go on meanwhile.
    public func backup(to path: String) throws(AlertStoreError) {
        try withoutTransaction { db in try db.execute(sql: "VACUUM INTO ?", arguments: [FileLocation.plain(path)]) }
    }

    /// Gives the space of deleted rows back to the file system.
    public func vacuum() throws(AlertStoreError) { try withoutTransaction { db in try db.execute(sql: "VACUUM") } }

    /// Gives up the ended alerts of a partition whose last event is before a time; returns how many.
    public func expire(topic: String, partition: Int, before milliseconds: Int64) throws(AlertStoreError) -> Int {
        try write { db in try expire(before: milliseconds, topic, partition: partition, db) }
    }

    /// What has been given up is noted beside the offset, so that it is not missed when alerts are computed again.
    @discardableResult
    func expire(before milliseconds: Int64, _ topic: String, partition: Int, _ db: Database) throws -> Int {
        // Events that only these alerts name go with them. All evidence of a partition's events is of its own alerts.
        try db.cachedStatement(
            sql: """
                DELETE FROM events WHERE (partition, "offset") IN (
                  SELECT l.partition, l."offset" FROM alerts a JOIN evidence l USING (alert_id)
                  WHERE a.last_event_ms < ?1 AND a.partition = ?2 AND a.ended = 1)
                AND NOT EXISTS (SELECT 1 FROM evidence l JOIN alerts a USING (alert_id)
                  WHERE l.partition = events.partition AND l."offset" = events."offset"
                  AND NOT (a.last_event_ms < ?1 AND a.ended = 1))
                """
        ).execute(arguments: [milliseconds, partition])
        try db.cachedStatement(sql: "DELETE FROM alerts WHERE last_event_ms < ? AND partition = ? AND ended = 1")
            .execute(arguments: [milliseconds, partition])
        let count = db.changesCount
        try db.cachedStatement(
            sql: """
                UPDATE offsets SET expired_before_ms = max(coalesce(expired_before_ms, ?1), ?1)
                WHERE topic = ?2 AND partition = ?3
                """
        ).execute(arguments: [milliseconds, topic, partition])
        return count
    }
}

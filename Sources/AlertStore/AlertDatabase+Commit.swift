import GRDB

extension AlertDatabase {
    /// Takes one event of an alert.
    public typealias TakeEvidence = (EventRecord, EvidenceRecord) throws -> Void

    /// Writes what a stretch of a partition led to, and how far the partition has come, in one transaction.
    ///
    /// - Parameters:
    ///   - commit: The rows.
    ///   - further: Hands over evidence that is too much to be held at once, row by row.
    /// - Throws: ``AlertStoreError``
    public func commit(
        _ commit: EngineCommit,
        further: (@escaping TakeEvidence) throws -> Void = { _ in }
    ) throws(AlertStoreError) {
        try write { db in
            for alert in commit.alerts { try upsert(alert, db) }
            let event = try db.cachedStatement(sql: "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?)")
            let evidence = try db.cachedStatement(sql: "INSERT OR IGNORE INTO evidence VALUES (?, ?, ?, ?, ?, ?)")
            func add(_ row: EventRecord) throws {
                try event.execute(arguments: [
                    row.partition, row.offset, row.eventMilliseconds, row.eventID, row.amount, row.payload,
                ])
            }
            func add(_ row: EvidenceRecord) throws {
                try evidence.execute(arguments: [
                    row.alertID, row.position, row.partition, row.offset, row.score, row.role,
                ])
            }
            try further {
                try add($0)
                try add($1)
            }
            for row in commit.events { try add(row) }
            for row in commit.evidence { try add(row) }
            let clearReasons = try db.cachedStatement(sql: "DELETE FROM alert_reasons WHERE alert_id = ?")
            for alert in commit.alerts {
                try clearReasons.execute(arguments: [alert.id])
            }
            let reason = try db.cachedStatement(sql: "INSERT INTO alert_reasons VALUES (?, ?, ?, ?, ?, ?, ?)")
            for row in commit.reasons {
                try reason.execute(arguments: [
                    row.alertID, row.rank, row.feature, row.title, row.value, row.typical, row.contribution,
                ])
            }
            let features = try db.cachedStatement(
                sql: """
                    INSERT INTO feature_values VALUES (?, ?)
                    ON CONFLICT (alert_id) DO UPDATE SET features = excluded.features
                    """
            )
            for row in commit.features { try features.execute(arguments: [row.alertID, row.features]) }
            try insertOthers(commit, db)
            try advance(commit.topic, commit.progress, db)
            if let limit = commit.expireBeforeMilliseconds {
                try expire(before: limit, commit.topic, partition: commit.progress.partition, db)
            }
        }
    }

    /// A revision leaves what an alert was opened by as it is: detector, its version, model and activation.
    private func upsert(_ alert: AlertRecord, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (alert_id) DO UPDATE SET type = excluded.type, score = excluded.score,
                  peak_score = excluded.peak_score, severity = excluded.severity, events = excluded.events,
                  amount = excluded.amount, first_event_ms = excluded.first_event_ms,
                  last_event_ms = excluded.last_event_ms, last_offset = excluded.last_offset,
                  revisions = excluded.revisions, ended = excluded.ended
                """
        )
        try statement.execute(arguments: [
            alert.id, alert.detector, alert.type, alert.entity, alert.entityKey, alert.score, alert.peakScore,
            alert.severity, alert.events, alert.amount, alert.openedMilliseconds, alert.firstEventMilliseconds,
            alert.lastEventMilliseconds, alert.partition, alert.openedOffset, alert.lastOffset, alert.revisions,
            alert.isEnded ? 1 : 0, alert.modelID, alert.domain, alert.detectorVersion, alert.activation,
        ])
    }

    private func insertOthers(_ commit: EngineCommit, _ db: Database) throws {
        let reject = try db.cachedStatement(sql: "INSERT OR IGNORE INTO rejects VALUES (?, ?, ?, ?, ?, ?)")
        for row in commit.rejects {
            try reject.execute(arguments: [row.partition, row.offset, row.line, row.field, row.reason, row.raw])
        }
        let late = try db.cachedStatement(sql: "INSERT OR IGNORE INTO late_events VALUES (?, ?, ?, ?, ?, ?)")
        for row in commit.late {
            let lateness = row.clockMilliseconds - row.eventMilliseconds
            try late.execute(arguments: [
                row.partition, row.offset, row.eventID, row.eventMilliseconds, row.clockMilliseconds, lateness,
            ])
        }
        let duplicate = try db.cachedStatement(sql: "INSERT OR IGNORE INTO duplicates VALUES (?, ?, ?, ?, ?)")
        for row in commit.duplicates {
            try duplicate.execute(arguments: [
                row.partition, row.offset, row.eventID, row.eventMilliseconds, row.firstOffset,
            ])
        }
    }

    private func advance(_ topic: String, _ progress: PartitionProgress, _ db: Database) throws {
        // Not an upsert: the sums of one stretch alone would not pass the table's check against its offset. A stretch
        // without events, such as an activation at the log's end, says nothing of the clock.
        let update = try db.cachedStatement(
            sql: """
                UPDATE offsets SET next_offset = ?, events = events + ?, ok = ok + ?, late = late + ?,
                  duplicate = duplicate + ?, rejected = rejected + ?,
                  clock_ms = coalesce(?, clock_ms), activation = ?
                  WHERE topic = ? AND partition = ?
                """
        )
        try update.execute(arguments: [
            progress.nextOffset, progress.events, progress.ok, progress.late, progress.duplicate, progress.rejected,
            progress.clockMilliseconds, progress.activation, topic, progress.partition,
        ])
        guard db.changesCount == 0 else { return }
        let insert = try db.cachedStatement(sql: "INSERT INTO offsets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)")
        try insert.execute(arguments: [
            topic, progress.partition, progress.nextOffset - Int64(progress.events), progress.nextOffset,
            progress.events, progress.ok, progress.late,
            progress.duplicate, progress.rejected, progress.clockMilliseconds, progress.activation,
        ])
    }

    /// How far each partition of a topic has come.
    public func progress(topic: String) throws(AlertStoreError) -> [PartitionProgress] {
        try progress().filter { $0.topic == topic }.map(\.progress)
    }

    /// How far each partition of each topic has come.
    public func progress() throws(AlertStoreError) -> [(topic: String, progress: PartitionProgress)] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM offsets ORDER BY topic, partition").map { row in
                let progress = try PartitionProgress(
                    partition: row.value("partition"),
                    nextOffset: row.value("next_offset"),
                    ok: row.value("ok"),
                    late: row.value("late"),
                    duplicate: row.value("duplicate"),
                    rejected: row.value("rejected"),
                    clockMilliseconds: row.value("clock_ms"),
                    expiredBeforeMilliseconds: row.value("expired_before_ms"),
                    activation: row.value("activation")
                )
                return (try row.value("topic"), progress)
            }
        }
    }

    /// Deletes what can be computed from the log again; what people added (labels, triage) stays (C1).
    public func resetDerived() throws(AlertStoreError) {
        try write { db in
            for table in Self.derivedTables { try db.execute(sql: "DELETE FROM \(table)") }
        }
    }

    /// The tables that are made from the log, referring ones first.
    static let derivedTables = [
        "evidence", "events", "alert_reasons", "feature_values", "alerts", "rejects", "late_events", "duplicates",
        "offsets",
    ]
}

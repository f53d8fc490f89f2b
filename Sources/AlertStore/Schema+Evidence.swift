extension Schema {
    /// Since version 4 an event that several alerts name is kept once: `events` has what it is, `evidence` what an
    /// alert adds to it. `alert_events` was a table with both and is a view of the same columns.
    ///
    /// Neither copy sorts in memory: the old index has the order of the first one, the old key that of the second.
    static let fourth = """
        CREATE TABLE events (
          partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, event_ms INTEGER NOT NULL, event_id TEXT NOT NULL,
          amount REAL, payload TEXT NOT NULL, PRIMARY KEY (partition, "offset")) STRICT, WITHOUT ROWID;
        INSERT OR IGNORE INTO events SELECT partition, "offset", event_ms, event_id, amount, payload
          FROM alert_events INDEXED BY alert_events_by_offset ORDER BY partition, "offset";
        CREATE TABLE evidence (
          alert_id TEXT NOT NULL REFERENCES alerts(alert_id) ON DELETE CASCADE, position INTEGER NOT NULL,
          partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, score REAL,
          role TEXT NOT NULL CHECK (role IN ('before', 'opened', 'revised')), PRIMARY KEY (alert_id, position),
          FOREIGN KEY (partition, "offset") REFERENCES events DEFERRABLE INITIALLY DEFERRED) STRICT, WITHOUT ROWID;
        INSERT INTO evidence SELECT alert_id, position, partition, "offset", score, role FROM alert_events
          ORDER BY alert_id, position;
        DROP TABLE alert_events;
        CREATE INDEX evidence_by_offset ON evidence (partition, "offset");
        CREATE VIEW alert_events AS SELECT l.alert_id, l.position, l.partition, l."offset", e.event_ms, e.event_id,
          e.amount, l.score, l.role, e.payload
          FROM evidence l JOIN events e ON e.partition = l.partition AND e."offset" = l."offset";
        """
}

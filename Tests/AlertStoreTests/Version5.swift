extension Version1 {
    /// What version 4 made of version 3.
    static let changesOfVersion4 = #"""

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
        INSERT INTO grdb_migrations VALUES('4');
        PRAGMA user_version = 4;
        """#

    /// What version 5 made of version 4.
    static let changesOfVersion5 = #"""

        ALTER TABLE runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'log' CHECK (kind IN ('log', 'figures'));
        UPDATE runs SET kind = 'figures' WHERE status = 'done';
        CREATE TABLE features (
          feature TEXT PRIMARY KEY, position INTEGER NOT NULL UNIQUE, title TEXT NOT NULL, definition TEXT NOT NULL)
          STRICT, WITHOUT ROWID;
        INSERT INTO grdb_migrations VALUES('5');
        PRAGMA user_version = 5;
        """#

    /// What makes a file of a version, from nothing.
    static func statements(upTo version: Int) -> String {
        ([sql, changesOfVersion2, changesOfVersion3, changesOfVersion4, changesOfVersion5].prefix(version)).joined()
    }
}

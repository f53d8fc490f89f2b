import GRDB

/// The database's tables, in the versions that ever were. See the README beside this file for what they mean.
enum Schema {
    /// The table in which GRDB notes what has been done.
    static let migrations = "grdb_migrations"

    /// The version that this program writes; `PRAGMA user_version` holds a file's.
    static let version = 6

    /// How many columns at a table's end came with a later version than the table: rows that were written before are
    /// stored without them.
    static let addedColumns = ["alerts": 3, "runs": 1, "offsets": 1]

    static func migrator() -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(sql: tables)
            try db.execute(sql: indexes)
            try db.execute(sql: views)
            try db.execute(sql: "PRAGMA user_version = 1")
        }
        migrator.registerMigration("2") { db in
            try db.execute(sql: second)
            try db.execute(sql: "PRAGMA user_version = 2")
        }
        migrator.registerMigration("3") { db in
            try db.execute(sql: third)
            try db.execute(sql: "PRAGMA user_version = 3")
        }
        migrator.registerMigration("4") { db in
            try db.execute(sql: fourth)
            try db.execute(sql: "PRAGMA user_version = 4")
        }
        migrator.registerMigration("5") { db in
            try db.execute(sql: fifth)
            try db.execute(sql: "PRAGMA user_version = 5")
        }
        migrator.registerMigration("6") { db in
            try db.execute(sql: sixth)
            try db.execute(sql: "PRAGMA user_version = 6")
        }
        return migrator
    }

    /// Since version 5 a file says what its features are, in the order in which an alert's features are written, and
    /// what a run was for.
    private static let fifth = """
        ALTER TABLE runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'log' CHECK (kind IN ('log', 'figures'));
        UPDATE runs SET kind = 'figures' WHERE status = 'done';
        CREATE TABLE features (
          feature TEXT PRIMARY KEY, position INTEGER NOT NULL UNIQUE, title TEXT NOT NULL, definition TEXT NOT NULL)
          STRICT, WITHOUT ROWID;
        """

    /// Since version 3 an alert's id begins with the offset that it was opened at, so that new alerts lie beside one
    /// another in the file; its features are one row; it says which domain it is of; and an assignee of no letters
    /// means nobody. Views that select everything have the column, too: SQLite expands their text anew. The new indexes
    /// have no column that a revision changes but the last event's time.
    private static let third = """
        PRAGMA defer_foreign_keys = ON;
        CREATE TEMP TABLE renamed AS
          SELECT alert_id AS old, printf('%012x', opened_offset) || substr(alert_id, 1, 12) AS new FROM alerts;
        CREATE UNIQUE INDEX temp.renamed_by_old ON renamed (old);
        CREATE TABLE feature_values (
          alert_id TEXT PRIMARY KEY REFERENCES alerts(alert_id) ON DELETE CASCADE, features TEXT NOT NULL)
          STRICT, WITHOUT ROWID;
        INSERT INTO feature_values SELECT new, json_group_object(feature, value)
          FROM (SELECT * FROM alert_features JOIN renamed ON old = alert_id ORDER BY new, feature) GROUP BY new;
        DROP TABLE alert_features;
        CREATE VIEW alert_features AS SELECT v.alert_id, j.key AS feature, CAST(j.value AS REAL) AS value
          FROM feature_values v, json_each(v.features) j;
        UPDATE alerts SET alert_id = (SELECT new FROM renamed WHERE old = alert_id);
        UPDATE alert_events SET alert_id = (SELECT new FROM renamed WHERE old = alert_id);
        UPDATE alert_reasons SET alert_id = (SELECT new FROM renamed WHERE old = alert_id);
        UPDATE triage SET alert_id = (SELECT new FROM renamed WHERE old = alert_id)
          WHERE alert_id IN (SELECT old FROM renamed);
        DROP TABLE renamed;
        ALTER TABLE alerts ADD COLUMN domain TEXT;
        DROP VIEW alert_state;
        CREATE VIEW alert_state AS SELECT a.alert_id,
          coalesce((SELECT status FROM triage t WHERE t.alert_id = a.alert_id AND status IS NOT NULL
                    ORDER BY triage_id DESC LIMIT 1), 'open') AS status,
          (SELECT label FROM triage t WHERE t.alert_id = a.alert_id AND label IS NOT NULL
           ORDER BY triage_id DESC LIMIT 1) AS label,
          (SELECT nullif(assignee, '') FROM triage t WHERE t.alert_id = a.alert_id AND assignee IS NOT NULL
           ORDER BY triage_id DESC LIMIT 1) AS assignee FROM alerts a;
        CREATE TABLE simulations (
          simulation_id TEXT PRIMARY KEY, domain TEXT NOT NULL, load_level TEXT NOT NULL, duration_seconds INTEGER NOT NULL,
          seed TEXT NOT NULL, status TEXT NOT NULL, started_ms INTEGER NOT NULL, finished_ms INTEGER,
          record TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX simulations_by_time ON simulations (started_ms DESC, simulation_id);
        CREATE INDEX alerts_by_domain ON alerts (domain, last_event_ms DESC, alert_id);
        CREATE INDEX alerts_by_opening ON alerts (opened_ms, domain);
        """

    /// Since version 2 a log may begin behind offset 0, and alerts may be given up after a time.
    private static let second = """
        DROP VIEW ledger;
        ALTER TABLE offsets RENAME TO old_offsets;
        CREATE TABLE offsets (
          topic TEXT NOT NULL, partition INTEGER NOT NULL, first_offset INTEGER NOT NULL, next_offset INTEGER NOT NULL,
          events INTEGER NOT NULL, ok INTEGER NOT NULL, late INTEGER NOT NULL, duplicate INTEGER NOT NULL,
          rejected INTEGER NOT NULL, clock_ms INTEGER, expired_before_ms INTEGER, PRIMARY KEY (topic, partition),
          CHECK (events = ok + late + duplicate + rejected), CHECK (events = next_offset - first_offset))
          STRICT, WITHOUT ROWID;
        INSERT INTO offsets SELECT topic, partition, next_offset - events, next_offset, events, ok, late, duplicate,
          rejected, clock_ms, NULL FROM old_offsets;
        DROP TABLE old_offsets;
        CREATE VIEW ledger AS SELECT coalesce(sum(events), 0) AS events, coalesce(sum(ok), 0) AS ok,
          coalesce(sum(late), 0) AS late, coalesce(sum(duplicate), 0) AS duplicate,
          coalesce(sum(rejected), 0) AS rejected FROM offsets;
        """

    private static let tables = """
        CREATE TABLE runs (
          run_id INTEGER PRIMARY KEY, status TEXT NOT NULL, command TEXT NOT NULL, app_version TEXT NOT NULL,
          pipeline TEXT NOT NULL, pipeline_sha TEXT NOT NULL, model_id TEXT, started_ms INTEGER NOT NULL,
          finished_ms INTEGER, events INTEGER, ok INTEGER, late INTEGER, duplicate INTEGER, rejected INTEGER,
          alerts INTEGER, digest TEXT) STRICT;
        CREATE TABLE inputs (
          input_id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs(run_id), path TEXT NOT NULL,
          lines INTEGER NOT NULL, bytes INTEGER NOT NULL, crc32c TEXT NOT NULL, finished_ms INTEGER) STRICT;
        CREATE TABLE offsets (
          topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL, events INTEGER NOT NULL,
          ok INTEGER NOT NULL, late INTEGER NOT NULL, duplicate INTEGER NOT NULL, rejected INTEGER NOT NULL,
          clock_ms INTEGER, PRIMARY KEY (topic, partition),
          CHECK (events = ok + late + duplicate + rejected), CHECK (events = next_offset)) STRICT, WITHOUT ROWID;
        CREATE TABLE alerts (
          alert_id TEXT PRIMARY KEY, detector TEXT NOT NULL, type TEXT NOT NULL, entity TEXT NOT NULL,
          entity_key TEXT NOT NULL, score REAL NOT NULL CHECK (score BETWEEN 0 AND 1),
          peak_score REAL NOT NULL CHECK (peak_score BETWEEN 0 AND 1),
          severity TEXT NOT NULL CHECK (severity IN ('critical', 'high', 'medium', 'low')),
          events INTEGER NOT NULL, amount REAL NOT NULL, opened_ms INTEGER NOT NULL, first_event_ms INTEGER NOT NULL,
          last_event_ms INTEGER NOT NULL, partition INTEGER NOT NULL, opened_offset INTEGER NOT NULL,
          last_offset INTEGER NOT NULL, revisions INTEGER NOT NULL, ended INTEGER NOT NULL CHECK (ended IN (0, 1)),
          model_id TEXT) STRICT, WITHOUT ROWID;
        CREATE TABLE alert_events (
          alert_id TEXT NOT NULL REFERENCES alerts(alert_id) ON DELETE CASCADE, position INTEGER NOT NULL,
          partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, event_ms INTEGER NOT NULL, event_id TEXT NOT NULL,
          amount REAL, score REAL, role TEXT NOT NULL CHECK (role IN ('before', 'opened', 'revised')),
          payload TEXT NOT NULL, PRIMARY KEY (alert_id, position)) STRICT, WITHOUT ROWID;
        CREATE TABLE alert_reasons (
          alert_id TEXT NOT NULL REFERENCES alerts(alert_id) ON DELETE CASCADE, rank INTEGER NOT NULL,
          feature TEXT NOT NULL, title TEXT NOT NULL, value REAL, typical REAL, contribution REAL NOT NULL,
          PRIMARY KEY (alert_id, rank)) STRICT, WITHOUT ROWID;
        CREATE TABLE alert_features (
          alert_id TEXT NOT NULL REFERENCES alerts(alert_id) ON DELETE CASCADE, feature TEXT NOT NULL, value REAL,
          PRIMARY KEY (alert_id, feature)) STRICT, WITHOUT ROWID;
        CREATE TABLE rejects (
          partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, line INTEGER, field TEXT, reason TEXT NOT NULL,
          raw TEXT NOT NULL, PRIMARY KEY (partition, "offset")) STRICT, WITHOUT ROWID;
        CREATE TABLE late_events (
          partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, event_id TEXT NOT NULL, event_ms INTEGER NOT NULL,
          clock_ms INTEGER NOT NULL, late_ms INTEGER NOT NULL, PRIMARY KEY (partition, "offset")) STRICT, WITHOUT ROWID;
        CREATE TABLE duplicates (
          partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, event_id TEXT NOT NULL, event_ms INTEGER NOT NULL,
          first_offset INTEGER NOT NULL, PRIMARY KEY (partition, "offset")) STRICT, WITHOUT ROWID;
        CREATE TABLE labels (
          event_id TEXT NOT NULL, label TEXT NOT NULL, source TEXT NOT NULL, event_ms INTEGER, known_ms INTEGER NOT NULL,
          PRIMARY KEY (event_id, source)) STRICT, WITHOUT ROWID;
        CREATE TABLE triage (
          triage_id INTEGER PRIMARY KEY, alert_id TEXT NOT NULL, at_ms INTEGER NOT NULL, author TEXT NOT NULL,
          status TEXT, label TEXT, assignee TEXT, note TEXT) STRICT;
        CREATE TABLE rules (
          rule_id TEXT PRIMARY KEY, title TEXT, kind TEXT NOT NULL, definition TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE models (
          model_id TEXT PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, classes TEXT NOT NULL,
          features TEXT NOT NULL, metadata TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE metrics (
          run_id INTEGER NOT NULL REFERENCES runs(run_id), name TEXT NOT NULL, value REAL,
          PRIMARY KEY (run_id, name)) STRICT, WITHOUT ROWID;
        """

    private static let indexes = """
        CREATE INDEX alerts_by_time ON alerts (last_event_ms DESC, alert_id);
        CREATE INDEX alerts_by_score ON alerts (score DESC, last_event_ms DESC, alert_id);
        CREATE INDEX alerts_by_entity ON alerts (entity_key, first_event_ms);
        CREATE INDEX alerts_by_kind ON alerts (type, severity);
        CREATE INDEX alert_events_by_offset ON alert_events (partition, "offset");
        CREATE INDEX triage_by_alert ON triage (alert_id, triage_id);
        """

    private static let views = """
        CREATE VIEW alerts_iso AS SELECT *,
          strftime('%Y-%m-%dT%H:%M:%fZ', opened_ms / 1000.0, 'unixepoch') AS opened,
          strftime('%Y-%m-%dT%H:%M:%fZ', first_event_ms / 1000.0, 'unixepoch') AS first_event,
          strftime('%Y-%m-%dT%H:%M:%fZ', last_event_ms / 1000.0, 'unixepoch') AS last_event FROM alerts;
        CREATE VIEW alert_state AS SELECT a.alert_id,
          coalesce((SELECT status FROM triage t WHERE t.alert_id = a.alert_id AND status IS NOT NULL
                    ORDER BY triage_id DESC LIMIT 1), 'open') AS status,
          (SELECT label FROM triage t WHERE t.alert_id = a.alert_id AND label IS NOT NULL
           ORDER BY triage_id DESC LIMIT 1) AS label,
          (SELECT assignee FROM triage t WHERE t.alert_id = a.alert_id AND assignee IS NOT NULL
           ORDER BY triage_id DESC LIMIT 1) AS assignee FROM alerts a;
        CREATE VIEW alert_queue AS SELECT a.*, s.status, s.label, s.assignee FROM alerts_iso a
          JOIN alert_state s USING (alert_id) WHERE s.status = 'open'
          ORDER BY a.score DESC, a.last_event_ms DESC, a.alert_id;
        CREATE VIEW alerts_by_hour AS SELECT strftime('%Y-%m-%dT%H:00Z', opened_ms / 1000, 'unixepoch') AS hour,
          count(*) AS alerts, sum(severity = 'critical') AS critical, sum(severity = 'high') AS high,
          sum(amount) AS amount FROM alerts GROUP BY hour ORDER BY hour;
        CREATE VIEW alerts_by_day AS SELECT strftime('%Y-%m-%d', opened_ms / 1000, 'unixepoch') AS day,
          count(*) AS alerts, sum(severity = 'critical') AS critical, sum(severity = 'high') AS high,
          sum(amount) AS amount FROM alerts GROUP BY day ORDER BY day;
        CREATE VIEW alerts_by_type AS SELECT type, detector, count(*) AS alerts, sum(severity = 'critical') AS critical,
          avg(score) AS mean_score, sum(amount) AS amount FROM alerts GROUP BY type, detector ORDER BY alerts DESC, type;
        CREATE VIEW top_actors AS SELECT entity, entity_key, count(*) AS alerts, max(peak_score) AS peak_score,
          sum(amount) AS amount, group_concat(DISTINCT type) AS types FROM alerts GROUP BY entity, entity_key
          ORDER BY alerts DESC, amount DESC, entity_key;
        CREATE VIEW actor_timeline AS SELECT a.entity_key, a.alert_id, a.detector, e.position,
          strftime('%Y-%m-%dT%H:%M:%fZ', e.event_ms / 1000.0, 'unixepoch') AS event_time, e.event_id, e.amount, e.score,
          e.role, e.partition, e."offset", e.payload FROM alerts a JOIN alert_events e USING (alert_id)
          ORDER BY a.entity_key, e.event_ms, a.alert_id, e.position;
        CREATE VIEW rule_quality AS SELECT a.detector, count(*) AS alerts,
          sum(s.label = 'fraud') AS confirmed, sum(s.label = 'regular') AS false_positives,
          sum(s.label IS NULL) AS unlabelled,
          CAST(sum(s.label = 'fraud') AS REAL) / nullif(sum(s.label IN ('fraud', 'regular')), 0) AS precision
          FROM alerts a JOIN alert_state s USING (alert_id) GROUP BY a.detector ORDER BY a.detector;
        CREATE VIEW ledger AS SELECT coalesce(sum(events), 0) AS events, coalesce(sum(ok), 0) AS ok,
          coalesce(sum(late), 0) AS late, coalesce(sum(duplicate), 0) AS duplicate,
          coalesce(sum(rejected), 0) AS rejected FROM offsets;
        """
}

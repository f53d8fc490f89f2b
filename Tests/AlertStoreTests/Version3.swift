extension Version1 {
    /// What version 3 made of version 2.
    static let changesOfVersion3 = #"""

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
        INSERT INTO grdb_migrations VALUES('3');
        PRAGMA user_version = 3;
        """#

    /// Another alert, which names events of the first ones, and one that has neither amount nor score.
    static let sharedEvents = #"""

        INSERT INTO alerts SELECT '000000000099aaaaaaaaaaaa', 'other', type, entity, entity_key, score, peak_score, severity,
          3, amount, opened_ms, first_event_ms, last_event_ms, partition, 153, 153, 0, 1, model_id, domain
          FROM alerts WHERE alert_id LIKE '%d922c6dfeb1b';
        INSERT INTO alert_events SELECT '000000000099aaaaaaaaaaaa', position, partition, "offset", event_ms, event_id, amount,
          NULL, 'before', payload FROM alert_events WHERE alert_id LIKE '%d922c6dfeb1b' AND position < 2;
        INSERT INTO alert_events VALUES ('000000000099aaaaaaaaaaaa', 2, 0, 153, 1773043218405, '', NULL, 0.5, 'opened',
          '{"a":"ü\u0007"}');
        """#
}

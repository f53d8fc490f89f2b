/// A file of schema version 1, as the program of that version wrote it (shortened), for the tests of migrations.
enum Version1 {
    static let sql = #"""
        CREATE TABLE alert_events (
          alert_id TEXT NOT NULL REFERENCES alerts(alert_id) ON DELETE CASCADE, position INTEGER NOT NULL,
          partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, event_ms INTEGER NOT NULL, event_id TEXT NOT NULL,
          amount REAL, score REAL, role TEXT NOT NULL CHECK (role IN ('before', 'opened', 'revised')),
          payload TEXT NOT NULL, PRIMARY KEY (alert_id, position)) STRICT, WITHOUT ROWID;
        INSERT INTO "alert_events" VALUES('286248e2ccbb668ab3622580',0,1,18,1773043204000,'ISID539RB8SW7CBN',9654.15,1.0,'opened','{}');
        INSERT INTO "alert_events" VALUES('286248e2ccbb668ab3622580',1,1,49,1773043207870,'TKYH7TV8D44Z6PHZ',9962.64,1.0,'revised','{}');
        INSERT INTO "alert_events" VALUES('d922c6dfeb1b1233d1d65dbb',0,0,37,1773043205300,'ODMEKUVMV40GS02A',28.22,1.0,'opened','{}');
        INSERT INTO "alert_events" VALUES('d922c6dfeb1b1233d1d65dbb',1,0,60,1773043208794,'2V5X2PQ9BURJWK1T',45.17,1.0,'revised','{}');
        INSERT INTO "alert_events" VALUES('d922c6dfeb1b1233d1d65dbb',2,0,140,1773043218404,'BQGDXD3XQVRZ3I95',35.37,1.0,'revised','{}');
        CREATE TABLE alert_features (
          alert_id TEXT NOT NULL REFERENCES alerts(alert_id) ON DELETE CASCADE, feature TEXT NOT NULL, value REAL,
          PRIMARY KEY (alert_id, feature)) STRICT, WITHOUT ROWID;
        INSERT INTO "alert_features" VALUES('286248e2ccbb668ab3622580','accounts_from',1.0);
        INSERT INTO "alert_features" VALUES('d922c6dfeb1b1233d1d65dbb','accounts_from',0.0);
        CREATE TABLE alert_reasons (
          alert_id TEXT NOT NULL REFERENCES alerts(alert_id) ON DELETE CASCADE, rank INTEGER NOT NULL,
          feature TEXT NOT NULL, title TEXT NOT NULL, value REAL, typical REAL, contribution REAL NOT NULL,
          PRIMARY KEY (alert_id, rank)) STRICT, WITHOUT ROWID;
        INSERT INTO "alert_reasons" VALUES('286248e2ccbb668ab3622580',1,'amount_mean','mean amount in the session',9808.395,523.51,2.05994566082954411179e-01);
        INSERT INTO "alert_reasons" VALUES('286248e2ccbb668ab3622580',2,'amount_max','largest amount in the session',9962.64,695.09,1.71079631571968399095e-01);
        INSERT INTO "alert_reasons" VALUES('286248e2ccbb668ab3622580',3,'amount_min','smallest amount in the session',9654.15,211.68,1.5273646673808496943e-01);
        INSERT INTO "alert_reasons" VALUES('286248e2ccbb668ab3622580',4,'amount','amount',9962.64,368.59,1.36316197228928404072e-01);
        INSERT INTO "alert_reasons" VALUES('286248e2ccbb668ab3622580',5,'session_amount','amount in the session',19616.79,856.6,1.14743958339095120102e-01);
        INSERT INTO "alert_reasons" VALUES('286248e2ccbb668ab3622580',6,'country_mismatch_share','share of transfers across borders',1.0,0.0,6.36069904764493404547e-02);
        INSERT INTO "alert_reasons" VALUES('d922c6dfeb1b1233d1d65dbb',1,'visit_seconds','seconds on the site or in the game',11.0,2073.0,3.57639135693510412661e-01);
        INSERT INTO "alert_reasons" VALUES('d922c6dfeb1b1233d1d65dbb',2,'visit_seconds_min','shortest visit in the session, seconds',9.0,1687.0,2.68815046176314353942e-01);
        INSERT INTO "alert_reasons" VALUES('d922c6dfeb1b1233d1d65dbb',3,'visit_seconds_mean','mean seconds on the site or in the game',1.5333333333333333925e+01,2020.0,1.82197318474451724901e-01);
        INSERT INTO "alert_reasons" VALUES('d922c6dfeb1b1233d1d65dbb',4,'books_only_share','share of carts with one book only',1.0,0.0,5.29968656102816279562e-02);
        INSERT INTO "alert_reasons" VALUES('d922c6dfeb1b1233d1d65dbb',5,'address_mismatch_share','share billed to another address than shipped to',1.0,0.0,2.20099205772082036347e-02);
        INSERT INTO "alert_reasons" VALUES('d922c6dfeb1b1233d1d65dbb',6,'credit_card_share','share paid by credit card',1.0,0.0,8.25805512567361239828e-03);
        CREATE TABLE alerts (
          alert_id TEXT PRIMARY KEY, detector TEXT NOT NULL, type TEXT NOT NULL, entity TEXT NOT NULL,
          entity_key TEXT NOT NULL, score REAL NOT NULL CHECK (score BETWEEN 0 AND 1),
          peak_score REAL NOT NULL CHECK (peak_score BETWEEN 0 AND 1),
          severity TEXT NOT NULL CHECK (severity IN ('critical', 'high', 'medium', 'low')),
          events INTEGER NOT NULL, amount REAL NOT NULL, opened_ms INTEGER NOT NULL, first_event_ms INTEGER NOT NULL,
          last_event_ms INTEGER NOT NULL, partition INTEGER NOT NULL, opened_offset INTEGER NOT NULL,
          last_offset INTEGER NOT NULL, revisions INTEGER NOT NULL, ended INTEGER NOT NULL CHECK (ended IN (0, 1)),
          model_id TEXT) STRICT, WITHOUT ROWID;
        INSERT INTO "alerts" VALUES('286248e2ccbb668ab3622580','fraud_model','fraud_structuring','actor','A700511',1.0,1.0,'critical',2,19616.79,1773043204000,1773043204000,1773043207870,1,18,49,1,0,'patternalarm@7b4f01122c7d');
        INSERT INTO "alerts" VALUES('d922c6dfeb1b1233d1d65dbb','fraud_model','fraud_card_testing','actor','A423201',1.0,1.0,'critical',3,1.08759999999999990905e+02,1773043205300,1773043205300,1773043218404,0,37,140,2,0,'patternalarm@7b4f01122c7d');
        CREATE TABLE duplicates (
          partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, event_id TEXT NOT NULL, event_ms INTEGER NOT NULL,
          first_offset INTEGER NOT NULL, PRIMARY KEY (partition, "offset")) STRICT, WITHOUT ROWID;
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO "grdb_migrations" VALUES('1');
        CREATE TABLE inputs (
          input_id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs(run_id), path TEXT NOT NULL,
          lines INTEGER NOT NULL, bytes INTEGER NOT NULL, crc32c TEXT NOT NULL, finished_ms INTEGER) STRICT;
        CREATE TABLE labels (
          event_id TEXT NOT NULL, label TEXT NOT NULL, source TEXT NOT NULL, event_ms INTEGER, known_ms INTEGER NOT NULL,
          PRIMARY KEY (event_id, source)) STRICT, WITHOUT ROWID;
        CREATE TABLE late_events (
          partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, event_id TEXT NOT NULL, event_ms INTEGER NOT NULL,
          clock_ms INTEGER NOT NULL, late_ms INTEGER NOT NULL, PRIMARY KEY (partition, "offset")) STRICT, WITHOUT ROWID;
        CREATE TABLE metrics (
          run_id INTEGER NOT NULL REFERENCES runs(run_id), name TEXT NOT NULL, value REAL,
          PRIMARY KEY (run_id, name)) STRICT, WITHOUT ROWID;
        CREATE TABLE models (
          model_id TEXT PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, classes TEXT NOT NULL,
          features TEXT NOT NULL, metadata TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE offsets (
          topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL, events INTEGER NOT NULL,
          ok INTEGER NOT NULL, late INTEGER NOT NULL, duplicate INTEGER NOT NULL, rejected INTEGER NOT NULL,
          clock_ms INTEGER, PRIMARY KEY (topic, partition),
          CHECK (events = ok + late + duplicate + rejected), CHECK (events = next_offset)) STRICT, WITHOUT ROWID;
        INSERT INTO "offsets" VALUES('patternalarm',0,165,165,165,0,0,0,1773043190800);
        INSERT INTO "offsets" VALUES('patternalarm',1,135,135,135,0,0,0,1773043191010);
        CREATE TABLE rejects (
          partition INTEGER NOT NULL, "offset" INTEGER NOT NULL, line INTEGER, field TEXT, reason TEXT NOT NULL,
          raw TEXT NOT NULL, PRIMARY KEY (partition, "offset")) STRICT, WITHOUT ROWID;
        CREATE TABLE rules (
          rule_id TEXT PRIMARY KEY, title TEXT, kind TEXT NOT NULL, definition TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE runs (
          run_id INTEGER PRIMARY KEY, status TEXT NOT NULL, command TEXT NOT NULL, app_version TEXT NOT NULL,
          pipeline TEXT NOT NULL, pipeline_sha TEXT NOT NULL, model_id TEXT, started_ms INTEGER NOT NULL,
          finished_ms INTEGER, events INTEGER, ok INTEGER, late INTEGER, duplicate INTEGER, rejected INTEGER,
          alerts INTEGER, digest TEXT) STRICT;
        INSERT INTO "runs" VALUES(1,'finished','replay','0.1.0','patternalarm','81ff733bad6474c5649604951bd0190331c52f25e49f61ac05c3fdf7fd0b15a3','patternalarm@7b4f01122c7d',1795242434168,1795242434182,300,300,0,0,0,19,'87621e73ac82eed8d8d4cb94bf637b1029fac0816d89e6884c716606cd4f2685');
        CREATE TABLE triage (
          triage_id INTEGER PRIMARY KEY, alert_id TEXT NOT NULL, at_ms INTEGER NOT NULL, author TEXT NOT NULL,
          status TEXT, label TEXT, assignee TEXT, note TEXT) STRICT;
        INSERT INTO "triage" VALUES(1,'d922c6dfeb1b1233d1d65dbb',1,'ann','confirmed',NULL,NULL,NULL);
        CREATE INDEX alerts_by_time ON alerts (last_event_ms DESC, alert_id);
        CREATE INDEX alerts_by_score ON alerts (score DESC, last_event_ms DESC, alert_id);
        CREATE INDEX alerts_by_entity ON alerts (entity_key, first_event_ms);
        CREATE INDEX alerts_by_kind ON alerts (type, severity);
        CREATE INDEX alert_events_by_offset ON alert_events (partition, "offset");
        CREATE INDEX triage_by_alert ON triage (alert_id, triage_id);
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
        """#

    /// What version 2 made of it.
    static let changesOfVersion2 = #"""

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
        INSERT INTO grdb_migrations VALUES('2');
        PRAGMA user_version = 2;
        """#
}

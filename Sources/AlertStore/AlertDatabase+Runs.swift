import GRDB

/// One run of the program over the data.
public struct RunRecord: Sendable, Equatable {
    public var command: String
    public var appVersion: String
    public var pipeline: String
    public var pipelineSHA: String
    public var modelID: String?

    public init(command: String, appVersion: String, pipeline: String, pipelineSHA: String, modelID: String?) {
        self.command = command
        self.appVersion = appVersion
        self.pipeline = pipeline
        self.pipelineSHA = pipelineSHA
        self.modelID = modelID
    }
}

/// A recording that a run has read.
public struct InputRecord: Sendable, Equatable {
    public var path: String
    /// Its number in the log.
    public var recording: Int
    /// How far it was read, and the CRC-32C of its bytes up to there.
    public var lines: Int
    public var bytes: Int
    public var checksum: UInt32
    /// How many of its events no run has taken, because of a range of event time; nil if that was not found out.
    public var leftOut: Int?
    /// Whether it was read as CSV, if that is known.
    public var isCSV: Bool?

    public init(
        path: String,
        recording: Int,
        lines: Int,
        bytes: Int,
        checksum: UInt32,
        leftOut: Int?,
        isCSV: Bool? = nil
    ) {
        self.isCSV = isCSV
        self.path = path
        self.recording = recording
        self.lines = lines
        self.bytes = bytes
        self.checksum = checksum
        self.leftOut = leftOut
    }
}

/// Sums over all partitions (C5), and the number of alerts.
public struct LedgerTotals: Sendable, Equatable {
    public var events = 0
    public var ok = 0
    public var late = 0
    public var duplicate = 0
    public var rejected = 0
    public var alerts = 0

    public init() {}
}

/// A model as it is listed in the database.
public struct ModelRecord: Sendable, Equatable {
    public var id: String
    public var name: String
    public var sha256: String
    public var classes: String
    public var features: String
    public var metadata: String

    public init(id: String, name: String, sha256: String, classes: String, features: String, metadata: String) {
        self.id = id
        self.name = name
        self.sha256 = sha256
        self.classes = classes
        self.features = features
        self.metadata = metadata
    }
}

extension AlertDatabase {
    /// Notes that a run starts, and returns its number.
    public func beginRun(_ run: RunRecord, atMilliseconds now: Int64) throws(AlertStoreError) -> Int64 {
        try write { db in
            try db.execute(
                sql: """
                    INSERT INTO runs (kind, status, command, app_version, pipeline, pipeline_sha, model_id, started_ms)
                    VALUES ('log', 'running', ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [run.command, run.appVersion, run.pipeline, run.pipelineSHA, run.modelID, now]
            )
            return db.lastInsertedRowID
        }
    }

    /// Notes a run that made figures and nothing else. A figure without a value is NULL.
    public func note(
        _ run: RunRecord,
        metrics: [(name: String, value: Double?)],
        atMilliseconds now: Int64
    ) throws(AlertStoreError) {
        try write { db in
            try db.execute(
                sql: """
                    INSERT INTO runs
                      (kind, status, command, app_version, pipeline, pipeline_sha, model_id, started_ms, finished_ms)
                    VALUES ('figures', 'done', ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [run.command, run.appVersion, run.pipeline, run.pipelineSHA, run.modelID, now, now]
            )
            let id = db.lastInsertedRowID
            for metric in metrics {
                try db.execute(
                    sql: "INSERT INTO metrics (run_id, name, value) VALUES (?, ?, ?)",
                    arguments: [id, metric.name, metric.value]
                )
            }
        }
    }

    /// The newest run over a log, which says what the derived tables were made with; runs that made figures did not.
    public func lastRun() throws(AlertStoreError) -> RunRecord? {
        try read { db in
            try Row.fetchOne(
                db,
                sql: "SELECT * FROM runs WHERE kind = 'log' ORDER BY run_id DESC LIMIT 1"
            ).map {
                try RunRecord(
                    command: $0.value("command"),
                    appVersion: $0.value("app_version"),
                    pipeline: $0.value("pipeline"),
                    pipelineSHA: $0.value("pipeline_sha"),
                    modelID: $0.value("model_id")
                )
            }
        }
    }

    /// Notes how a run ended, with its totals and the digest of its alerts.
    public func finishRun(
        _ run: Int64,
        status: String,
        totals: LedgerTotals,
        digest: String,
        atMilliseconds now: Int64
    ) throws(AlertStoreError) {
        try write { db in
            try db.execute(
                sql: """
                    UPDATE runs SET status = ?, finished_ms = ?, events = ?, ok = ?, late = ?, duplicate = ?, rejected = ?,
                      alerts = ?, digest = ? WHERE run_id = ?
                    """,
                arguments: [
                    status, now, totals.events, totals.ok, totals.late, totals.duplicate, totals.rejected,
                    totals.alerts,
                    digest, run,
                ]
            )
        }
    }

    /// Notes a recording that was read, and how much of it is still left out.
    public func noteInput(run: Int64, _ input: InputRecord, atMilliseconds now: Int64) throws(AlertStoreError) {
        try write { db in
            try db.execute(
                sql: "INSERT INTO inputs (run_id, path, lines, bytes, crc32c, finished_ms) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [run, input.path, input.lines, input.bytes, String(input.checksum, radix: 16), now]
            )
            if let isCSV = input.isCSV {
                let name = "read_as_csv.\(input.recording)"
                try db.execute(
                    sql: "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?)",
                    arguments: [run, name, isCSV ? 1 : 0]
                )
            }
            let name = "left_out.\(input.recording)"
            let known = try Double.fetchOne(db, sql: "SELECT max(value) FROM metrics WHERE name = ?", arguments: [name])
            guard let leftOut = input.leftOut, leftOut > 0 || known != nil else { return }
            try db.execute(sql: "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?)", arguments: [run, name, leftOut])
        }
    }

    /// When a recording's bytes were read first, and whether as CSV, if that was noted; nil if no run has noted it.
    public func firstReading(of input: InputRecord) throws(AlertStoreError) -> (milliseconds: Int64, isCSV: Bool?)? {
        try read { db in
            let time = try Int64.fetchOne(
                db,
                sql: "SELECT min(finished_ms) FROM inputs WHERE bytes = ? AND crc32c = ?",
                arguments: [input.bytes, String(input.checksum, radix: 16)]
            )
            let isCSV = try Double.fetchOne(
                db,
                sql: "SELECT value FROM metrics WHERE name = ? ORDER BY run_id LIMIT 1",
                arguments: ["read_as_csv.\(input.recording)"]
            )
            return time.map { ($0, isCSV.map { $0 > 0 }) }
        }
    }

    /// How many events of recordings were left out by a range of event time and have not been taken since.
    public func leftOutEvents() throws(AlertStoreError) -> Int {
        try read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT CAST(total(value) AS INTEGER) FROM
                      (SELECT value, max(run_id) FROM metrics WHERE name GLOB 'left_out.*' GROUP BY name)
                    """
            ) ?? 0
        }
    }

    /// Keeps what a model is, by its id; one that is known already is written over.
    public func register(_ model: ModelRecord) throws(AlertStoreError) {
        try write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO models VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [model.id, model.name, model.sha256, model.classes, model.features, model.metadata]
            )
        }
    }

    /// Lists the detectors that run.
    public func setRules(
        _ rules: [(id: String, title: String?, kind: String, definition: String)]
    ) throws(AlertStoreError) {
        try write { db in
            try db.execute(sql: "DELETE FROM rules")
            for rule in rules {
                try db.execute(
                    sql: "INSERT INTO rules VALUES (?, ?, ?, ?)",
                    arguments: [rule.id, rule.title, rule.kind, rule.definition]
                )
            }
        }
    }

    /// How many alerts' sessions have ended.
    public func endedAlerts() throws(AlertStoreError) -> Int {
        try read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM alerts WHERE ended = 1") ?? 0 }
    }

    /// What became of all events so far, whatever the run and partition.
    public func totals() throws(AlertStoreError) -> LedgerTotals {
        try read { db in
            var totals = LedgerTotals()
            if let row = try Row.fetchOne(db, sql: "SELECT * FROM ledger") {
                totals.events = try row.value("events")
                totals.ok = try row.value("ok")
                totals.late = try row.value("late")
                totals.duplicate = try row.value("duplicate")
                totals.rejected = try row.value("rejected")
            }
            totals.alerts = try Int.fetchOne(db, sql: "SELECT count(*) FROM alerts") ?? 0
            return totals
        }
    }
}

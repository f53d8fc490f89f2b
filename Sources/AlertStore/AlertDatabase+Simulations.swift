import GRDB

/// A test with simulated events that was run from the server.
public struct SimulationRecord: Sendable, Equatable {
    public var id: String
    public var domain: String
    public var loadLevel: String
    public var durationSeconds: Int
    public var seed: String
    /// running, finished, stopped or failed.
    public var status: String
    public var startedMilliseconds: Int64
    public var finishedMilliseconds: Int64?
    /// Everything about it, as JSON.
    public var record: String

    public init(
        id: String,
        domain: String,
        loadLevel: String,
        durationSeconds: Int,
        seed: String,
        status: String,
        startedMilliseconds: Int64,
        finishedMilliseconds: Int64?,
        record: String
    ) {
        self.id = id
        self.domain = domain
        self.loadLevel = loadLevel
        self.durationSeconds = durationSeconds
        self.seed = seed
        self.status = status
        self.startedMilliseconds = startedMilliseconds
        self.finishedMilliseconds = finishedMilliseconds
        self.record = record
    }
}

extension AlertDatabase {
    /// Notes a test, or how it goes on.
    public func note(_ simulation: SimulationRecord) throws(AlertStoreError) {
        try write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO simulations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    simulation.id, simulation.domain, simulation.loadLevel, simulation.durationSeconds, simulation.seed,
                    simulation.status, simulation.startedMilliseconds, simulation.finishedMilliseconds,
                    simulation.record,
                ]
            )
        }
    }

    /// Tests that were under way when their process ended have failed.
    public func endInterruptedSimulations() throws(AlertStoreError) {
        try write { db in
            try db.execute(
                sql: """
                    UPDATE simulations SET status = 'failed', record = json_set(record, '$.status', 'failed')
                    WHERE status = 'running'
                    """
            )
        }
    }

    /// The newest tests, the newest first.
    public func simulations(limit: Int = 100) throws(AlertStoreError) -> [SimulationRecord] {
        try read { db in
            let sql = "SELECT * FROM simulations ORDER BY started_ms DESC, simulation_id LIMIT ?"
            return try Row.fetchAll(db, sql: sql, arguments: [limit]).map(Self.simulation)
        }
    }

    /// A test, or nil if there is none of that id.
    public func simulation(id: String) throws(AlertStoreError) -> SimulationRecord? {
        try read { db in
            let sql = "SELECT * FROM simulations WHERE simulation_id = ?"
            return try Row.fetchOne(db, sql: sql, arguments: [id]).map(Self.simulation)
        }
    }

    private static func simulation(_ row: Row) throws -> SimulationRecord {
        try SimulationRecord(
            id: row.value("simulation_id"),
            domain: row.value("domain"),
            loadLevel: row.value("load_level"),
            durationSeconds: row.value("duration_seconds"),
            seed: row.value("seed"),
            status: row.value("status"),
            startedMilliseconds: row.value("started_ms"),
            finishedMilliseconds: row.value("finished_ms"),
            record: row.value("record")
        )
    }
}

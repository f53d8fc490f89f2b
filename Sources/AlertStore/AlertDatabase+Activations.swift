import GRDB

/// A change of what is in force, as the alerts file lists it: a copy of a record of the log.
public struct ActivationRow: Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// What was in force from the log's beginning on.
        case begin
        /// What somebody put in force later.
        case activate
    }

    /// 1, 2, … in the order in which they count.
    public var number: Int
    public var kind: Kind
    public var atMilliseconds: Int64
    public var author: String
    public var note: String?
    /// The pipeline in force: its name, the hash of what it means, and the file that it was read from, if it is known.
    public var pipeline: String
    public var pipelineSHA: String
    public var pipelineFile: String?
    /// By partition, the first offset that it holds from.
    public var offsets: [Int: Int64]
    /// What it says of each detector.
    public var detectors: [ActivationDetectorRow]

    public init(
        number: Int,
        kind: Kind,
        atMilliseconds: Int64,
        author: String,
        note: String?,
        pipeline: String,
        pipelineSHA: String,
        pipelineFile: String?,
        offsets: [Int: Int64],
        detectors: [ActivationDetectorRow]
    ) {
        self.number = number
        self.kind = kind
        self.atMilliseconds = atMilliseconds
        self.author = author
        self.note = note
        self.pipeline = pipeline
        self.pipelineSHA = pipelineSHA
        self.pipelineFile = pipelineFile
        self.offsets = offsets
        self.detectors = detectors
    }
}

/// What an activation says of a detector.
public struct ActivationDetectorRow: Sendable, Equatable {
    public enum Mode: String, Sendable {
        case active, shadow, off
    }

    /// What became of it since the activation before.
    public enum Change: String, Sendable {
        case started, changed, kept, ended
    }

    public var detector: String
    /// What it is, as in ``AlertRecord/detectorVersion``.
    public var version: String
    public var mode: Mode
    public var modelID: String?
    public var change: Change

    public init(detector: String, version: String, mode: Mode, modelID: String?, change: Change) {
        self.detector = detector
        self.version = version
        self.mode = mode
        self.modelID = modelID
        self.change = change
    }
}

extension AlertDatabase {
    /// Makes the file's copy of the activations what these are, in one transaction: the log has the truth.
    ///
    /// - Parameter activations: All there are, in any order; each number once, and each detector once in one of them.
    /// - Throws: ``AlertStoreError``; the copy is then as it was.
    public func setActivations(_ activations: [ActivationRow]) throws(AlertStoreError) {
        try write { db in
            let wanted = activations.map(Self.ordered).sorted { $0.number < $1.number }
            guard try Self.activations(db) != wanted else { return }
            for table in ["activation_offsets", "activation_detectors", "activations"] {
                try db.execute(sql: "DELETE FROM \(table)")
            }
            for row in wanted { try Self.insert(row, db) }
        }
    }

    /// The activations that the file knows of, the newest last, each with its detectors by their names.
    public func activations() throws(AlertStoreError) -> [ActivationRow] { try read { db in try Self.activations(db) } }

    private static func ordered(_ row: ActivationRow) -> ActivationRow {
        var row = row
        // As SQLite compares texts.
        row.detectors.sort { $0.detector.utf8.lexicographicallyPrecedes($1.detector.utf8) }
        return row
    }

    private static func insert(_ row: ActivationRow, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO activations (activation, kind, at_ms, author, note, pipeline, pipeline_sha, pipeline_file)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                row.number, row.kind.rawValue, row.atMilliseconds, row.author, row.note, row.pipeline, row.pipelineSHA,
                row.pipelineFile,
            ]
        )
        for (partition, offset) in row.offsets {
            try db.execute(
                sql: "INSERT INTO activation_offsets (activation, partition, \"offset\") VALUES (?, ?, ?)",
                arguments: [row.number, partition, offset]
            )
        }
        for detector in row.detectors {
            try db.execute(
                sql: """
                    INSERT INTO activation_detectors (activation, detector, version, mode, model_id, change)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    row.number, detector.detector, detector.version, detector.mode.rawValue, detector.modelID,
                    detector.change.rawValue,
                ]
            )
        }
    }

    private static func activations(_ db: Database) throws -> [ActivationRow] {
        try Row.fetchAll(db, sql: "SELECT * FROM activations ORDER BY activation").map { row in
            let number: Int = try row.value("activation")
            return ActivationRow(
                number: number,
                kind: try word(row, "kind"),
                atMilliseconds: try row.value("at_ms"),
                author: try row.value("author"),
                note: try row.value("note"),
                pipeline: try row.value("pipeline"),
                pipelineSHA: try row.value("pipeline_sha"),
                pipelineFile: try row.value("pipeline_file"),
                offsets: try offsets(of: number, db),
                detectors: try detectors(of: number, db)
            )
        }
    }

    private static func offsets(of activation: Int, _ db: Database) throws -> [Int: Int64] {
        var offsets: [Int: Int64] = [:]
        let sql = "SELECT * FROM activation_offsets WHERE activation = ?"
        for row in try Row.fetchAll(db, sql: sql, arguments: [activation]) {
            offsets[try row.value("partition")] = try row.value("offset") as Int64
        }
        return offsets
    }

    private static func detectors(of activation: Int, _ db: Database) throws -> [ActivationDetectorRow] {
        let sql = "SELECT * FROM activation_detectors WHERE activation = ? ORDER BY detector"
        return try Row.fetchAll(db, sql: sql, arguments: [activation]).map { row in
            ActivationDetectorRow(
                detector: try row.value("detector"),
                version: try row.value("version"),
                mode: try word(row, "mode"),
                modelID: try row.value("model_id"),
                change: try word(row, "change")
            )
        }
    }

    /// A column that holds one of a few words.
    private static func word<Word: RawRepresentable>(_ row: Row, _ column: String) throws -> Word
    where Word.RawValue == String {
        let text: String = try row.value(column)
        guard let word = Word(rawValue: text) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "\(column) is \(text)")
        }
        return word
    }
}

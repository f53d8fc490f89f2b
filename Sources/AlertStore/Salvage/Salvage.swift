import FileStore
import GRDB
import Glibc

/// Takes out of a damaged alerts file what can be read, row by row: first as its tables tell, then from its pages
/// alone.
public struct Salvage {
    /// What became of one table.
    public struct Table: Sendable, Equatable {
        public var name: String
        public var rows = 0
        /// Rows that are known to have been there and could not be read.
        public var missing = 0
        /// Whether reading it ended early: then there may have been more.
        public var isDoubtful = false
    }

    public private(set) var tables: [Table] = []
    /// Pieces of pages that are no rows any more, of whatever table.
    public private(set) var brokenCells = 0

    /// The largest number of a table's rows that something else tells of.
    private var known: [String: Int] = [:]

    /// - Parameters:
    ///   - path: The damaged file, which is only read. Nobody may be writing to it.
    ///   - target: The new file.
    ///   - scratch: A name for a copy, which is gone afterwards.
    ///   - takesDerived: Whether to take what is made from the log, too.
    /// - Throws: ``AlertStoreError`` if the new file or the copy cannot be written.
    public init(_ path: String, into target: String, scratch: String, takesDerived: Bool) throws(AlertStoreError) {
        AlertFiles.remove(scratch)
        defer { AlertFiles.remove(scratch) }
        for suffix in ["", "-wal"] { try AlertFiles.copy(path + suffix, to: scratch + suffix) }
        let database = try AlertDatabase(path: target)
        try database.withoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            let names = try AlertDatabase.tables(db).filter { name in
                name != Schema.migrations
                    && (takesDerived || name == "offsets" || !AlertDatabase.derivedTables.contains(name))
            }
            let stored = try names.map { try StoredTable($0, db) }
            try db.inTransaction {
                try take(stored, scratch, into: db)
                try count(stored, db)
                return .commit
            }
            try db.execute(sql: "PRAGMA foreign_keys = ON")
        }
        try database.close()
    }

    private mutating func take(_ stored: [StoredTable], _ scratch: String, into db: Database) throws {
        var source = Self.open(scratch)
        if source == nil {
            try AlertFiles.mendHeader(scratch)
            source = Self.open(scratch)
        }
        for table in stored {
            var found = Table(name: table.name)
            found.isDoubtful = true
            if let source { found.isDoubtful = try !takeRows(of: table, from: source, into: db) }
            tables.append(found)
        }
        if let source { known["triage"] = Self.lastDecision(source) }
        // What the write-ahead log holds is moved into the pages by closing.
        source = nil
        let descriptor = Glibc.open(scratch, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // What people say is never taken back, so no old page tells what is no longer so.
        let wanted = zip(stored, tables).filter { table, found in
            found.isDoubtful || !AlertDatabase.derivedTables.contains(table.name)
        }.map(\.0)
        let scanner = PageScanner(descriptor: descriptor, pageSize: AlertFiles.pageSize(descriptor))
        brokenCells = try scanner.visit { record in
            for table in wanted {
                guard let row = table.row(of: record) else { continue }
                if try Self.insert(row, into: table, db) { return }
            }
        }
    }

    private static func open(_ path: String) -> DatabaseQueue? {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
        }
        do {
            let queue = try DatabaseQueue(path: FileLocation.plain(path), configuration: configuration)
            _ = try queue.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") }
            return queue
        } catch {
            // Damage is what is expected here: the pages are read without SQLite then.
            return nil
        }
    }

    /// The newest decision's number as the index knows it, which is other pages than the table's; nil if it cannot be
    /// read.
    private static func lastDecision(_ source: DatabaseQueue) -> Int? {
        do {
            let sql = "SELECT max(triage_id) FROM triage INDEXED BY triage_by_alert"
            return try source.read { db in try Int.fetchOne(db, sql: sql) }
        } catch {
            return nil
        }
    }

    /// Reads a table as far as SQLite can; whether that is to its end.
    private func takeRows(of table: StoredTable, from source: DatabaseQueue, into db: Database) throws -> Bool {
        var failure: (any Error)?
        let isWhole: Bool
        do {
            isWhole = try source.read { source in
                // A file of an earlier version has no tables and columns that were added since.
                let version = try Int.fetchOne(source, sql: "PRAGMA user_version") ?? 0
                if version < Schema.version, try !source.tableExists(table.name) { return true }
                let known = Set(try source.columns(in: table.name).map(\.name))
                let found = table.columns.prefix { known.contains($0) }
                guard table.allows(found.count) else { return false }
                let columns = found.joined(separator: "\", \"")
                let rows = try Row.fetchCursor(source, sql: "SELECT \"\(columns)\" FROM \(table.name)")
                while failure == nil, let row = try rows.next() {
                    do { _ = try Self.insert(Array(row.databaseValues), into: table, db) } catch { failure = error }
                }
                return true
            }
        } catch {
            // The damage ends the table; the pages have the rest.
            return false
        }
        if let failure { throw failure }
        return isWhole
    }

    /// Adds a row unless its key is there already; false if it cannot be a row of the table. Columns that it does not
    /// have get what it means to be without them.
    private static func insert(_ row: [DatabaseValue], into table: StoredTable, _ db: Database) throws -> Bool {
        let columns = table.columns.prefix(row.count).joined(separator: "\", \"")
        let marks = row.map { _ in "?" }.joined(separator: ", ")
        do {
            try db.cachedStatement(sql: "INSERT OR IGNORE INTO \(table.name) (\"\(columns)\") VALUES (\(marks))")
                .execute(arguments: StatementArguments(row))
            return true
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            return false
        }
    }

    /// Counts what there is, and what is known to be missing: numbers that were given one after another.
    private mutating func count(_ stored: [StoredTable], _ db: Database) throws {
        for (index, table) in stored.enumerated() {
            if table.columns.contains("run_id"), table.name != "runs" {
                try db.execute(sql: "DELETE FROM \(table.name) WHERE run_id NOT IN (SELECT run_id FROM runs)")
                tables[index].missing += db.changesCount
            }
            if table.name.hasPrefix("activation_") {
                let sql = "DELETE FROM \(table.name) WHERE activation NOT IN (SELECT activation FROM activations)"
                try db.execute(sql: sql)
                tables[index].missing += db.changesCount
            }
            tables[index].rows = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table.name)") ?? 0
            guard let rowID = table.rowID else { continue }
            let last = try Int.fetchOne(db, sql: "SELECT max(\(table.columns[rowID])) FROM \(table.name)") ?? 0
            tables[index].missing += max(0, max(last, known[table.name] ?? 0) - tables[index].rows)
        }
    }
}

import GRDB

/// How the rows of a table are stored, by which they are known where no tree leads to them.
struct StoredTable {
    let name: String
    /// The columns as they are stored: the key's first in a table without row numbers.
    let columns: [String]
    private let types: [String]
    private let isOptional: [Bool]
    /// How many of the columns rows have that were written before the others were added.
    private let oldCount: Int
    /// Which column is the row's number; nil = the table has no row numbers.
    let rowID: Int?

    init(_ name: String, _ db: Database) throws {
        self.name = name
        let rows = try Row.fetchAll(db, sql: "PRAGMA table_info(\(name))")
        let sql = try String.fetchOne(db, sql: "SELECT sql FROM sqlite_master WHERE name = ?", arguments: [name]) ?? ""
        let isPlain = !sql.uppercased().contains("WITHOUT ROWID")
        var stored: [(name: String, type: String, isOptional: Bool, key: Int)] = []
        for row in rows {
            let key: Int = try row.value("pk")
            let isRequired: Bool = try row.value("notnull")
            stored.append((try row.value("name"), try row.value("type"), !isRequired && key == 0, key))
        }
        if !isPlain {
            let keys = stored.filter { $0.key > 0 }.sorted { $0.key < $1.key }
            stored = keys + stored.filter { $0.key == 0 }
        }
        columns = stored.map(\.name)
        types = stored.map(\.type)
        isOptional = stored.map(\.isOptional)
        oldCount = stored.count - (Schema.addedColumns[name] ?? 0)
        rowID = isPlain ? stored.firstIndex { $0.key == 1 && $0.type == "INTEGER" } : nil
    }

    /// Whether a row may have so many of the columns, the first ones.
    func allows(_ count: Int) -> Bool { (oldCount...columns.count).contains(count) }

    /// The values of a row, if the record can be one of this table: of its first columns, if it was written before the
    /// others were added.
    func row(of record: PageScanner.Record) -> [DatabaseValue]? {
        guard allows(record.values.count), (record.rowID == nil) == (rowID == nil) else { return nil }
        var values = record.values
        if let rowID, let number = record.rowID {
            guard values[rowID].isNull else { return nil }
            values[rowID] = number.databaseValue
        }
        for (index, value) in values.enumerated() {
            switch (value.storage, types[index]) {
            case (.null, _): guard isOptional[index] else { return nil }
            case (.int64, "INTEGER"), (.int64, "REAL"), (.double, "REAL"), (.string, "TEXT"): continue
            default: return nil
            }
        }
        return values
    }
}

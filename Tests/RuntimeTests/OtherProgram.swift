import GRDBSQLite
import Testing

/// Another program at the alerts file, as a shell or an editor is.
final class OtherProgram {
    private var connection: OpaquePointer?

    init(_ path: String) throws {
        try #require(sqlite3_open(path, &connection) == SQLITE_OK)
        sqlite3_busy_timeout(connection, 10_000)
    }

    deinit { sqlite3_close(connection) }

    func run(_ sql: String) throws {
        let code = sqlite3_exec(connection, sql, nil, nil, nil)
        try #require(code == SQLITE_OK, "\(sql): \(String(cString: sqlite3_errmsg(connection)))")
    }
}

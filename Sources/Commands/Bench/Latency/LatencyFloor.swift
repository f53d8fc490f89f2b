import CLZ4
import Foundation
import GRDBSQLite
import Synchronization

/// The least that any product must do between an event and its alert: append to a file (LZ4), fdatasync, and insert the
/// alerts into SQLite in one transaction. It parses nothing, keeps no windows, asks no model.
final class LatencyFloor: LatencySender, @unchecked Sendable {
    // Handed to one thread and used by no other.
    static let databaseName = "floor.sqlite"

    private let log: Int32
    private let database: OpaquePointer?
    private var insert: OpaquePointer?
    private var offset: Int64 = 0

    init(directory: String) throws(CommandError) {
        log = open(directory + "/floor.log", O_CREAT | O_WRONLY | O_APPEND, 0o600)
        var database: OpaquePointer?
        guard log >= 0, sqlite3_open(directory + "/" + Self.databaseName, &database) == SQLITE_OK else {
            throw .storage("cannot write to \(directory)")
        }
        self.database = database
        for sql in [
            "PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL",
            "CREATE TABLE alerts(position INTEGER PRIMARY KEY, event_id TEXT)",
        ] { sqlite3_exec(database, sql, nil, nil, nil) }
        sqlite3_prepare_v2(database, "INSERT INTO alerts VALUES (?, ?)", -1, &insert, nil)
    }

    deinit {
        sqlite3_finalize(insert)
        sqlite3_close(database)
        close(log)
    }

    /// Takes whole lines; what it returns from can be read by others.
    func send(_ lines: [UInt8], events: Range<Int>, _ made: LatencyEvents) throws(CommandError) {
        let packed = Self.pack(lines)
        var written = 0
        while written < packed.count {
            let count = packed.withUnsafeBytes { write(log, $0.baseAddress.map { $0 + written }, $0.count - written) }
            guard count > 0 else { throw .storage("the floor cannot write: \(String(cString: strerror(errno)))") }
            written += count
        }
        guard fdatasync(log) == 0 else { throw .storage("the floor cannot sync") }
        let hot = events.filter { made.isHot($0) }
        guard !hot.isEmpty else { return }
        sqlite3_exec(database, "BEGIN IMMEDIATE", nil, nil, nil)
        for event in hot {
            let digits = String(event)
            let id = "L" + String(repeating: "0", count: max(0, 12 - digits.count)) + digits
            sqlite3_bind_int64(insert, 1, offset)
            id.withCString { text in
                // Copied by SQLite: the text does not outlive this call.
                _ = sqlite3_bind_text(insert, 2, text, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
            }
            sqlite3_step(insert)
            sqlite3_reset(insert)
            offset += 1
        }
        guard sqlite3_exec(database, "COMMIT", nil, nil, nil) == SQLITE_OK else {
            throw .storage("the floor cannot commit")
        }
    }

    private static func pack(_ lines: [UInt8]) -> [UInt8] {
        let block = 1 << 16
        var out = [UInt8](repeating: 0, count: Int(LZ4_compressBound(Int32(block))) * (lines.count / block + 1))
        var size = 0
        var start = 0
        while start < lines.count {
            let count = min(block, lines.count - start)
            size += lines.withUnsafeBufferPointer { source in
                out.withUnsafeMutableBufferPointer { target in
                    guard let from = source.baseAddress, let to = target.baseAddress else { return 0 }
                    return Int(
                        from.withMemoryRebound(to: CChar.self, capacity: source.count) { from in
                            to.withMemoryRebound(to: CChar.self, capacity: target.count) { to in
                                LZ4_compress_default(from + start, to + size, Int32(count), Int32(target.count - size))
                            }
                        }
                    )
                }
            }
            start += count
        }
        return Array(out[..<size])
    }
}

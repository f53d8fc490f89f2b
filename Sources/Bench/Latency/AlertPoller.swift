import Console
import Foundation
import GRDBSQLite
import Histogram
import Runtime

/// Looks into a SQLite file each millisecond, as another program would, and notes when each alert can be read first.
struct AlertPoller {
    /// Reads the ids of new events and keeps where it is: two parameters, partition and position.
    let sql: String
    let path: String
    let partitions: Int

    /// What came of a run.
    struct Seen {
        /// From when the event was due to when its alert could be read, microseconds.
        var latency = Histogram<UInt64>(highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)
        var count = 0
        /// Alerts of events before the ones that count.
        var warmUp = 0
    }

    /// Looks until `expected` alerts have been seen or nothing has come for a while after the pacer's end.
    func run(_ pacer: LatencyPacer, from first: Int, expected: Int) throws(CommandError) -> Seen {
        var database: OpaquePointer?
        guard sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, nil) == SQLITE_OK else {
            throw .storage("cannot read \(path)")
        }
        defer { sqlite3_close(database) }
        sqlite3_busy_timeout(database, 1000)
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK else {
            throw .storage("cannot query \(path): \(String(cString: sqlite3_errmsg(database)))")
        }
        defer { sqlite3_finalize(statement) }
        var positions = Array(repeating: Int64(-1), count: partitions)
        var seen = Seen()
        var lastNews = MonotonicClock.now()
        while seen.count + seen.warmUp < expected {
            var hasNews = false
            for partition in 0..<partitions {
                sqlite3_bind_int64(statement, 1, Int64(partition))
                sqlite3_bind_int64(statement, 2, positions[partition])
                while sqlite3_step(statement) == SQLITE_ROW {
                    let now = MonotonicClock.now()
                    positions[partition] = sqlite3_column_int64(statement, 0)
                    guard let text = sqlite3_column_text(statement, 1),
                        let event = LatencyEvents.event(of: String(cString: text))
                    else { continue }
                    hasNews = true
                    if event < first {
                        seen.warmUp += 1
                    } else {
                        seen.count += 1
                        seen.latency.record(UInt64(max(0, now - pacer.due(event)) / 1000))
                    }
                }
                sqlite3_reset(statement)
            }
            let now = MonotonicClock.now()
            if hasNews || !pacer.hasEnded { lastNews = now }
            if now - lastNews > 10_000_000_000 { break }
            LatencyPacer.sleep(until: now + 1_000_000)
        }
        return seen
    }
}

import CSQLite
import GRDB

/// Moves the write-ahead log into the alerts file beside the writer, which would have to wait for it otherwise.
///
/// Little at a time: what is moved is synced in one go, and the event log's syncs on the same disk wait meanwhile.
///
/// Has a connection of its own and is used by one thread. The writer goes on meanwhile, so a little of the log is left;
/// the writer moves that, and begins the log anew, when the log is long.
public final class LogMover {
    private let database: AlertDatabase
    private let queue: DatabaseQueue
    private let pagesMin: Int32
    /// How long the log was when it was last moved.
    private var movedPages: Int32 = 0

    /// - Parameters:
    ///   - database: The file's writer: a failure is its failure, too.
    ///   - pagesMin: Pages of 4 KiB that the log has grown by before they are moved.
    /// - Throws: ``AlertStoreError``
    public init(beside database: AlertDatabase, pagesMin: Int32 = 128) throws(AlertStoreError) {
        self.database = database
        self.pagesMin = pagesMin
        queue = try database.anotherConnection()
    }

    /// Moves what has been written since the last call, if it is much.
    ///
    /// - Throws: ``AlertStoreError``; the file's writer takes nothing more then.
    public func moveIfDue() throws(AlertStoreError) {
        let pages = database.logPages
        // The writer has begun the log anew.
        if pages < movedPages { movedPages = 0 }
        guard pages - movedPages >= pagesMin else { return }
        do {
            try queue.writeWithoutTransaction { db in
                _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(PASSIVE)")
            }
            movedPages = pages
        } catch {
            let known = database.note(error)
            guard known.passes else { throw known }
        }
    }

    /// Closes the connection. What has not been moved yet stays in the log, for the next one.
    public func close() throws(AlertStoreError) {
        do { try queue.close() } catch { throw database.note(error) }
    }
}

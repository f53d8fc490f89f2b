import CSQLite
import FileStore
import GRDB
import Glibc
import Synchronization

/// What can go wrong with the database: each case is one thing that a person can act on.
public enum AlertStoreError: Error, Equatable, Sendable, CustomStringConvertible {
    case full(path: String)
    case readOnly(path: String)
    /// Too many files are open.
    case outOfFiles(path: String)
    case busy(path: String)
    /// Written by a later version of this program.
    case newer(path: String, version: Int, known: Int)
    case damaged(path: String, words: String)
    case notFound(path: String)
    /// The write-ahead log holds something, and the folder cannot be written: SQLite cannot read it there.
    case unwritableLog(path: String, bytes: Int)
    /// A question took longer than its time.
    case tooSlow(path: String)
    case other(path: String, words: String)
    /// An earlier call failed at the disk: what was written is not certain until the file has been opened anew.
    case failed(path: String, words: String)

    public var description: String {
        switch self {
        case .full(let path): "\(path): the disk is full; free some space and run the same command again"
        case .readOnly(let path): "\(path) cannot be written; check its owner, or choose another with --alerts"
        case .outOfFiles(let path): "\(path) cannot be opened: Too many open files; raise the limit (ulimit -n)"
        case .busy(let path): "\(path) is locked by another program; close it there and run the same command again"
        case .newer(let path, let version, let known):
            "\(path) has schema version \(version), this program knows \(known); use a newer patternalarm"
        case .damaged(let path, let words):
            "\(path) is damaged, or the disk cannot read it (\(words)); check the disk, then run `patternalarm alerts rebuild` "
                + "with the same --data-dir: it keeps what people have decided, as far as it can be read, and makes the "
                + "alerts from the log"
        case .notFound(let path): "there is no \(path); run `patternalarm replay` first, or name it with --alerts"
        case .unwritableLog(let path, let bytes):
            "\(path) was not closed: \(bytes) bytes beside it (-wal, -journal) belong to it, and its folder cannot be written, as "
                + "reading them takes; copy the whole folder to where you can write, and name the copy with --data-dir"
        case .tooSlow(let path): "\(path): the question took too long; ask for less"
        case .other(let path, let words): "\(path): \(words)"
        case .failed(let path, let words):
            "\(path) takes nothing more since an earlier call failed (\(words)); run the same command again"
        }
    }
}

extension AlertStoreError {
    /// Whether it goes by itself: nothing was written, nothing is doubtful, and the same call may succeed later.
    public var passes: Bool {
        switch self {
        case .busy, .full, .outOfFiles: true
        default: false
        }
    }
}

/// How many pages the write-ahead log had after the last commit; SQLite writes it.
private final class LogPages: @unchecked Sendable {
    // Used by the one thread at a time that uses the connection.
    let count = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

    init() { count.initialize(to: 0) }

    deinit { count.deallocate() }
}

/// The alerts file: one writer, any number of readers, everything of one commit in one transaction (C3).
///
/// A call that the disk refuses is never repeated as if nothing had happened: the kernel may have dropped what it could
/// not write, and a second sync only seems to succeed. The file takes nothing more then, is closed as it is, and what
/// its write-ahead log holds is written again when it is next opened.
public final class AlertDatabase: Sendable {
    public let path: String
    /// The file as SQLite is told of it.
    private let location: String
    private let writer: any DatabaseWriter
    let isReadOnly: Bool
    private let failure = Mutex<AlertStoreError?>(nil)
    private let checkpointPages: Int32
    private let log = LogPages()
    private let timeLimit: Int32
    private let cacheBytes: Int

    /// Opens the file, made and brought to the current schema unless it is only to be read: then one without tables, as
    /// an early power cut leaves it, has no alerts, and one of an earlier schema is read in a copy.
    ///
    /// - Parameters:
    ///   - path: The file; its name may hold any byte.
    ///   - readOnly: Whether only to read. Where the folder cannot be written, a file that was closed is read as it is.
    ///   - readers: How many may read at a time, each with a connection of its own; more than one if the file is only
    ///     to be read.
    ///   - timeLimit: How many milliseconds a question may take before it ends as ``AlertStoreError/tooSlow(path:)``;
    ///     0 = no limit.
    ///   - checkpointPages: How many pages of 4 KiB the write-ahead log has when it is moved into the file.
    ///   - lockSeconds: How long a call waits while another program holds the file, before it ends as
    ///     ``AlertStoreError/busy(path:)``.
    ///   - vfs: The file system, by the name that SQLite knows it by; the real one otherwise.
    ///   - cacheBytes: Bytes of the file that a writer holds in memory.
    /// - Throws: ``AlertStoreError``
    public init(
        path: String,
        readOnly: Bool = false,
        readers: Int = 1,
        timeLimit: Int = 0,
        checkpointPages: Int32 = 16384,
        lockSeconds: Double = 5,
        vfs: String? = nil,
        cacheBytes: Int = 64 << 20
    ) throws(AlertStoreError) {
        precondition(readers == 1 || readOnly, "There is one writer.")
        self.path = path
        if let vfs {
            location = FileLocation.uri(path, ["vfs": vfs])
        } else {
            location = readOnly ? try FileLocation.forReading(path) : FileLocation.plain(path)
        }
        isReadOnly = readOnly
        self.checkpointPages = checkpointPages
        self.timeLimit = Int32(clamping: timeLimit)
        self.cacheBytes = cacheBytes
        precondition(SystemErrors.isListening)
        let queue: any DatabaseWriter
        do {
            var configuration = Self.configuration(readOnly, log, cacheBytes: cacheBytes)
            configuration.busyMode = .timeout(lockSeconds)
            configuration.maximumReaderCount = readers
            let opened: any DatabaseWriter =
                readers > 1
                ? try DatabasePool(path: location, configuration: configuration)
                : try DatabaseQueue(path: location, configuration: configuration)
            let version = try opened.read { db in try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0 }
            guard version <= Schema.version else {
                throw AlertStoreError.newer(path: path, version: version, known: Schema.version)
            }
            queue = readOnly && version < Schema.version ? try Self.currentCopy(of: opened) : opened
        } catch {
            throw Self.translate(error, path: path)
        }
        writer = queue
        guard !readOnly else { return }
        do {
            try queue.writeWithoutTransaction { db in
                _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
                try Self.rewriteLog(db)
            }
            try Schema.migrator().migrate(queue)
        } catch {
            throw note(error)
        }
    }

    /// An empty database in memory, with the current schema.
    public init() throws(AlertStoreError) {
        precondition(SystemErrors.isListening)
        (path, location, isReadOnly, checkpointPages, timeLimit) = ("memory", ":memory:", false, .max, 0)
        cacheBytes = 0
        do {
            let queue = try DatabaseQueue()
            try Schema.migrator().migrate(queue)
            writer = queue
        } catch {
            throw Self.translate(error, path: "memory")
        }
    }

    /// A copy with the current schema, of a file that is not to be changed by being read.
    private static func currentCopy(of database: any DatabaseWriter) throws -> DatabaseQueue {
        // Without a name it is a temporary file of SQLite's own, which is gone with the connection.
        let queue = try DatabaseQueue(path: "")
        try database.backup(to: queue)
        try Schema.migrator().migrate(queue)
        return queue
    }

    private static func configuration(_ readOnly: Bool, _ log: LogPages?, cacheBytes: Int) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.readonly = readOnly
        configuration.prepareDatabase { db in
            guard !readOnly else {
                // What the file holds came from outside: it defines nothing that runs, and a damaged page is told.
                try db.execute(
                    sql: """
                        PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
                        PRAGMA mmap_size = 0
                        """
                )
                return
            }
            // Opening may fail before the log has been written again: then nothing of it must reach the file.
            if let connection = db.sqliteConnection { pa_sqlite_checkpoint_on_close(connection, 0) }
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
            // What a long read has made grow is given back once the log is begun anew.
            try db.execute(sql: "PRAGMA journal_size_limit = \(64 << 20)")
            // A large transaction touches pages all over the file (indexes): with SQLite's 2 MB of cache
            // each was written to the WAL many times over.
            try db.execute(sql: "PRAGMA cache_size = -\(cacheBytes >> 10)")
            if let log, let connection = db.sqliteConnection { pa_sqlite_count_log_pages(connection, log.count) }
        }
        return configuration
    }

    /// What a killed process has left in the write-ahead log may be in memory only, after a sync that failed.
    private static func rewriteLog(_ db: Database) throws {
        try db.inTransaction(.immediate) {
            if let connection = db.sqliteConnection {
                let code = pa_sqlite_rewrite_log(connection)
                guard code == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
            }
            return .rollback
        }
        if let connection = db.sqliteConnection { pa_sqlite_checkpoint_on_close(connection, 1) }
    }

    /// Pages in the write-ahead log after the last commit. Any thread may ask.
    var logPages: Int32 { pa_sqlite_log_pages(log.count) }

    /// Bytes of the write-ahead log that are in use, as of the last commit: it is begun anew when all of it is in the
    /// file and nobody reads from it. Any thread may ask.
    public var writeAheadBytes: Int { Int(logPages) * Self.pageBytes }

    /// SQLite's default; the file is made with it.
    private static let pageBytes = 4096

    /// A second connection that may write: what it commits is its own affair.
    func anotherConnection() throws(AlertStoreError) -> DatabaseQueue {
        do {
            let configuration = Self.configuration(false, nil, cacheBytes: cacheBytes)
            return try DatabaseQueue(path: location, configuration: configuration)
        } catch {
            throw Self.translate(error, path: path)
        }
    }

    /// Writes everything into the one file, so that it can be copied alone, and closes it.
    public func close() throws(AlertStoreError) {
        do {
            if !isReadOnly, failure.withLock({ $0 == nil }) {
                try writer.writeWithoutTransaction { db in
                    _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
                }
            }
            try writer.close()
        } catch {
            throw note(error)
        }
    }

    func write<Value>(_ body: (Database) throws -> Value) throws(AlertStoreError) -> Value {
        try checkUsable()
        do {
            let value = try writer.write(body)
            try checkpointIfDue()
            return value
        } catch {
            throw note(error)
        }
    }

    /// A transaction that survives a power cut: for what no log can give back.
    func writeDurably(_ body: (Database) throws -> Void) throws(AlertStoreError) {
        try withoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            var outcome = Result<Void, any Error>.success(())
            do {
                try db.inTransaction {
                    try body(db)
                    return .commit
                }
            } catch {
                outcome = .failure(error)
            }
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
            try outcome.get()
        }
    }

    func withoutTransaction<Value>(_ body: (Database) throws -> Value) throws(AlertStoreError) -> Value {
        try checkUsable()
        do {
            let value = try writer.writeWithoutTransaction(body)
            try checkpointIfDue()
            return value
        } catch {
            throw note(error)
        }
    }

    /// Makes what has been committed survive a power cut, which commits alone do not.
    public func syncCommits() throws(AlertStoreError) {
        try withoutTransaction { db in
            guard let connection = db.sqliteConnection else { return }
            let code = pa_sqlite_sync_log(connection)
            guard code == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
        }
    }

    /// Moves the write-ahead log into the file if it is long. SQLite would do so by itself, and try again later if it
    /// fails. What was committed is committed: that somebody else is at the file is no error of the call before.
    private func checkpointIfDue() throws {
        try writer.writeWithoutTransaction { db in
            guard logPages >= checkpointPages else { return }
            do {
                _ = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(PASSIVE)")
            } catch let error as DatabaseError where Self.passes(error, as: Self.translate(error, path: path)) {
                return
            }
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(AlertStoreError) -> Value {
        do {
            return try writer.read { db in
                guard timeLimit > 0, let connection = db.sqliteConnection else { return try body(db) }
                pa_sqlite_limit_time(connection, timeLimit)
                defer { pa_sqlite_limit_time(connection, 0) }
                return try body(db)
            }
        } catch {
            throw Self.translate(error, path: path)
        }
    }

    private func checkUsable() throws(AlertStoreError) {
        if let failure = failure.withLock({ $0 }) { throw .failed(path: path, words: "\(failure)") }
    }

    /// The error of a call that may have written; if the disk has refused something, it was the last one, unless that
    /// passes.
    func note(_ error: any Error) -> AlertStoreError {
        let translated = Self.translate(error, path: path)
        let codes: [ResultCode] = [.SQLITE_IOERR, .SQLITE_FULL, .SQLITE_CANTOPEN, .SQLITE_CORRUPT]
        guard let error = error as? DatabaseError, codes.contains(error.resultCode),
            !Self.passes(error, as: translated)
        else { return translated }
        failure.withLock { $0 = $0 ?? translated }
        writer.unsafeReentrantWrite { db in
            if let connection = db.sqliteConnection { pa_sqlite_checkpoint_on_close(connection, 0) }
        }
        return translated.passes ? .failed(path: path, words: "\(translated)") : translated
    }

    /// Whether a transaction that failed so is undone, and may be tried again: what SQLite could not write for want of
    /// room it has rolled back, which it cannot say of a sync.
    private static func passes(_ error: DatabaseError, as translated: AlertStoreError) -> Bool {
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL: true
        case .SQLITE_CANTOPEN: translated.passes
        case .SQLITE_IOERR:
            [.SQLITE_IOERR_SHMOPEN, .SQLITE_IOERR_SHMSIZE, .SQLITE_IOERR_SHMMAP].contains(error.extendedResultCode)
                && translated.passes
        default: false
        }
    }

    private static func translate(_ error: any Error, path: String) -> AlertStoreError {
        if let known = error as? AlertStoreError { return known }
        // A column holds what the schema does not allow.
        if let error = error as? RowDecodingError { return .damaged(path: path, words: "\(error)") }
        guard let error = error as? DatabaseError else { return .other(path: path, words: "\(error)") }
        switch error.resultCode {
        case .SQLITE_FULL: return .full(path: path)
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: return .readOnly(path: path)
        case .SQLITE_BUSY, .SQLITE_LOCKED: return .busy(path: path)
        case .SQLITE_INTERRUPT: return .tooSlow(path: path)
        case .SQLITE_ERROR where error.message?.hasPrefix("no such ") == true:
            // Of our own tables: what names them is damaged.
            return .damaged(path: path, words: error.message ?? "")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return .damaged(path: path, words: error.message ?? "not a database")
        case .SQLITE_CANTOPEN, .SQLITE_IOERR: return diagnose(path, error)
        default: return .other(path: path, words: error.message ?? "\(error.resultCode)")
        }
    }

    /// SQLite says only that it cannot open, read or write a file: the file system is asked why.
    private static func diagnose(_ path: String, _ error: DatabaseError) -> AlertStoreError {
        let folder = parentDirectory(of: path)
        var space = statvfs()
        if statvfs(folder, &space) == 0, space.f_bavail == 0 || space.f_files > 0 && space.f_favail == 0 {
            return .full(path: path)
        }
        guard let code = SystemErrors.take() ?? Self.errorOfOpening(path) else {
            return .other(path: path, words: error.message ?? "\(error.resultCode)")
        }
        switch code {
        case ENOSPC, EDQUOT, EFBIG: return .full(path: path)
        case EMFILE, ENFILE: return .outOfFiles(path: path)
        case EACCES, EPERM, EROFS: return .readOnly(path: path)
        case ENOENT where access(folder, F_OK) == 0 && access(folder, W_OK) != 0: return .readOnly(path: path)
        case ENOENT: return .notFound(path: path)
        default: return .other(path: path, words: String(cString: strerror(code)))
        }
    }

    /// The error number of opening the file; nil if that succeeds.
    private static func errorOfOpening(_ path: String) -> Int32? {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        Glibc.close(descriptor)
        return nil
    }
}

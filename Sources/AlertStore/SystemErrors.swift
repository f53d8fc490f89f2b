import CSQLite
import GRDB
import Synchronization

/// Listens to SQLite's own error log, the only place that tells which system call failed and why: the error codes hide
/// it ("unable to open database file" for a full table of files, "disk I/O error" for a full disk).
enum SystemErrors {
    private static let last = Mutex<Int32?>(nil)

    /// Has to be on before the first connection.
    static let isListening: Bool = {
        pa_sqlite_allow_uris()
        // SQLite's message: `os_unix.c:44532: (24) open(/path) - Too many open files`.
        Database.logError = { _, message in
            guard let start = message.firstIndex(of: "("), message.hasPrefix("os_") else { return }
            let digits = message[message.index(after: start)...].prefix { $0.isNumber }
            if let code = Int32(digits), code != 0 { last.withLock { $0 = code } }
        }
        return true
    }()

    /// The newest system error, as in `errno.h`; it is told once.
    static func take() -> Int32? {
        last.withLock { code in
            defer { code = nil }
            return code
        }
    }
}

import GRDB

extension AlertDatabase {
    /// Decisions of people, about whatever alerts.
    public func decisionCount() throws(AlertStoreError) -> Int {
        try read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM triage") ?? 0 }
    }

    /// The activation from which on the file's alerts have been made from the log; nil if the file knows of none.
    public func beginning() throws(AlertStoreError) -> Int? {
        try read { db in
            try Int.fetchOne(db, sql: "SELECT max(activation) FROM activations WHERE kind = 'begin'")
        }
    }
}

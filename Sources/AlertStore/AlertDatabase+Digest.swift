import Base
import GRDB

extension AlertDatabase {
    /// SHA-256 over everything that is derived from the log, row by row in the order of the primary keys: two databases
    /// have the same digest exactly if they hold the same alerts, evidence, ledger and offsets (C2).
    ///
    /// Run numbers, clocks and the order of writing do not enter. Text and integers count by their bytes, reals by
    /// their 64 bits. What alerts say of the definitions that opened them does not enter: the digest of the same alerts
    /// is what it was before they said so.
    public func digest() throws(AlertStoreError) -> String {
        try read { db in
            var digest = SHA256()
            // What hangs on an alert comes behind it.
            for table in ["alerts"] + Self.derivedTables.filter({ $0 != "alerts" }) {
                let order = try db.primaryKey(table).columns.map { "\"\($0)\"" }.joined(separator: ", ")
                digest.update(Array("table \(table)\n".utf8))
                let columns = try db.columns(in: table).map(\.name).filter { !Self.isLeftOut($0, of: table) }
                let list = columns.map { "\"\($0)\"" }.joined(separator: ", ")
                let rows = try Row.fetchCursor(db, sql: "SELECT \(list) FROM \(table) ORDER BY \(order)")
                while let row = try rows.next() {
                    var line: [UInt8] = []
                    for column in 0..<row.count {
                        let value: DatabaseValue = row[column]
                        switch value.storage {
                        case .null: line.append(0x6E)
                        case .int64(let number):
                            line.append(0x69)
                            line.append(contentsOf: String(number).utf8)
                        case .double(let number):
                            line.append(0x72)
                            line.append(contentsOf: String(number.bitPattern, radix: 16).utf8)
                        case .string(let text):
                            line.append(0x74)
                            line.append(contentsOf: "\(text.utf8.count):".utf8)
                            line.append(contentsOf: text.utf8)
                        case .blob(let data):
                            line.append(0x62)
                            line.append(contentsOf: data)
                        }
                        line.append(0x1F)
                    }
                    line.append(0x0A)
                    digest.update(line)
                }
            }
            return digest.hexadecimal()
        }
    }

    private static func isLeftOut(_ column: String, of table: String) -> Bool {
        column == "activation" || table == "alerts" && column == "detector_version"
    }
}

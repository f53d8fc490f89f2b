import GRDB

extension Row {
    /// The value of a column. Unlike the row's subscripts it does not trap if the file is damaged and holds something
    /// else.
    func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        try decode(Value.self, forColumn: column)
    }
}

/// What can go wrong with a table's file, in words that name it.
public enum TableError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It cannot be read, or does not hold such a table.
    case unreadable(String)
    case unwritable(String)

    public var description: String {
        switch self {
        case .unreadable(let words), .unwritable(let words): words
        }
    }
}

public import Base

/// Where state lies that is not in memory, as of the last checkpoint: whoever has given keys up looks for them here,
/// and a new owner takes all of it. What keeps it, and how, nobody who asks need know.
public protocol ColdState: Sendable {
    /// What keeps state from being read.
    associatedtype Failure: Error

    /// Looks for the newest value of a key.
    ///
    /// - Parameters:
    ///   - table: The key's table.
    ///   - key: The key.
    ///   - buffer: The value is copied into it, in place of what is there; it stays as it was if there is none.
    /// - Returns: The value's time; nil if there is none.
    /// - Throws: What keeps it from being read.
    func find(_ table: StateTable, _ key: Text, into buffer: inout [UInt8]) throws(Failure) -> Int64?

    /// Calls the body with every record: newer versions of a key before older ones, so the first one counts. Stops when
    /// the body returns false.
    func visit(_ body: (StateRecord) -> Bool) throws(Failure)
}

/// Why state that is not in memory cannot be had.
public enum ColdError: Error, Sendable, CustomStringConvertible {
    /// It cannot be read; the error is that of what keeps it.
    case unread(any Error)
    /// What is there is not what was to be there: in words.
    case unfit(String)

    public var description: String {
        switch self {
        case .unread(let error): "\(error)"
        case .unfit(let words): "the last checkpoint is damaged: \(words); run the same command again"
        }
    }
}

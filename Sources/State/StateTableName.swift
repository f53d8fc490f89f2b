/// What a checkpoint knows a table by, whatever its number.
public struct StateTableName: Hashable, Sendable {
    /// What is in it: of two tables with one name each record means the same.
    public var text: String
    /// What lies in its values, in the order in which it does; empty where there is but one way.
    public var columns: [String]

    public init(_ text: String, columns: [String] = []) {
        self.text = text
        self.columns = columns
    }

    /// A number that no table has any more: records of it may still be there, all of them dead.
    package static let gone = StateTableName("")
    /// Whether no table has the number any more.
    package var isGone: Bool { text.isEmpty }
}

/// A table as the owner of the state has it.
public struct StateTableForm: Sendable, Equatable {
    public var name: StateTableName
    /// How far behind the clock a record still matters, microseconds; nil = whatever the clock.
    public var horizon: Int64?

    public init(_ name: StateTableName, horizon: Int64?) {
        self.name = name
        self.horizon = horizon
    }
}

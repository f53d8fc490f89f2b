/// What a checkpoint says of a state that is to be made from it, beside its records.
public struct RestoredState: Sendable {
    /// The state is as of this offset: the events before it are in it.
    public var offset: Int64
    /// The clock as of the offset, microseconds; nil before the first event.
    public var clock: Int64?
    /// What its owner kept besides, by name; under the empty name all of it, if an earlier version of the program did.
    public var sections: [String: [UInt8]]
    /// Which table is which; nil if an earlier version wrote it: then the numbers say it.
    public var tables: [StateTable: StateTableName]?

    /// A state as of an offset; `clock` in microseconds.
    public init(
        offset: Int64,
        clock: Int64?,
        sections: [String: [UInt8]],
        tables: [StateTable: StateTableName]?
    ) {
        self.offset = offset
        self.clock = clock
        self.sections = sections
        self.tables = tables
    }
}

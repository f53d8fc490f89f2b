public import Base

/// A table of a state: 16 bits that its records bear, chosen by whoever owns the state. What is in it says a
/// ``StateTableName``.
public struct StateTable: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let number: UInt16

    public init(_ number: UInt16) {
        self.number = number
    }

    /// By number, as tables are in a run.
    public static func < (left: StateTable, right: StateTable) -> Bool { left.number < right.number }
}

/// One keyed value of a checkpoint.
///
/// A record is dead, and may be dropped from disk, once the clock has passed its time by its table's horizon: exactly
/// when the state in memory drops it, too. That is why nothing is ever written to say that a key is gone.
public struct StateRecord {
    public var table: StateTable
    public var key: Text
    /// Event time up to which the value matters by itself, microseconds.
    public var time: Int64
    /// Valid as long as what the record was read from.
    public var value: UnsafeRawBufferPointer

    /// Bytes in front of a record's value where records lie behind one another.
    package static let headerBytes = 2 + 16 + 8 + 4

    /// A record of a key.
    package init(table: StateTable, key: Text, time: Int64, value: UnsafeRawBufferPointer) {
        (self.table, self.key, self.time, self.value) = (table, key, time, value)
    }

    /// The order in which records lie in an image and in a run: by table, then by key.
    package func precedes(_ other: StateRecord) -> Bool {
        if table != other.table { return table < other.table }
        if key.low != other.key.low { return key.low < other.key.low }
        return key.high < other.key.high
    }

    /// Whether both are of one key of one table.
    package func hasKey(of other: StateRecord) -> Bool { table == other.table && key == other.key }
}

/// Reads records that lie behind one another.
package struct RecordReader {
    private let bytes: UnsafeRawBufferPointer
    /// Bytes that have been read.
    package private(set) var position = 0

    /// Begins with the first of them; they must stay where they are.
    package init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The next record, or nil at the end and where no whole record follows.
    package mutating func next() -> StateRecord? {
        guard bytes.count - position >= StateRecord.headerBytes else { return nil }
        func load<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ at: Int) -> T {
            T(littleEndian: bytes.loadUnaligned(fromByteOffset: position + at, as: T.self))
        }
        let size = Int(load(UInt32.self, 26))
        guard size <= bytes.count - position - StateRecord.headerBytes else { return nil }
        let start = position + StateRecord.headerBytes
        let record = StateRecord(
            table: StateTable(load(UInt16.self, 0)),
            key: Text(low: load(UInt64.self, 2), high: load(UInt64.self, 10)),
            time: load(Int64.self, 18),
            value: UnsafeRawBufferPointer(rebasing: bytes[start..<start + size])
        )
        position = start + size
        return record
    }
}

public import Base
import Bytes

/// The names of the tables that a checkpoint holds: 16 bits, chosen by whoever owns the state.
public struct StateTable: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let number: UInt16

    public init(_ number: UInt16) {
        self.number = number
    }

    public static func < (left: StateTable, right: StateTable) -> Bool { left.number < right.number }
}

/// One keyed value of a checkpoint.
///
/// A record is dead, and may be dropped from disk, once the clock has passed its time by its table's horizon: exactly when
/// the state in memory drops it, too. That is why nothing is ever written to say that a key is gone.
public struct StateRecord {
    public var table: StateTable
    public var key: Text
    /// Event time up to which the value matters by itself, microseconds.
    public var time: Int64
    /// Valid as long as what the record was read from.
    public var value: UnsafeRawBufferPointer

    static let headerBytes = 2 + 16 + 8 + 4

    func precedes(_ other: StateRecord) -> Bool {
        if table != other.table { return table < other.table }
        if key.low != other.key.low { return key.low < other.key.low }
        return key.high < other.key.high
    }

    func hasKey(of other: StateRecord) -> Bool { table == other.table && key == other.key }
}

/// What changed in a state since its last checkpoint, copied out of it: the engine fills an image and goes on; sorting
/// and writing it is somebody else's work.
public final class StateImage: @unchecked Sendable {
    // Filled by one thread, then handed over whole; never used by two at once.

    /// The state is as of this offset: the events before it are in it.
    public private(set) var offset: Int64
    /// The clock as of the offset, microseconds; nil before the first event.
    public private(set) var clock: Int64?
    /// How far behind the clock a record of each table still matters, microseconds.
    public private(set) var horizons: [StateTable: Int64]
    /// What is small and not keyed, in its owner's own format.
    public var extra: [UInt8] = []
    public private(set) var count = 0
    private var records = ByteWriter(capacity: 1 << 16)

    public init(offset: Int64, clock: Int64?, horizons: [StateTable: Int64]) {
        self.offset = offset
        self.clock = clock
        self.horizons = horizons
    }

    /// Empties the image for another offset and keeps its memory: touching fresh memory costs as much as the copying.
    public func reuse(offset: Int64, clock: Int64?, horizons: [StateTable: Int64]) {
        self.offset = offset
        self.clock = clock
        self.horizons = horizons
        extra = []
        count = 0
        records.removeAll()
    }

    /// Bytes that were copied.
    public var byteCount: Int { records.count }

    /// Copies one value. A key is added once at most.
    public func add(_ table: StateTable, _ key: Text, time: Int64, value: UnsafeRawBufferPointer) {
        let size = StateRecord.headerBytes + value.count
        var target = records.reserve(size)
        target.storeBytes(of: table.number.littleEndian, as: UInt16.self)
        target.storeBytes(of: key.low.littleEndian, toByteOffset: 2, as: UInt64.self)
        target.storeBytes(of: key.high.littleEndian, toByteOffset: 10, as: UInt64.self)
        target.storeBytes(of: time.littleEndian, toByteOffset: 18, as: Int64.self)
        target.storeBytes(of: UInt32(value.count).littleEndian, toByteOffset: 26, as: UInt32.self)
        target += StateRecord.headerBytes
        if let base = value.baseAddress { target.copyMemory(from: base, byteCount: value.count) }
        records.advance(by: size)
        count += 1
    }

    /// All records by table and key. O(n log n).
    func sorted() -> [StateRecord] {
        var all: [StateRecord] = []
        all.reserveCapacity(count)
        var reader = RecordReader(records.bytes)
        while let record = reader.next() { all.append(record) }
        all.sort { $0.precedes($1) }
        return all
    }
}

/// Reads records that lie behind one another.
struct RecordReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The next record, or nil at the end and where no whole record follows.
    mutating func next() -> StateRecord? {
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

    var isAtEnd: Bool { position == bytes.count }
}

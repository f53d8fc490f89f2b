public import Base

/// What changed in a state since its last checkpoint, copied out of it piece by piece: the engine fills an image while
/// it goes on; sorting and writing it is somebody else's work.
public final class StateImage: @unchecked Sendable {
    // Filled by one thread, then handed over whole; never used by two at once.

    /// The state is as of this offset: the events before it are in it.
    public private(set) var offset: Int64
    /// The clock as of the offset, microseconds; nil before the first event.
    public private(set) var clock: Int64?
    /// All tables of the state. Of another one every record is dead.
    public private(set) var tables: [StateTable: StateTableForm]
    /// What is small and not keyed, by name, each in its owner's own format.
    public var sections: [String: [UInt8]] = [:]
    public private(set) var count = 0
    /// Bytes that were copied.
    public private(set) var byteCount = 0

    /// Bytes that a record takes in an image beside its value.
    public static var recordBytes: Int { StateRecord.headerBytes }

    /// Bytes of memory that the image keeps, full or empty.
    public var heldBytes: Int { pieces.reduce(0) { $0 + $1.memory.count } }

    /// Memory in pieces: one that grew would have to be copied whole now and then, and nobody would know when.
    private struct Piece {
        var memory: UnsafeMutableRawBufferPointer
        var used = 0
    }

    private var pieces: [Piece] = []
    private var current = 0

    private static let pieceBytes = 256 << 10

    /// An empty image of a state as of an offset; `clock` in microseconds.
    public init(offset: Int64, clock: Int64?, tables: [StateTable: StateTableForm]) {
        precondition(offset >= 0, "Offsets begin with 0.")
        self.offset = offset
        self.clock = clock
        self.tables = tables
    }

    deinit {
        for piece in pieces { piece.memory.deallocate() }
    }

    /// Empties the image for another offset and keeps its memory: touching fresh memory costs as much as the copying.
    /// But not that of values too large for a piece: one that grows would need another piece each time.
    public func reuse(offset: Int64, clock: Int64?, tables: [StateTable: StateTableForm]) {
        precondition(offset >= 0, "Offsets begin with 0.")
        self.offset = offset
        self.clock = clock
        self.tables = tables
        sections = [:]
        count = 0
        byteCount = 0
        pieces.removeAll { piece in
            guard piece.memory.count > Self.pieceBytes else { return false }
            piece.memory.deallocate()
            return true
        }
        for index in pieces.indices { pieces[index].used = 0 }
        current = 0
    }

    /// Copies one value. Of a key that is added twice, the first value counts.
    public func add(_ table: StateTable, _ key: Text, time: Int64, value: UnsafeRawBufferPointer) {
        var target = reserve(StateRecord.headerBytes + value.count)
        target.storeBytes(of: table.number.littleEndian, as: UInt16.self)
        target.storeBytes(of: key.low.littleEndian, toByteOffset: 2, as: UInt64.self)
        target.storeBytes(of: key.high.littleEndian, toByteOffset: 10, as: UInt64.self)
        target.storeBytes(of: time.littleEndian, toByteOffset: 18, as: Int64.self)
        target.storeBytes(of: UInt32(value.count).littleEndian, toByteOffset: 26, as: UInt32.self)
        target += StateRecord.headerBytes
        if let base = value.baseAddress { target.copyMemory(from: base, byteCount: value.count) }
    }

    private func reserve(_ size: Int) -> UnsafeMutableRawPointer {
        if size > Self.pieceBytes {
            // Behind what has been added, in front of the empty pieces.
            if current < pieces.count, pieces[current].used > 0 { current += 1 }
            pieces.insert(Piece(memory: .allocate(byteCount: size, alignment: 16)), at: current)
        } else {
            while current < pieces.count, pieces[current].memory.count - pieces[current].used < size { current += 1 }
            if current == pieces.count {
                pieces.append(Piece(memory: .allocate(byteCount: Self.pieceBytes, alignment: 16)))
            }
        }
        precondition(pieces[current].used + size <= pieces[current].memory.count, "A record lies in one piece.")
        guard let base = pieces[current].memory.baseAddress else { preconditionFailure("Pieces are never empty.") }
        defer {
            pieces[current].used += size
            byteCount += size
            count += 1
        }
        return base + pieces[current].used
    }

    /// A record's key, and where it lies: sorting moves these instead of records.
    private struct Place {
        var table: UInt16
        var low: UInt64
        var high: UInt64
        /// Piece and position in it; ascending in the order of adding.
        var piece: Int32
        var position: Int32

        func precedes(_ other: Place) -> Bool {
            if table != other.table { return table < other.table }
            if low != other.low { return low < other.low }
            if high != other.high { return high < other.high }
            return (piece, position) < (other.piece, other.position)
        }

        func hasKey(of other: Place) -> Bool { table == other.table && low == other.low && high == other.high }
    }

    /// All records by table and key, each key once. O(n log n).
    package func visitSorted<Failure: Error>(_ body: (StateRecord) throws(Failure) -> Void) throws(Failure) {
        var places: [Place] = []
        places.reserveCapacity(count)
        for (number, piece) in pieces.enumerated() where piece.used > 0 {
            var reader = RecordReader(UnsafeRawBufferPointer(rebasing: piece.memory[..<piece.used]))
            var position = 0
            while let record = reader.next() {
                places.append(
                    Place(
                        table: record.table.number,
                        low: record.key.low,
                        high: record.key.high,
                        piece: Int32(number),
                        position: Int32(position)
                    )
                )
                position = reader.position
            }
        }
        precondition(places.count == count, "All records that were added are there.")
        places.sort { $0.precedes($1) }
        var last: Place?
        for place in places {
            if let last, last.hasKey(of: place) { continue }
            last = place
            let piece = pieces[Int(place.piece)]
            var reader = RecordReader(UnsafeRawBufferPointer(rebasing: piece.memory[Int(place.position)..<piece.used]))
            guard let record = reader.next() else { preconditionFailure("A place is where a record was.") }
            try body(record)
        }
    }
}

extension StateImage {
    /// Whether the clock has passed a record for good, or its table is none of the state any more.
    public func isDead(_ record: StateRecord) -> Bool {
        guard let table = tables[record.table] else { return true }
        guard let clock, let horizon = table.horizon else { return false }
        return record.time < clock - horizon
    }
}

/// Some records of a file, column by column: where each value's bytes are.
///
/// One thread fills it; then others may read it, each its own columns.
public final class RecordBlock: @unchecked Sendable {
    // Filled by one thread and only then read by others.

    /// What a value was in the file.
    enum Kind: UInt8, Sendable {
        /// A field of CSV, a string of JSON.
        case text
        case number, bool
        /// An object or a list, as it is written.
        case json
    }

    struct Value: Sendable {
        var row: Int32
        var start: Int32
        var count: Int32
        var kind: Kind
    }

    /// Records that are in the block.
    public var count: Int { lines.count }
    /// Each record's line in its file.
    private(set) var lines: [Int] = []
    /// A hash of each record's bytes.
    private(set) var hashes: [UInt64] = []
    /// The columns' names, and their values: none for a record that has no value there, several for a list.
    private(set) var paths: [String] = []
    private(set) var values: [[Value]] = []
    private(set) var bytes: UnsafeMutablePointer<UInt8>
    private var byteCapacity = 1 << 20
    private var byteCount = 0

    /// An empty block, with all of its memory.
    public init() { bytes = .allocate(capacity: byteCapacity) }

    deinit { bytes.deallocate() }

    /// Whether it is time to look at it: enough to share the work, little enough to stay in the caches.
    public var isFull: Bool { lines.count >= 4096 || byteCount >= 1 << 21 }

    /// Empties it; the columns stay.
    public func removeAll() {
        lines.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        byteCount = 0
        for column in values.indices { values[column].removeAll(keepingCapacity: true) }
    }

    /// A new column; its number.
    func addColumn(_ path: String) -> Int {
        paths.append(path)
        values.append([])
        return paths.count - 1
    }

    /// Copies bytes into the block; where they are. Room for eight more is always behind them.
    func append(_ content: UnsafeBufferPointer<UInt8>) -> Int {
        if byteCount + content.count + 8 > byteCapacity {
            byteCapacity = (byteCount + content.count + 8) * 2
            let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: byteCapacity)
            larger.update(from: bytes, count: byteCount)
            bytes.deallocate()
            bytes = larger
        }
        let start = byteCount
        if let base = content.baseAddress { (bytes + start).update(from: base, count: content.count) }
        byteCount += content.count
        return start
    }

    /// Begins a record with its bytes; where they are.
    func beginRecord(_ record: UnsafeBufferPointer<UInt8>, line: Int) -> Int {
        let start = append(record)
        lines.append(line)
        hashes.append(ValueHash.hash(bytes + start, record.count))
        return start
    }

    /// Takes back the record that was begun last: it is none.
    func dropRecord() {
        lines.removeLast()
        hashes.removeLast()
        let row = Int32(lines.count)
        for column in values.indices {
            while let last = values[column].last, last.row == row { values[column].removeLast() }
        }
    }

    func add(_ column: Int, start: Int, count: Int, _ kind: Kind) {
        let row = Int32(lines.count - 1)
        values[column].append(Value(row: row, start: Int32(start), count: Int32(count), kind: kind))
    }
}

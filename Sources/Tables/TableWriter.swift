import Bytes

/// A table of numbers as it is written: columns of whole numbers, behind them others, as CSV or as one NumPy array of
/// records (NEP 1). A missing number is an empty field, and NaN in an array.
///
/// Rows go through one buffer; nothing is kept but the number of rows, which an array's header holds.
public final class TableWriter {
    private let integers: [String]
    private let numbers: [String]
    private let isArray: Bool
    private let file: NewFile?
    private let stream: (UnsafeRawBufferPointer) -> Void
    private var rowCount = 0
    private var buffer = ByteWriter(capacity: bufferSize + (1 << 16))
    /// Where the current row begins, where its next value goes, and which column that is.
    private var start: UnsafeMutableRawPointer
    private var place: UnsafeMutableRawPointer
    private var column = 0

    private static let bufferSize = 1 << 18

    /// Writes a new file: an array if its name ends in `.npy`, else CSV.
    ///
    /// - Parameters:
    ///   - path: Of a file that does not exist.
    ///   - integers: Names of the first columns, of whole numbers.
    ///   - numbers: Names of the others.
    /// - Throws: ``TableError/unwritable(_:)``
    public convenience init(path: String, integers: [String], numbers: [String]) throws(TableError) {
        self.init(integers, numbers, isArray: path.hasSuffix(".npy"), file: try NewFile(path)) { _ in }
    }

    /// Hands CSV over, piece by piece.
    public convenience init(
        integers: [String],
        numbers: [String],
        stream: @escaping (UnsafeRawBufferPointer) -> Void
    ) {
        self.init(integers, numbers, isArray: false, file: nil, stream: stream)
    }

    private init(
        _ integers: [String],
        _ numbers: [String],
        isArray: Bool,
        file: NewFile?,
        stream: @escaping (UnsafeRawBufferPointer) -> Void
    ) {
        self.integers = integers
        self.numbers = numbers
        self.isArray = isArray
        self.file = file
        self.stream = stream
        start = buffer.reserve(0)
        place = start
        buffer.append(isArray ? header() : Array(((integers + numbers).joined(separator: ",") + "\n").utf8))
    }

    private func header() -> [UInt8] {
        NumPyArray.header(integers: integers, numbers: numbers, rowCount: rowCount)
    }

    /// Begins a row, which is then put together value by value, column by column.
    public func beginRow() {
        start = buffer.reserve((integers.count + numbers.count) * (isArray ? 8 : 26))
        place = start
        column = 0
    }

    /// The next value of the row, a whole number.
    public func put(_ value: Int) {
        if isArray { return store(UInt64(bitPattern: Int64(value))) }
        separate()
        place += NumberWriter.write(value, to: place.assumingMemoryBound(to: UInt8.self))
    }

    /// The next value of the row.
    public func put(_ value: Double) {
        if isArray { return store(value.bitPattern) }
        separate()
        if !value.isNaN { place += NumberWriter.write(value, to: place.assumingMemoryBound(to: UInt8.self)) }
    }

    @inline(__always)
    private func store(_ bits: UInt64) {
        place.storeBytes(of: bits.littleEndian, as: UInt64.self)
        place += 8
        column += 1
    }

    @inline(__always)
    private func separate() {
        if column > 0 {
            place.storeBytes(of: 0x2C, as: UInt8.self)
            place += 1
        }
        column += 1
    }

    /// Ends a row, which has a value for each column.
    public func endRow() throws(TableError) {
        precondition(column == integers.count + numbers.count, "a row has a value for each column")
        if !isArray {
            place.storeBytes(of: 0x0A, as: UInt8.self)
            place += 1
        }
        buffer.advance(by: place - start)
        rowCount += 1
        if buffer.count >= Self.bufferSize { try flush() }
    }

    /// Writes what is left, and the number of rows.
    public func close() throws(TableError) {
        try flush()
        if isArray, let file { try file.overwrite(header(), at: 0) }
        try file?.close()
    }

    /// Removes the file: half of one would look like a whole one.
    public func discard() { file?.discard() }

    private func flush() throws(TableError) {
        if let file { try file.write(buffer.bytes) } else { stream(buffer.bytes) }
        buffer.removeAll()
    }
}

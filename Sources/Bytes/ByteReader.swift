/// Why bytes could not be read. Small, trivial, and thrown by value: no allocation on the error path.
public enum ByteError: Error, Equatable, Sendable {
    /// The bytes end before the value does.
    case truncated(at: Int, needed: Int)
    /// A varint that does not end after ten bytes, or does not fit the integer asked for.
    case varintTooLong(at: Int)
    /// A count or length that is negative where it may not be.
    case negativeCount(at: Int)
}

/// A cursor over borrowed bytes that checks every read against the end.
///
/// It does not own the bytes: whoever makes it keeps them alive while it is used.
public struct ByteReader {
    public let bytes: UnsafeRawBufferPointer
    @usableFromInline var cursor = 0

    /// How many bytes have been read.
    @inlinable public var position: Int { cursor }

    /// A reader at the first of the bytes, which must outlive it.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.init(bytes: bytes)
    }

    @usableFromInline
    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    @inlinable public var remaining: Int { bytes.count - position }

    /// Moves over `count` bytes and returns where they begin.
    @inlinable
    public mutating func skip(_ count: Int) throws(ByteError) -> Int {
        guard count >= 0 else { throw .negativeCount(at: position) }
        guard remaining >= count else { throw .truncated(at: position, needed: count) }
        let start = cursor
        cursor += count
        return start
    }

    /// Reads `count` bytes without copying them.
    public mutating func read(count: Int) throws(ByteError) -> UnsafeRawBufferPointer {
        let start = try skip(count)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
    }

    /// Reads an integer with its most significant byte first.
    public mutating func readBigEndian<T: FixedWidthInteger & BitwiseCopyable>(
        _: T.Type = T.self
    ) throws(ByteError) -> T {
        T(bigEndian: bytes.loadUnaligned(fromByteOffset: try skip(MemoryLayout<T>.size), as: T.self))
    }

    /// Reads an integer with its least significant byte first.
    public mutating func readLittleEndian<T: FixedWidthInteger & BitwiseCopyable>(
        _: T.Type = T.self
    ) throws(ByteError) -> T {
        T(littleEndian: bytes.loadUnaligned(fromByteOffset: try skip(MemoryLayout<T>.size), as: T.self))
    }

    /// Reads a zigzag ``Varint``.
    @inlinable @inline(__always)
    public mutating func readVarint() throws(ByteError) -> Int64 {
        // Nearly all have one byte or two.
        let start = cursor
        if bytes.count &- start >= 2 {
            let first = bytes[start]
            if first < 0x80 {
                cursor = start &+ 1
                return Varint.unzigzag(UInt64(first))
            }
            let second = bytes[start &+ 1]
            if second < 0x80 {
                cursor = start &+ 2
                return Varint.unzigzag(UInt64(first & 0x7F) | UInt64(second) << 7)
            }
        }
        return try readLongVarint()
    }

    @usableFromInline
    mutating func readLongVarint() throws(ByteError) -> Int64 {
        let start = position
        let end = min(bytes.count, start + Varint.sizeMax)
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var index = start
        while index < end {
            let byte = bytes[index]
            index &+= 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                cursor = index
                return Varint.unzigzag(value)
            }
            shift &+= 7
        }
        guard end - start == Varint.sizeMax else { throw .truncated(at: start, needed: end - start + 1) }
        throw .varintTooLong(at: start)
    }

    /// Reads a zigzag ``Varint`` that must fit 32 bits, as every count and length does.
    @inlinable @inline(__always)
    public mutating func readVarint32() throws(ByteError) -> Int {
        let start = position
        let value = try readVarint()
        guard let narrow = Int32(exactly: value) else { throw .varintTooLong(at: start) }
        return Int(narrow)
    }
}

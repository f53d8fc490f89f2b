/// Variable-length integers as Kafka's records and Protocol Buffers' `sint64` have them: zigzag, then seven bits a
/// byte, lowest first, the top bit set on every byte but the last.
///
/// | value | zigzag | bytes |
/// |---|---|---|
/// | 0, -1, 1, -2 | 0, 1, 2, 3 | 1 |
/// | -64 … 63 | 0 … 127 | 1 |
/// | `Int64.min` | `UInt64.max` | 10 |
public enum Varint {
    /// The most bytes that a 64-bit value takes.
    public static let sizeMax = 10

    /// Signed numbers as unsigned ones, those near 0 as small ones: 0, -1, 1, -2 become 0, 1, 2, 3.
    @inlinable
    public static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value << 1) ^ (value >> 63))
    }

    /// The signed number that ``zigzag(_:)`` made an unsigned one of.
    @inlinable
    public static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// The number of bytes that `value` takes.
    @inlinable
    public static func size(_ value: Int64) -> Int {
        (70 &- (zigzag(value) | 1).leadingZeroBitCount) / 7
    }

    /// Writes `value` at `target`, which has at least ``sizeMax`` bytes, and returns the number of bytes written.
    @inlinable
    public static func write(_ value: Int64, to target: UnsafeMutableRawPointer) -> Int {
        var rest = zigzag(value)
        var count = 0
        while rest >= 0x80 {
            target.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: count, as: UInt8.self)
            rest >>= 7
            count &+= 1
        }
        target.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: count, as: UInt8.self)
        return count &+ 1
    }
}

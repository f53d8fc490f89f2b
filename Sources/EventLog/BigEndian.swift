/// Numbers as Kafka's formats store them: big-endian, and zigzag varints (Protocol Buffers' encoding).
enum BigEndian {
    @inline(__always)
    static func store<Value: FixedWidthInteger>(_ value: Value, _ bytes: UnsafeMutablePointer<UInt8>, at position: Int)
    {
        UnsafeMutableRawPointer(bytes + position).storeBytes(of: value.bigEndian, as: Value.self)
    }

    @inline(__always)
    static func load<Value: FixedWidthInteger & BitwiseCopyable>(
        _: Value.Type,
        _ bytes: UnsafePointer<UInt8>,
        at position: Int
    ) -> Value {
        Value(bigEndian: UnsafeRawPointer(bytes + position).loadUnaligned(as: Value.self))
    }
}

/// Zigzag varints.
enum Varint {
    @inline(__always)
    static func size(_ value: Int64) -> Int {
        var rest = UInt64(bitPattern: value << 1 ^ value >> 63)
        var size = 1
        while rest >= 0x80 {
            rest >>= 7
            size += 1
        }
        return size
    }

    @inline(__always)
    static func write(_ value: Int64, _ bytes: UnsafeMutablePointer<UInt8>, _ position: inout Int) {
        var rest = UInt64(bitPattern: value << 1 ^ value >> 63)
        while rest >= 0x80 {
            bytes[position] = UInt8(truncatingIfNeeded: rest) | 0x80
            position += 1
            rest >>= 7
        }
        bytes[position] = UInt8(truncatingIfNeeded: rest)
        position += 1
    }

    /// Nil at the end of the bytes, or for more than 64 bits.
    @inline(__always)
    static func read(_ bytes: UnsafePointer<UInt8>, _ position: inout Int, end: Int) -> Int64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
            shift += 7
        }
        return nil
    }
}

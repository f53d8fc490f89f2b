/// A text value in 16 bytes: the unit of string columns, entity keys and distinct counts.
///
/// Up to 15 bytes of UTF-8 are held as they are, so equality is exact. A longer text is its 120-bit hash: two of 2⁴⁰
/// different texts collide with a chance of 2⁻⁴¹. No interning table is needed, so a value means the same in every
/// run, batch, partition and checkpoint. Layout: bytes 0…14 content, byte 15 = 0x10 | count, or 0xFF for a hash;
/// all zero = absent.
public struct Text: Hashable, Sendable, BitwiseCopyable {
    public let low: UInt64
    public let high: UInt64

    @inlinable
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The absent value (a JSON null, a missing field). Not equal to the empty text.
    public static let absent = Text(low: 0, high: 0)

    @inlinable
    public var isAbsent: Bool { low == 0 && high == 0 }

    /// The text of bytes: up to 15 are kept as they are, longer ones by a hash of 128 bits.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        let count = bytes.count
        guard count <= 15, let base = bytes.baseAddress else {
            self = bytes.isEmpty ? Text(low: 0, high: 0x10 << 56) : Text.hashed(bytes)
            return
        }
        var low: UInt64 = 0
        var high: UInt64 = 0
        if count >= 8 {
            low = base.loadUnaligned(as: UInt64.self)
            // The last eight bytes, of which only those behind the eighth count.
            let last = base.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            high = count == 8 ? 0 : last >> UInt64((16 - count) * 8)
        } else if count >= 4 {
            let first = UInt64(base.loadUnaligned(as: UInt32.self))
            low =
                first | UInt64(base.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
                << UInt64((count - 4) * 8)
        } else {
            for index in 0..<count { low |= UInt64(bytes[index]) << UInt64(index * 8) }
        }
        self.low = low
        self.high = high | UInt64(0x10 | count) << 56
    }

    /// Only the hash of a longer text is held.
    @inlinable
    public var isHashed: Bool { high >> 56 == 0xFF }

    /// The bytes of a text that is held as it is; none of one that is absent or hashed.
    @inlinable
    public func withContent<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let count = isHashed ? 0 : Int(high >> 56 & 0x0F)
        return withUnsafeBytes(of: self) { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    /// The text of a string's UTF-8.
    public init(_ string: String) {
        var string = string
        self = string.withUTF8 { Text(UnsafeRawBufferPointer($0)) }
    }

    /// One key of two texts, for entities of several fields. Not commutative.
    @inlinable
    public func combined(with other: Text) -> Text {
        let first = Text.mix(low ^ 0xA076_1D64_78BD_642F, high ^ other.low)
        let second = Text.mix(first ^ other.high, low ^ 0xE703_7ED1_A0B4_28DB)
        return Text(low: first, high: second | 0xFF << 56)
    }

    /// 64 well mixed bits, for hash tables. The same in every run.
    @inlinable
    public var hash64: UInt64 { Text.mix(low ^ 0x9E37_79B9_7F4A_7C15, high ^ 0xC2B2_AE3D_27D4_EB4F) }

    @usableFromInline
    static func hashed(_ bytes: UnsafeRawBufferPointer) -> Text {
        var first: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.count)
        var second: UInt64 = 0xC2B2_AE3D_27D4_EB4F
        var index = 0
        while index + 16 <= bytes.count {
            let left = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let right = bytes.loadUnaligned(fromByteOffset: index + 8, as: UInt64.self)
            first = mix(first ^ left, right ^ 0xA076_1D64_78BD_642F)
            second = mix(second ^ right, left ^ 0xE703_7ED1_A0B4_28DB)
            index += 16
        }
        // The last 16 bytes once more, overlapping: a hashed text has at least 16.
        let left = bytes.loadUnaligned(fromByteOffset: bytes.count - 16, as: UInt64.self)
        let right = bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
        first = mix(first ^ left, right ^ 0x8EBC_6AF0_9C88_C6E3)
        second = mix(second ^ right, left ^ 0x5899_65CC_7537_4CC3)
        return Text(low: mix(first, second ^ 0x1D8E_4E27_C47D_124F), high: mix(second, first) | 0xFF << 56)
    }

    @inlinable
    static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}

extension Text: CustomStringConvertible {
    /// The text itself if it is held as it is, else its hash behind a `#`; empty if it is absent.
    public var description: String {
        let mark = UInt8(truncatingIfNeeded: high >> 56)
        guard !isAbsent else { return "" }
        guard mark != 0xFF else { return "#" + String(low, radix: 16) + String(high & (1 << 56 - 1), radix: 16) }
        let bytes = (0..<Int(mark & 0x0F)).map { index -> UInt8 in
            let word = index < 8 ? low : high
            return UInt8(truncatingIfNeeded: word >> UInt64(index % 8 * 8))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Decimal numbers as JSON spells them, correctly rounded.
public enum NumberParser {
    /// Reads the number that starts at `position` by JSON's grammar; nil if there is none. The value is not finite if
    /// the number is too large. `position` is left behind the number.
    ///
    /// Up to 19 digits and powers of ten up to 22 are exact in two operations (Clinger 1990); the rest goes to
    /// `strtod`.
    @inlinable
    public static func parse(_ bytes: UnsafePointer<UInt8>, _ position: inout Int, end: Int) -> Double? {
        let start = position
        var index = position
        let isNegative = index < end && bytes[index] == 0x2D
        if isNegative { index += 1 }
        guard index < end, bytes[index] &- 0x30 < 10 else { return nil }
        var mantissa: UInt64 = 0
        let firstDigit = index
        while index < end, bytes[index] &- 0x30 < 10 {
            mantissa = mantissa &* 10 &+ UInt64(bytes[index] &- 0x30)
            index += 1
        }
        if bytes[firstDigit] == 0x30, index - firstDigit > 1 { return nil }
        var digits = index - firstDigit
        var exponent = 0
        if index < end, bytes[index] == 0x2E {
            index += 1
            let fraction = index
            while index < end, bytes[index] &- 0x30 < 10 {
                mantissa = mantissa &* 10 &+ UInt64(bytes[index] &- 0x30)
                index += 1
            }
            guard index > fraction else { return nil }
            digits += index - fraction
            exponent = fraction - index
        }
        if index < end, bytes[index] | 0x20 == 0x65 {
            index += 1
            let isExponentNegative = index < end && bytes[index] == 0x2D
            if index < end, bytes[index] == 0x2D || bytes[index] == 0x2B { index += 1 }
            let first = index
            var value = 0
            while index < end, bytes[index] &- 0x30 < 10 {
                if value < 100_000 { value = value * 10 + Int(bytes[index] &- 0x30) }
                index += 1
            }
            guard index > first else { return nil }
            exponent += isExponentNegative ? -value : value
        }
        position = index
        if digits <= 19, mantissa < 1 << 53, exponent >= -22, exponent <= 22 {
            var value = Double(mantissa)
            if exponent < 0 { value /= powerOfTen(-exponent) } else if exponent > 0 { value *= powerOfTen(exponent) }
            return isNegative ? -value : value
        }
        return slow(bytes, from: start, to: index)
    }

    /// Passes over the number that starts at `position`, by JSON's grammar; false if there is none.
    public static func skip(_ bytes: UnsafePointer<UInt8>, _ position: inout Int, end: Int) -> Bool {
        var index = position
        func digits() -> Int {
            let start = index
            while index < end, bytes[index] &- 0x30 < 10 { index += 1 }
            return index - start
        }
        if index < end, bytes[index] == 0x2D { index += 1 }
        let first = index
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[first] != 0x30 else { return false }
        if index < end, bytes[index] == 0x2E {
            index += 1
            guard digits() > 0 else { return false }
        }
        if index < end, bytes[index] | 0x20 == 0x65 {
            index += 1
            if index < end, bytes[index] == 0x2D || bytes[index] == 0x2B { index += 1 }
            guard digits() > 0 else { return false }
        }
        position = index
        return true
    }

    @usableFromInline
    static func slow(_ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Double {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: end - start + 1) { copy in
            for index in start..<end { copy[index - start] = CChar(bitPattern: bytes[index]) }
            copy[end - start] = 0
            guard let base = copy.baseAddress else { return .nan }
            return strtod(base, nil)
        }
    }

    /// 10 to the power, exactly; 0…22.
    @inlinable
    static func powerOfTen(_ exponent: Int) -> Double {
        if exponent == 2 { return 100 }
        var result = 1.0
        var base = 10.0
        var rest = exponent
        // Every product is below 2⁵³ · 10²² / 10²² in its odd part, so none of them rounds.
        while rest > 0 {
            if rest & 1 == 1 { result *= base }
            base *= base
            rest >>= 1
        }
        return result
    }
}

/// Numbers as text, written straight into memory.
public enum NumberWriter {
    /// Bytes that a number takes at most.
    public static let sizeMax = 25

    /// Writes an integer in decimal digits and returns how many bytes that took.
    @inlinable
    public static func write(_ value: Int, to bytes: UnsafeMutablePointer<UInt8>) -> Int {
        var rest = value.magnitude
        var digits = 1
        var bound: UInt = 10
        while digits < 19, rest >= bound {
            digits += 1
            bound &*= 10
        }
        if digits == 19, rest >= bound { digits = 20 }
        let start = value < 0 ? 1 : 0
        if value < 0 { bytes[0] = 0x2D }
        var position = start + digits
        while position > start {
            position -= 1
            bytes[position] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        return start + digits
    }

    /// Writes the shortest text that reads back as the same number, and returns how many bytes that took.
    ///
    /// Whole numbers have no point. Numbers with up to two decimals, which most amounts are, take a short way: their
    /// digits divided by 100 give the number back, so no shorter text does but for zeros at the end.
    public static func write(_ value: Double, to bytes: UnsafeMutablePointer<UInt8>) -> Int {
        if value.magnitude < 1e13, value != 0 || value.sign == .plus {
            let hundredths = (value * 100).rounded()
            if hundredths / 100 == value {
                let whole = Int(hundredths)
                return write(hundredths: whole, to: bytes)
            }
        }
        var text = value.description
        return text.withUTF8 { source in
            guard let base = source.baseAddress else { return 0 }
            // Swift ends whole numbers in .0.
            let isWhole = source.count > 2 && base[source.count - 1] == 0x30 && base[source.count - 2] == 0x2E
            let count = isWhole ? source.count - 2 : source.count
            bytes.update(from: base, count: count)
            return count
        }
    }

    private static func write(hundredths: Int, to bytes: UnsafeMutablePointer<UInt8>) -> Int {
        let magnitude = Int(hundredths.magnitude)
        var count = 0
        if hundredths < 0 {
            bytes[0] = 0x2D
            count = 1
        }
        count += write(magnitude / 100, to: bytes + count)
        let rest = magnitude % 100
        guard rest > 0 else { return count }
        bytes[count] = 0x2E
        bytes[count + 1] = 0x30 + UInt8(rest / 10)
        guard rest % 10 > 0 else { return count + 2 }
        bytes[count + 2] = 0x30 + UInt8(rest % 10)
        return count + 3
    }
}

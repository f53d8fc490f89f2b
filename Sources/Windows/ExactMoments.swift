/// Count, sum, sum of squares and extremes of a window's values, exact: values can be added and taken away in any
/// order, and an emptied window is exactly 0.
///
/// A value is a multiple of 2⁻⁶⁰ below 2⁴⁰ in size, as every amount in any currency is that has ever been paid; so sums
/// of up to 2²⁶ values are whole numbers of 128 bits, and sums of squares of 256. They are rounded once, when they are
/// asked for. A value that is no such multiple is counted as irregular; a window that holds one is summed row by row
/// instead. Either way the result depends on the window's rows only (C2). When the least or largest value leaves, the
/// next one is not known: the rows are gone through once, which happens to one event in n of a window of n.
struct ExactMoments {
    /// Sum, in units of 2⁻⁶⁰.
    var sum: Int128 = 0
    /// Values that are not null, those equal to 1, and those that do not fit.
    var known: Int32 = 0
    var trues: Int32 = 0
    var irregular: Int32 = 0
    /// Whether an extreme has left: `least` or `largest` is then not the window's any more.
    private(set) var hasLostLeast = false
    private(set) var hasLostLargest = false
    /// Sum of squares, in units of 2⁻¹²⁰, the lowest word first.
    var squares: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var least = Double.infinity
    var largest = -Double.infinity

    private static let fractionBits = 60

    /// Adds a value, or takes it away again.
    @inline(__always)
    mutating func change(_ value: Double, adding: Bool, _ source: EntityProgram.Moment) {
        guard !value.isNaN else { return }
        if source.hasExtremes { changeExtremes(value == 0 ? 0 : value, adding: adding) }
        let step: Int32 = adding ? 1 : -1
        known += step
        if value == 1 { trues += step }
        let exponent = Int(value.exponentBitPattern) - 1023
        let fraction = value.significandBitPattern | 1 << 52
        let shift = exponent - 52 + Self.fractionBits
        guard exponent < 40, shift >= 0 || fraction.trailingZeroBitCount >= -shift else {
            // Zero has no exponent that fits, and changes nothing.
            if value != 0 { irregular += step }
            return
        }
        let magnitude = shift >= 0 ? UInt128(fraction) &<< UInt128(shift) : UInt128(fraction &>> UInt64(-shift))
        let isPositive = (value.sign == .plus) == adding
        sum = isPositive ? sum &+ Int128(bitPattern: magnitude) : sum &- Int128(bitPattern: magnitude)
        if source.hasSquares { changeSquares(magnitude, adding: adding) }
    }

    @inline(__always)
    private mutating func changeExtremes(_ value: Double, adding: Bool) {
        if adding {
            if value < least { least = value }
            if value > largest { largest = value }
        } else {
            if value == least { hasLostLeast = true }
            if value == largest { hasLostLargest = true }
        }
    }

    /// Takes note of an extreme that the rows were gone through for.
    mutating func find(least value: Double) {
        least = value.isNaN ? .infinity : value
        hasLostLeast = false
    }

    mutating func find(largest value: Double) {
        largest = value.isNaN ? -.infinity : value
        hasLostLargest = false
    }

    @inline(__always)
    private mutating func changeSquares(_ magnitude: UInt128, adding: Bool) {
        let (high, low) = magnitude.multipliedFullWidth(by: magnitude)
        let words = (
            UInt64(truncatingIfNeeded: low), UInt64(truncatingIfNeeded: low >> 64), UInt64(truncatingIfNeeded: high),
            UInt64(truncatingIfNeeded: high >> 64)
        )
        if adding {
            var carry = Self.add(&squares.0, words.0, 0)
            carry = Self.add(&squares.1, words.1, carry)
            carry = Self.add(&squares.2, words.2, carry)
            _ = Self.add(&squares.3, words.3, carry)
        } else {
            var borrow = Self.subtract(&squares.0, words.0, 0)
            borrow = Self.subtract(&squares.1, words.1, borrow)
            borrow = Self.subtract(&squares.2, words.2, borrow)
            _ = Self.subtract(&squares.3, words.3, borrow)
        }
    }

    @inline(__always)
    private static func add(_ word: inout UInt64, _ other: UInt64, _ carry: UInt64) -> UInt64 {
        let (partial, first) = word.addingReportingOverflow(other)
        let (whole, second) = partial.addingReportingOverflow(carry)
        word = whole
        return first || second ? 1 : 0
    }

    @inline(__always)
    private static func subtract(_ word: inout UInt64, _ other: UInt64, _ borrow: UInt64) -> UInt64 {
        let (partial, first) = word.subtractingReportingOverflow(other)
        let (whole, second) = partial.subtractingReportingOverflow(borrow)
        word = whole
        return first || second ? 1 : 0
    }

    /// The sum, rounded once.
    var total: Double {
        let value = Self.rounded(sum.magnitude, scale: -Self.fractionBits)
        return sum < 0 ? -value : value
    }

    /// Null without values.
    var mean: Double { known == 0 ? .nan : total / Double(known) }

    /// Standard deviation of the sample (n − 1); null below two values, exactly 0 if all are equal.
    var deviation: Double {
        guard known > 1 else { return .nan }
        // n Σx² − (Σx)², in whole numbers: nothing cancels but what is equal.
        let count = UInt64(known)
        var carry: UInt64 = 0
        func scaled(_ word: UInt64) -> UInt64 {
            let product = word.multipliedFullWidth(by: count)
            let (low, overflow) = product.low.addingReportingOverflow(carry)
            carry = product.high + (overflow ? 1 : 0)
            return low
        }
        var words = (scaled(squares.0), scaled(squares.1), scaled(squares.2), scaled(squares.3))
        let (high, low) = sum.magnitude.multipliedFullWidth(by: sum.magnitude)
        var borrow = Self.subtract(&words.0, UInt64(truncatingIfNeeded: low), 0)
        borrow = Self.subtract(&words.1, UInt64(truncatingIfNeeded: low >> 64), borrow)
        borrow = Self.subtract(&words.2, UInt64(truncatingIfNeeded: high), borrow)
        _ = Self.subtract(&words.3, UInt64(truncatingIfNeeded: high >> 64), borrow)
        let upper = UInt128(words.3) << 64 | UInt128(words.2)
        let lower = UInt128(words.1) << 64 | UInt128(words.0)
        // The lower half matters beside the upper one only by its first bits.
        let spread =
            upper == 0
            ? Self.rounded(lower, scale: -2 * Self.fractionBits)
            : Self.rounded(upper, scale: 128 - 2 * Self.fractionBits)
                + Self.rounded(lower, scale: -2 * Self.fractionBits)
        return (spread / (Double(known) * Double(known - 1))).squareRoot()
    }

    /// A whole number times a power of two, rounded to the nearest double.
    private static func rounded(_ value: UInt128, scale: Int) -> Double {
        let zeros = value.leadingZeroBitCount
        guard zeros < 128 else { return 0 }
        let shift = 64 - zeros
        guard shift > 0 else {
            return Double(UInt64(truncatingIfNeeded: value)) * Double(sign: .plus, exponent: scale, significand: 1)
        }
        // The first 64 bits; the last of them also says whether anything follows, which settles ties.
        var top = UInt64(truncatingIfNeeded: value &>> UInt128(shift))
        if value & (1 &<< UInt128(shift) &- 1) != 0 { top |= 1 }
        return Double(top) * Double(sign: .plus, exponent: scale + shift, significand: 1)
    }
}

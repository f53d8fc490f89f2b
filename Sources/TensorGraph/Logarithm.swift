/// The natural logarithm, the same bits on every processor; within 2 units in the last place of the exact value.
///
/// x = m · 2^k with m between √½ and √2, and ln m = 2 artanh((m − 1) / (m + 1)) by its series.
func logarithm(_ value: Double) -> Double {
    guard value > 0 else { return value == 0 ? -.infinity : .nan }
    guard value < .infinity else { return value }
    var exponent = Double(value.exponent)
    var mantissa = value.significand
    if mantissa > 0x1.6a09e667f3bcdp+0 {
        mantissa /= 2
        exponent += 1
    }
    let ratio = (mantissa - 1) / (mantissa + 1)
    let square = ratio * ratio
    var sum = 0.0
    for degree in stride(from: 23, through: 3, by: -2) { sum = (sum + 1 / Double(degree)) * square }
    // ln 2 in two parts, so that its product with the exponent is exact.
    return exponent * 0x1.62e42feep-1 + (2 * ratio + (2 * ratio * sum + exponent * 0x1.a39ef35793c76p-33))
}

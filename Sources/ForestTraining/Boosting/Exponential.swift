/// e^x in plain arithmetic: the same bits on every processor, and loops of it become vector instructions.
///
/// e^x = 2^n · e^r with |r| ≤ ln 2 / 2; e^r by seven terms of its series, whose error is below a Float's last bit.
@inline(__always)
func exponential(_ x: Float) -> Float {
    let clamped = max(-87, min(88, x))
    // Adding 1.5 · 2^23 rounds to a whole number, which the low bits then hold.
    let shifted = clamped * 1.442_695_04 + 12_582_912
    let n = shifted - 12_582_912
    let r = (clamped - n * 0.693_359_375) + n * 2.121_944_4e-4
    var series: Float = 1.0 / 5040
    series = series * r + 1.0 / 720
    series = series * r + 1.0 / 120
    series = series * r + 1.0 / 24
    series = series * r + 1.0 / 6
    series = series * r + 0.5
    series = series * r + 1
    series = series * r + 1
    return series * Float(bitPattern: (shifted.bitPattern &+ 127) << 23)
}

/// A seeded, portable generator (SplitMix64; Steele, Lea and Flood 2014): the same seed gives the same run on every
/// machine.
public struct Seeded: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    /// A sequence that the seed alone decides.
    @inlinable
    public init(seed: UInt64) {
        state = seed
    }

    /// The next number of the sequence, all 64 bits of it.
    @inlinable
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in 0..<1 with 53 random bits.
    @inlinable
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// An unbiased integer in 0..<bound, by Lemire's multiply-and-reject; defined here so that no change of the
    /// standard library can change a seed's meaning.
    @inlinable
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "An empty range has no number in it.")
        let wide = UInt64(bound)
        var product = next().multipliedFullWidth(by: wide)
        if product.low < wide {
            let threshold = (0 &- wide) % wide
            while product.low < threshold { product = next().multipliedFullWidth(by: wide) }
        }
        return Int(product.high)
    }
}

/// A hash of a value's bytes, the same on every machine and in every run. Eight bytes behind them must be readable.
package enum ValueHash {
    package static func hash(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        var state = 0x9E37_79B9_7F4A_7C15 ^ UInt64(count)
        let raw = UnsafeRawPointer(bytes)
        var index = 0
        while index + 8 <= count {
            state = mix(state ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        let left = UInt64(count - index) * 8
        let rest = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) & (1 << left &- 1)
        return mix(state ^ rest)
    }

    /// Both halves of a product, folded: every bit of the word reaches every bit of the result.
    @inline(__always)
    static func mix(_ word: UInt64) -> UInt64 {
        let product = (word ^ 0xE703_7ED1_A0B4_28DB).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
        return product.high ^ product.low
    }
}

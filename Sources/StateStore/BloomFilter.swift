import Base

/// Says of a key that it is certainly not in a run, or that it may be (Bloom 1970; double hashing after Kirsch and
/// Mitzenmacher 2006). 10 bits a key and 7 probes: about 1 % of the absent keys pass.
struct BloomFilter {
    private var words: [UInt64]

    private static let bitsPerKey = 10
    private static let probes = 7

    init(keyCount: Int) {
        words = Array(repeating: 0, count: max(1, (keyCount * Self.bitsPerKey + 63) / 64))
    }

    init(bytes: [UInt8]) {
        words = bytes.withUnsafeBytes { buffer in
            stride(from: 0, to: buffer.count - 7, by: 8).map {
                UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: $0, as: UInt64.self))
            }
        }
    }

    var bytes: [UInt8] {
        words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (UInt64($0) * 8)) } }
    }

    mutating func insert(_ table: StateTable, _ key: Text) {
        for bit in Self.bits(table, key, words.count) { words[bit >> 6] |= 1 << UInt64(bit & 63) }
    }

    func mayContain(_ table: StateTable, _ key: Text) -> Bool {
        guard !words.isEmpty else { return true }
        for bit in Self.bits(table, key, words.count) where words[bit >> 6] & 1 << UInt64(bit & 63) == 0 {
            return false
        }
        return true
    }

    /// The bits of a key, in a filter of so many words.
    private static func bits(_ table: StateTable, _ key: Text, _ wordCount: Int) -> Bits {
        let hash = key.hash64 &+ UInt64(table.number) &* 0x9E37_79B9_7F4A_7C15
        let step = (hash >> 32 | hash << 32) &* 0xC2B2_AE3D_27D4_EB4F | 1
        return Bits(next: hash, step: step, bitCount: UInt64(wordCount * 64), left: probes)
    }

    private struct Bits: Sequence, IteratorProtocol {
        var hash: UInt64
        let step: UInt64
        let bitCount: UInt64
        var left: Int

        init(next: UInt64, step: UInt64, bitCount: UInt64, left: Int) {
            hash = next
            self.step = step
            self.bitCount = bitCount
            self.left = left
        }

        mutating func next() -> Int? {
            guard left > 0 else { return nil }
            left -= 1
            defer { hash &+= step }
            return Int(hash.multipliedFullWidth(by: bitCount).high)
        }
    }
}

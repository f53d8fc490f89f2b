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
        probe(table, key) { words[$0 >> 6] |= 1 << UInt64($0 & 63) }
    }

    func mayContain(_ table: StateTable, _ key: Text) -> Bool {
        guard !words.isEmpty else { return true }
        var isThere = true
        probe(table, key) { if words[$0 >> 6] & 1 << UInt64($0 & 63) == 0 { isThere = false } }
        return isThere
    }

    private func probe(_ table: StateTable, _ key: Text, _ body: (Int) -> Void) {
        let hash = key.hash64 &+ UInt64(table.number) &* 0x9E37_79B9_7F4A_7C15
        let step = (hash >> 32 | hash << 32) &* 0xC2B2_AE3D_27D4_EB4F | 1
        let bits = UInt64(words.count * 64)
        for index in 0..<UInt64(Self.probes) {
            body(Int((hash &+ index &* step).multipliedFullWidth(by: bits).high))
        }
    }
}

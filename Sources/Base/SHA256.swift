/// SHA-256 (FIPS 180-4), for the digests that prove two results equal.
public struct SHA256: Sendable {
    private var state: [UInt32] = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
    ]
    private var block: [UInt8] = []
    private var byteCount: UInt64 = 0

    /// The digest of nothing yet.
    public init() {
        block.reserveCapacity(64)
    }

    /// Adds bytes to what is digested.
    public mutating func update(_ bytes: [UInt8]) {
        byteCount += UInt64(bytes.count)
        bytes.withUnsafeBufferPointer { bytes in
            var position = 0
            if !block.isEmpty {
                let taken = min(64 - block.count, bytes.count)
                block.append(contentsOf: bytes[..<taken])
                position = taken
                guard block.count == 64 else { return }
                compressBlock()
            }
            while position + 64 <= bytes.count {
                compress(UnsafeBufferPointer(rebasing: bytes[position..<position + 64]))
                position += 64
            }
            block.append(contentsOf: bytes[position...])
        }
    }

    /// The digest of everything so far, as 64 hexadecimal digits.
    public func hexadecimal() -> String {
        var copy = self
        let bits = byteCount &* 8
        copy.block.append(0x80)
        if copy.block.count > 56 {
            while copy.block.count < 64 { copy.block.append(0) }
            copy.compressBlock()
        }
        while copy.block.count < 56 { copy.block.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) {
            copy.block.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
        }
        copy.compressBlock()
        let digits = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        for word in copy.state {
            for shift in stride(from: 28, through: 0, by: -4) { out.append(digits[Int(word >> UInt32(shift)) & 15]) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The digest of bytes as 64 lower-case hexadecimal digits.
    public static func hexadecimal(of bytes: [UInt8]) -> String {
        var digest = SHA256()
        digest.update(bytes)
        return digest.hexadecimal()
    }

    private mutating func compressBlock() {
        let full = block
        full.withUnsafeBufferPointer { compress($0) }
        block.removeAll(keepingCapacity: true)
    }

    private mutating func compress(_ block: UnsafeBufferPointer<UInt8>) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { words in
            for index in 0..<16 {
                words[index] =
                    UInt32(block[index * 4]) << 24 | UInt32(block[index * 4 + 1]) << 16
                    | UInt32(block[index * 4 + 2]) << 8 | UInt32(block[index * 4 + 3])
            }
            for index in 16..<64 {
                let early = words[index - 15]
                let late = words[index - 2]
                let first = rotate(early, 7) ^ rotate(early, 18) ^ (early >> 3)
                let second = rotate(late, 17) ^ rotate(late, 19) ^ (late >> 10)
                words[index] = words[index - 16] &+ first &+ words[index - 7] &+ second
            }
            var a = state[0]
            var b = state[1]
            var c = state[2]
            var d = state[3]
            var e = state[4]
            var f = state[5]
            var g = state[6]
            var h = state[7]
            for index in 0..<64 {
                let sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
                let choice = (e & f) ^ (~e & g)
                let first = h &+ sum1 &+ choice &+ roundConstants[index] &+ words[index]
                let sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
                let majority = (a & b) ^ (a & c) ^ (b & c)
                h = g
                g = f
                f = e
                e = d &+ first
                d = c
                c = b
                b = a
                a = first &+ sum0 &+ majority
            }
            for (index, value) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= value }
        }
    }
}

@inline(__always)
private func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { value >> count | value << (32 - count) }

/// The fractional parts of the cube roots of the first 64 primes, 32 bits each.
private let roundConstants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
]

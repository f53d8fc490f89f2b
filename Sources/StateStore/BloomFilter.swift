import Base
import Bytes
import State

/// Says of a key that it is certainly not among some, or that it may be: a Bloom filter in lines, of which a key has
/// one, so that a look-up reads 64 bytes, from memory or from a file (Bloom 1970; Putze, Sanders, Singler 2007). 10
/// bits a key and 7 probes: about 1.5 % of the absent keys pass.
///
/// A line is 60 bytes of bits and their CRC-32C, little-endian: what is read alone is checked alone.
enum BloomFilter {
    static let lineBytes = 64
    private static let contentBytes = 60
    private static let bitsPerLine = UInt64(contentBytes * 8)
    private static let bitsPerKey = 10
    private static let probes = 7

    static func hash(_ table: StateTable, _ key: Text) -> UInt64 {
        key.hash64 &+ UInt64(table.number) &* 0x9E37_79B9_7F4A_7C15
    }

    static func lineCount(keys: Int) -> Int { max(1, (keys * bitsPerKey + contentBytes * 8 - 1) / (contentBytes * 8)) }

    /// The line of a key.
    static func line(of hash: UInt64, among lines: Int) -> Int {
        Int(hash.multipliedFullWidth(by: UInt64(lines)).high)
    }

    /// Notes keys in lines that are all zero, and completes the lines.
    static func fill(_ lines: UnsafeMutableRawBufferPointer, with hashes: borrowing GrowingArray<UInt64>) {
        let count = lines.count / lineBytes
        for index in 0..<hashes.count {
            let start = line(of: hashes[index], among: count) * lineBytes
            visitBits(hashes[index]) { byte, bit in
                lines[start + byte] |= bit
                return true
            }
        }
        for start in stride(from: 0, to: lines.count, by: lineBytes) {
            let content = UnsafeRawBufferPointer(rebasing: lines[start..<start + contentBytes])
            lines.storeBytes(
                of: Checksum.crc32c(content).littleEndian,
                toByteOffset: start + contentBytes,
                as: UInt32.self
            )
        }
    }

    /// Whether a line is as it was written.
    static func isWhole(_ line: UnsafeRawBufferPointer) -> Bool {
        let claimed = UInt32(littleEndian: line.loadUnaligned(fromByteOffset: contentBytes, as: UInt32.self))
        return Checksum.crc32c(UnsafeRawBufferPointer(rebasing: line[..<contentBytes])) == claimed
    }

    /// Whether a key may have been noted in its line.
    static func mayContain(_ line: UnsafeRawBufferPointer, _ hash: UInt64) -> Bool {
        visitBits(hash) { byte, bit in line[byte] & bit != 0 }
    }

    /// Calls the body with each bit of a key in its line, until it returns false; returns whether it never did.
    @inline(__always)
    @discardableResult
    private static func visitBits(_ hash: UInt64, _ body: (_ byte: Int, _ bit: UInt8) -> Bool) -> Bool {
        // The line was found by the hash's first bits: here they must not count alone.
        var mixed = (hash ^ hash >> 32) &* 0xC2B2_AE3D_27D4_EB4F
        for _ in 0..<probes {
            let bit = Int(((mixed >> 32) &* bitsPerLine) >> 32)
            guard body(bit >> 3, 1 << UInt8(bit & 7)) else { return false }
            mixed = (mixed ^ mixed >> 29) &* 0x9E37_79B9_7F4A_7C15 &+ 0x1656_67B1_9E37_79F9
        }
        return true
    }
}

/// The values that occur most often, in bounded memory, with their texts.
///
/// Exact up to ``limit`` different values; beyond it a value's count is at most a share of 1 / ``limit`` of all too
/// small, and what is more frequent than that is there (Misra, Gries 1982).
package struct FrequentValues {
    package static let limit = 128
    /// Bytes of a value that are kept.
    static let textBytes = 48

    private var hashes: [UInt64] = []
    private var counts: [UInt32] = []
    private var lengths: [UInt32] = []
    private var texts: [UInt8] = []
    /// By hash: the place of a value, or -1.
    private var table = [Int16](repeating: -1, count: 512)
    /// Whether no value has been given up.
    package private(set) var isExact = true

    package init() {}

    package mutating func add(_ hash: UInt64, _ bytes: UnsafePointer<UInt8>, _ count: Int) {
        var cell = Int(truncatingIfNeeded: hash >> 32) & 511
        while table[cell] >= 0 {
            let place = Int(table[cell])
            if hashes[place] == hash {
                counts[place] &+= 1
                return
            }
            cell = (cell + 1) & 511
        }
        guard hashes.count < Self.limit else { return giveUp() }
        table[cell] = Int16(hashes.count)
        hashes.append(hash)
        counts.append(1)
        let kept = min(count, Self.textBytes)
        lengths.append(UInt32(count))
        texts.append(contentsOf: UnsafeBufferPointer(start: bytes, count: kept))
        texts.append(contentsOf: repeatElement(0, count: Self.textBytes - kept))
    }

    /// Every value loses one occurrence, and those without any their place.
    private mutating func giveUp() {
        isExact = false
        var kept = 0
        for place in hashes.indices where counts[place] > 1 {
            if kept < place {
                hashes[kept] = hashes[place]
                lengths[kept] = lengths[place]
                for byte in 0..<Self.textBytes {
                    texts[kept * Self.textBytes + byte] = texts[place * Self.textBytes + byte]
                }
            }
            counts[kept] = counts[place] - 1
            kept += 1
        }
        hashes.removeLast(hashes.count - kept)
        lengths.removeLast(lengths.count - kept)
        counts.removeLast(counts.count - kept)
        texts.removeLast(texts.count - kept * Self.textBytes)
        for cell in table.indices { table[cell] = -1 }
        for (place, hash) in hashes.enumerated() {
            var cell = Int(truncatingIfNeeded: hash >> 32) & 511
            while table[cell] >= 0 { cell = (cell + 1) & 511 }
            table[cell] = Int16(place)
        }
    }

    /// The most frequent ones first, those of one count in the order in which they came; a long text is cut.
    package func top(_ limit: Int) -> [(text: String, count: Int)] {
        let order = hashes.indices.sorted { counts[$0] != counts[$1] ? counts[$0] > counts[$1] : $0 < $1 }
        return order.prefix(limit).map { (text(at: $0), Int(counts[$0])) }
    }

    private func text(at place: Int) -> String {
        let start = place * Self.textBytes
        let isCut = lengths[place] > Self.textBytes
        let kept = texts[start..<start + min(Int(lengths[place]), Self.textBytes)]
        // A character that is cut in the middle is left out.
        let whole = isCut ? kept.prefix(kept.lastIndex { $0 & 0xC0 != 0x80 }.map { $0 - start } ?? 0) : kept
        return String(decoding: whole, as: UTF8.self) + (isCut ? "…" : "")
    }
}

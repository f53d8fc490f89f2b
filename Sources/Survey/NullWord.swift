import Bytes

/// Words that programs write where they have no value: those that a pipeline knows without being told, looked for
/// quickly.
enum NullWord {
    /// Words of up to four bytes, each as one number.
    private static let short = ValueStyle.defaultNullWords.words.filter { isShort($0.utf8.count) }.map { word in
        word.utf8.reduce(UInt32(0), joined)
    }

    private static func isShort(_ count: Int) -> Bool { (1...4).contains(count) }

    private static func joined(_ word: UInt32, _ byte: UInt8) -> UInt32 {
        word << 8 | UInt32(byte &- 0x41 < 26 ? byte | 0x20 : byte)
    }

    /// Whether a text, which is not empty, is one of them: `NULL`, `na`, `\N`, `-` and the like.
    static func isOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let text = UnsafeBufferPointer(start: bytes, count: count)
        return isShort(count)
            ? short.contains(text.reduce(UInt32(0), joined)) : ValueStyle.defaultNullWords.contains(text)
    }
}

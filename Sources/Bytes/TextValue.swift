/// Numbers and booleans as texts spell them: one grammar for the fields of CSV and the strings of JSON.
public enum TextValue {
    /// A number with a decimal point, spaces around it or not: JSON's, and also `.5`, `5.`, `+1` and `007`. Not finite
    /// if it is too large; nil for anything else.
    public static func number(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        let content = trimmed(text)
        guard let base = content.baseAddress, !content.isEmpty else { return nil }
        var position = 0
        if let number = NumberParser.parse(base, &position, end: content.count), position == content.count {
            return number
        }
        return isNumber(content) ? NumberParser.slow(base, from: 0, to: content.count) : nil
    }

    /// What one of the words for true and false says, spaces around it or not: `true`, `t`, `yes`, `y`, `1` and their
    /// opposites, in any case; nil for anything else.
    public static func truth(_ text: UnsafeBufferPointer<UInt8>) -> Bool? {
        let content = trimmed(text)
        guard (1...5).contains(content.count) else { return nil }
        var word: UInt64 = 0
        for byte in content { word = word << 8 | UInt64(byte &- 0x41 < 26 ? byte | 0x20 : byte) }
        return switch word {
        case 0x31, 0x74, 0x79, 0x796573, 0x7472_7565: true
        case 0x30, 0x66, 0x6E, 0x6E6F, 0x66_616C_7365: false
        default: nil
        }
    }

    private static func isNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        func digits() -> Int {
            let start = index
            while index < text.count, text[index] &- 0x30 < 10 { index += 1 }
            return index - start
        }
        func take(_ accepted: UInt8, _ other: UInt8) -> Bool {
            guard index < text.count, text[index] == accepted || text[index] == other else { return false }
            index += 1
            return true
        }
        _ = take(0x2B, 0x2D)
        let whole = digits()
        let fraction = take(0x2E, 0x2E) ? digits() : 0
        guard whole + fraction > 0 else { return false }
        if take(0x65, 0x45) {
            _ = take(0x2B, 0x2D)
            guard digits() > 0 else { return false }
        }
        return index == text.count
    }

    /// Without the spaces and tabs around it.
    public static func trimmed(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var (start, end) = (0, text.count)
        while start < end, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
        while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
        return UnsafeBufferPointer(rebasing: text[start..<end])
    }
}

import Bytes

/// A JSON string where a field wants a number, a boolean or a time: as a field of CSV with that content is read.
struct StringValue {
    /// What stands between the quotes, and what that says if it has escapes.
    private let raw: UnsafeBufferPointer<UInt8>
    private let plain: [UInt8]?
    /// The number's spelling has a decimal comma: ``Bytes/CSVRecord`` writes such a file's signs as escapes.
    private let hasDecimalComma: Bool

    init(_ scanner: inout JSONScanner) throws(JSONFault) {
        let string = try scanner.string()
        raw = UnsafeBufferPointer(start: scanner.bytes + string.start, count: string.end - string.start)
        plain = string.hasEscapes ? scanner.unescaped(from: string.start, to: string.end) : nil
        hasDecimalComma = string.hasEscapes && Self.hasEscapedSign(raw)
    }

    private func read<Value>(_ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        plain.map { $0.withUnsafeBufferPointer(body) } ?? body(raw)
    }

    func isNull(_ style: ValueStyle) -> Bool { read(style.isNull) }

    func truth(_ style: ValueStyle) -> Bool? { read(style.truth) }

    func number(_ style: ValueStyle) -> Double? {
        guard hasDecimalComma else { return read(style.number) }
        var style = style
        style.numbers.hasDecimalComma = true
        if style.numbers.thousands == 0x2C { style.numbers.thousands = nil }
        return read(style.number)
    }

    /// Why it is no number.
    func numberFault(_ style: ValueStyle) -> StaticString { read(style.numberFault) }

    func instant(_ style: TimeStyle) -> Int64? {
        if let instant = read({ style.instant($0) }) { return instant }
        guard hasDecimalComma, !style.isRelative, style.formats.isEmpty else { return nil }
        return number(ValueStyle()).flatMap(TimeParser.epoch)
    }

    /// Whether a comma or a point is written as `\u002c` or `\u002e`.
    private static func hasEscapedSign(_ raw: UnsafeBufferPointer<UInt8>) -> Bool {
        guard raw.count >= 6 else { return false }
        return (0...raw.count - 6).contains { start in
            raw[start] == 0x5C && raw[start + 1] == 0x75 && raw[start + 2] == 0x30 && raw[start + 3] == 0x30
                && raw[start + 4] == 0x32 && [0x63, 0x65].contains(raw[start + 5] | 0x20)
        }
    }
}

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

    var isBlank: Bool { read(TextValue.isBlank) }

    var truth: Bool? { read(TextValue.truth) }

    var number: Double? {
        guard hasDecimalComma else { return read(TextValue.number) }
        var spelling: [UInt8] = []
        guard read({ TextValue.spellWithPoint($0, into: &spelling) }) else { return nil }
        return spelling.withUnsafeBufferPointer(TextValue.number)
    }

    func instant(_ zoneMinutes: Int) -> Int64? {
        read { TimeParser.iso8601(TextValue.trimmed($0), zoneMinutes: zoneMinutes) } ?? number.flatMap(TimeParser.epoch)
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

/// Records of CSV, turned into JSON objects: the log holds one kind of event only.
///
/// The log keeps what the file said, because another schema may read it tomorrow: every field becomes a string,
/// whatever the schema of the day has, and the decoder reads numbers, booleans and times from it.
public final class CSVRecord {
    /// Each column's name as a JSON key with its colon, one behind the other, and where the next one begins.
    private let keys: UnsafeMutablePointer<UInt8>
    private let keyEnds: [Int]
    private let grammar: CSVGrammar
    private let hasDecimalComma: Bool
    /// A number's spelling with a decimal point.
    private var spelling: [UInt8] = []
    private var out: UnsafeMutablePointer<UInt8>
    private var capacity = 4096
    /// The content of a quoted field without its quotes.
    private var copy: [UInt8] = []

    /// - Parameters:
    ///   - names: The header's columns; a dot in one means a nested object's path and is kept as it is.
    ///   - grammar: How fields are told apart.
    ///   - hasDecimalComma: Whether numbers are spelled as `1.234,50`.
    public init(names: [[UInt8]], grammar: CSVGrammar = CSVGrammar(), hasDecimalComma: Bool = false) {
        self.grammar = grammar
        self.hasDecimalComma = hasDecimalComma
        let room = names.reduce(16) { $0 + $1.count * 6 + 3 }
        let keys = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
        var ends: [Int] = []
        var end = 0
        for name in names {
            name.withUnsafeBufferPointer { end += Self.quote($0, to: keys + end) }
            keys[end] = 0x3A
            end += 1
            ends.append(end)
        }
        self.keys = keys
        keyEnds = ends
        out = .allocate(capacity: capacity)
    }

    deinit {
        keys.deallocate()
        out.deallocate()
    }

    public var columnCount: Int { keyEnds.count }

    /// A record as a JSON object; an empty field is left out. Valid until the next call.
    ///
    /// - Throws: ``CSVGrammar/Fault`` if the record is malformed or has another number of fields than the header.
    public func json(
        _ record: UnsafeBufferPointer<UInt8>
    ) throws(CSVGrammar.Fault) -> UnsafeBufferPointer<UInt8> {
        // No byte becomes more than six; no column adds more than its key, two quotes and a comma.
        let bound = (keyEnds.last ?? 0) + record.count * 6 + columnCount * 3 + 16
        if bound > capacity {
            capacity = bound * 2
            out.deallocate()
            out = .allocate(capacity: capacity)
        }
        var end = 1
        out[0] = 0x7B
        var position = 0
        for column in keyEnds.indices {
            let field = try grammar.field(of: record, &position)
            if CSVGrammar.isQuoted(field) {
                copy.removeAll(keepingCapacity: true)
                CSVGrammar.unquote(field, into: &copy)
                copy.withUnsafeBufferPointer { end += append($0, column, at: end) }
            } else {
                end += append(field, column, at: end)
            }
            let isLast = column == columnCount - 1
            guard isLast == (position == record.count) else {
                throw isLast ? grammar.wrongCount(record, position, columnCount) : .fieldCount(expected: columnCount)
            }
            position += 1
        }
        // The last member's comma.
        if end > 1 { end -= 1 }
        out[end] = 0x7D
        return UnsafeBufferPointer(start: out, count: end + 1)
    }

    /// Writes a member and a comma, and returns how many bytes that took.
    private func append(_ content: UnsafeBufferPointer<UInt8>, _ column: Int, at start: Int) -> Int {
        guard !content.isEmpty else { return 0 }
        let keyStart = column == 0 ? 0 : keyEnds[column - 1]
        let keyCount = keyEnds[column] - keyStart
        let target = out + start
        target.update(from: keys + keyStart, count: keyCount)
        let escapesSigns = hasDecimalComma && isNumber(content)
        let end = keyCount + Self.quote(content, escapesSigns: escapesSigns, to: target + keyCount)
        target[end] = 0x2C
        return end + 1
    }

    /// Whether a value of a file with decimal commas is a number, or would be one elsewhere.
    ///
    /// Its signs are then written as escapes: the same text for JSON, and the decoder knows how to read it should a
    /// schema have a number there.
    private func isNumber(_ content: UnsafeBufferPointer<UInt8>) -> Bool {
        guard content.contains(where: { $0 == 0x2C || $0 == 0x2E }) else { return false }
        return NumberStyle.decimalComma.spell(content, into: &spelling) || TextValue.number(content) != nil
    }

    /// Writes a JSON string and returns how many bytes it took.
    private static func quote(
        _ content: UnsafeBufferPointer<UInt8>,
        escapesSigns: Bool = false,
        to out: UnsafeMutablePointer<UInt8>
    ) -> Int {
        let digits: StaticString = "0123456789abcdef"
        out[0] = 0x22
        var end = 1
        for byte in content {
            if byte == 0x22 || byte == 0x5C {
                out[end] = 0x5C
                out[end + 1] = byte
                end += 2
            } else if byte < 0x20 || escapesSigns && (byte == 0x2C || byte == 0x2E) {
                let escape: StaticString = "\\u00"
                (out + end).update(from: escape.utf8Start, count: 4)
                out[end + 4] = 0x30 + byte >> 4
                out[end + 5] = digits.utf8Start[Int(byte & 15)]
                end += 6
            } else {
                out[end] = byte
                end += 1
            }
        }
        out[end] = 0x22
        return end + 1
    }
}

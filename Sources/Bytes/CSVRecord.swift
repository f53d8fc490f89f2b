/// Records of CSV, turned into JSON objects: the log holds one kind of event only.
public final class CSVRecord {
    /// What a column's values become.
    public enum Kind: Sendable {
        case text, number, bool
    }

    /// Each column's name as a JSON key with its colon, one behind the other, and where the next one begins.
    private let keys: UnsafeMutablePointer<UInt8>
    private let keyEnds: [Int]
    private let kinds: [Kind]
    private let grammar: CSVGrammar
    private var out: UnsafeMutablePointer<UInt8>
    private var capacity = 4096
    /// The content of a quoted field without its quotes.
    private var copy: [UInt8] = []

    /// - Parameters:
    ///   - names: The header's columns; a dot in one means a nested object's path and is kept as it is.
    ///   - grammar: How fields are told apart.
    ///   - kind: What the values of a column become; nil: text.
    public init(names: [[UInt8]], grammar: CSVGrammar = CSVGrammar(), kind: (String) -> Kind?) {
        self.grammar = grammar
        kinds = names.map { kind(String(decoding: $0, as: UTF8.self)) ?? .text }
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

    public var columnCount: Int { kinds.count }

    /// A record as a JSON object; an empty field is left out. Valid until the next call.
    ///
    /// Numbers keep their spelling. What is not a number in a number column stays text, for the decoder to refuse.
    ///
    /// - Throws: ``CSVGrammar/Fault`` if the record is malformed or has another number of fields than the header.
    public func json(
        _ record: UnsafeBufferPointer<UInt8>
    ) throws(CSVGrammar.Fault) -> UnsafeBufferPointer<UInt8> {
        // No byte becomes more than six; no column adds more than its key, two quotes and a comma.
        let bound = (keyEnds.last ?? 0) + record.count * 6 + kinds.count * 3 + 16
        if bound > capacity {
            capacity = bound * 2
            out.deallocate()
            out = .allocate(capacity: capacity)
        }
        var end = 1
        out[0] = 0x7B
        var position = 0
        for column in kinds.indices {
            let field = try grammar.field(of: record, &position)
            if CSVGrammar.isQuoted(field) {
                copy.removeAll(keepingCapacity: true)
                CSVGrammar.unquote(field, into: &copy)
                copy.withUnsafeBufferPointer { end += append($0, column, at: end) }
            } else {
                end += append(field, column, at: end)
            }
            let isLast = column == kinds.count - 1
            guard isLast == (position == record.count) else { throw .fieldCount(expected: kinds.count) }
            position += 1
        }
        // The last member's comma.
        if end > 1 { end -= 1 }
        out[end] = 0x7D
        return UnsafeBufferPointer(start: out, count: end + 1)
    }

    /// Writes a member and a comma, and returns how many bytes that took.
    private func append(_ content: UnsafeBufferPointer<UInt8>, _ column: Int, at start: Int) -> Int {
        guard let source = content.baseAddress, !content.isEmpty else { return 0 }
        let keyStart = column == 0 ? 0 : keyEnds[column - 1]
        let keyCount = keyEnds[column] - keyStart
        let target = out + start
        target.update(from: keys + keyStart, count: keyCount)
        var end = keyCount
        switch kinds[column] {
        case .number where Self.isNumber(content):
            (target + end).update(from: source, count: content.count)
            end += content.count
        case .bool where Self.truth(of: content) != nil:
            let word: StaticString = Self.truth(of: content) == true ? "true" : "false"
            (target + end).update(from: word.utf8Start, count: word.utf8CodeUnitCount)
            end += word.utf8CodeUnitCount
        default: end += Self.quote(content, to: target + end)
        }
        target[end] = 0x2C
        return end + 1
    }

    /// What a spelling of true or false means: `true`, `T`, `1` and so on; nil for anything else.
    private static func truth(of content: UnsafeBufferPointer<UInt8>) -> Bool? {
        switch content[0] | 0x20 {
        case 0x74: true
        case 0x66: false
        case 0x31 where content.count == 1 && content[0] == 0x31: true
        case 0x30 where content.count == 1 && content[0] == 0x30: false
        default: nil
        }
    }

    private static func isNumber(_ content: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = content.baseAddress else { return false }
        var position = 0
        return NumberParser.skip(base, &position, end: content.count) && position == content.count
    }

    /// Writes a JSON string and returns how many bytes it took.
    private static func quote(_ content: UnsafeBufferPointer<UInt8>, to out: UnsafeMutablePointer<UInt8>) -> Int {
        let digits: StaticString = "0123456789abcdef"
        out[0] = 0x22
        var end = 1
        for byte in content {
            if byte == 0x22 || byte == 0x5C {
                out[end] = 0x5C
                out[end + 1] = byte
                end += 2
            } else if byte < 0x20 {
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

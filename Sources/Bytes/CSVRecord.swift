/// Records of RFC 4180, turned into JSON objects: the log holds one kind of event only.
public struct CSVRecord {
    /// What a column's values become.
    public enum Kind: Sendable {
        case text, number, bool
    }

    private let names: [[UInt8]]
    private let kinds: [Kind]

    /// The field's content without its quotes, if the record is well formed.
    public static func fields(of record: UnsafeBufferPointer<UInt8>) -> [[UInt8]]? {
        var fields: [[UInt8]] = []
        var position = 0
        while true {
            var field: [UInt8] = []
            if position < record.count, record[position] == 0x22 {
                position += 1
                while true {
                    guard position < record.count else { return nil }
                    if record[position] == 0x22 {
                        position += 1
                        guard position < record.count, record[position] == 0x22 else { break }
                    }
                    field.append(record[position])
                    position += 1
                }
            } else {
                while position < record.count, record[position] != 0x2C {
                    if record[position] == 0x22 { return nil }
                    field.append(record[position])
                    position += 1
                }
            }
            fields.append(field)
            guard position < record.count else { return fields }
            guard record[position] == 0x2C else { return nil }
            position += 1
        }
    }

    /// - Parameters:
    ///   - names: The header's columns; a dot in one means a nested object's path and is kept as it is.
    ///   - kind: What the values of a column become; nil: text.
    public init(names: [[UInt8]], kind: (String) -> Kind?) {
        self.names = names
        kinds = names.map { kind(String(decoding: $0, as: UTF8.self)) ?? .text }
    }

    public var columnCount: Int { names.count }

    /// Writes a record as a JSON object behind `out`; an empty field is left out. False if the record is malformed or has
    /// another number of fields than the header.
    ///
    /// Numbers keep their spelling. What is not a number in a number column stays text, for the decoder to refuse.
    public func json(_ record: UnsafeBufferPointer<UInt8>, into out: inout [UInt8]) -> Bool {
        let start = out.count
        out.append(0x7B)
        var position = 0
        var column = 0
        var isFirst = true
        var copy: [UInt8] = []
        while true {
            guard column < names.count else { break }
            var content: UnsafeBufferPointer<UInt8>
            if position < record.count, record[position] == 0x22 {
                copy.removeAll(keepingCapacity: true)
                position += 1
                var isClosed = false
                while position < record.count {
                    if record[position] == 0x22 {
                        position += 1
                        guard position < record.count, record[position] == 0x22 else {
                            isClosed = true
                            break
                        }
                    }
                    copy.append(record[position])
                    position += 1
                }
                guard isClosed else { break }
                copy.withUnsafeBufferPointer { append($0, column, &isFirst, &out) }
            } else {
                let first = position
                while position < record.count, record[position] != 0x2C { position += 1 }
                content = UnsafeBufferPointer(rebasing: record[first..<position])
                append(content, column, &isFirst, &out)
            }
            column += 1
            if position == record.count {
                guard column == names.count else { break }
                out.append(0x7D)
                return true
            }
            guard record[position] == 0x2C else { break }
            position += 1
        }
        out.removeSubrange(start...)
        return false
    }

    private func append(
        _ content: UnsafeBufferPointer<UInt8>,
        _ column: Int,
        _ isFirst: inout Bool,
        _ out: inout [UInt8]
    ) {
        guard !content.isEmpty else { return }
        if !isFirst { out.append(0x2C) }
        isFirst = false
        quote(names[column].withUnsafeBufferPointer { UnsafeBufferPointer(rebasing: $0[...]) }, &out)
        out.append(0x3A)
        switch kinds[column] {
        case .number where isNumber(content): out.append(contentsOf: content)
        case .bool:
            let first = content[0] | 0x20
            let isTrue = first == 0x74 || content.elementsEqual([0x31])
            let isFalse = first == 0x66 || content.elementsEqual([0x30])
            if isTrue || isFalse {
                out.append(contentsOf: Array((isTrue ? "true" : "false").utf8))
            } else {
                quote(content, &out)
            }
        default: quote(content, &out)
        }
    }

    private func isNumber(_ content: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = content.baseAddress else { return false }
        var position = 0
        return NumberParser.parse(base, &position, end: content.count) != nil && position == content.count
    }

    private func quote(_ content: UnsafeBufferPointer<UInt8>, _ out: inout [UInt8]) {
        out.append(0x22)
        for byte in content {
            if byte == 0x22 || byte == 0x5C {
                out.append(0x5C)
                out.append(byte)
            } else if byte < 0x20 {
                out.append(contentsOf: Array("\\u00".utf8))
                out.append(0x30 + byte >> 4)
                out.append(Array("0123456789abcdef".utf8)[Int(byte & 15)])
            } else {
                out.append(byte)
            }
        }
        out.append(0x22)
    }
}

import Base
import Bytes
import Ingest
import TestKit
import Testing

/// Cutting a recording into CSV records and these into fields, beside Python's `csv` and beside a plain reader.
@Suite struct CSVReadingTests {
    /// A record that was read: where it begins, and its fields, nil if it is refused.
    struct Record: Equatable {
        var line: Int
        var fields: [[UInt8]]?
    }

    private static func read(_ source: some ByteSource, _ grammar: CSVGrammar) throws -> [Record] {
        var reader = LineReader(source, csv: grammar)
        var records: [Record] = []
        while let line = try reader.next() {
            do throws(CSVGrammar.Fault) {
                records.append(Record(line: line.number, fields: try grammar.fields(of: line.bytes)))
            } catch {
                records.append(Record(line: line.number, fields: nil))
            }
        }
        return records
    }

    private static func texts(_ text: String, separator: String = ",") throws -> [String] {
        let grammar = CSVGrammar(separator: separator.utf8.first ?? 0)
        return try read(Pieces(bytes: Array(text.utf8), sizes: [1 << 20]), grammar).map { record in
            let fields = record.fields.map { $0.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "¦") }
            return "\(record.line) " + (fields ?? "refused")
        }
    }

    /// What `list(csv.reader(io.StringIO(text, newline="")))` gives in Python 3.11, fields joined by ¦.
    static let python: [(text: String, rows: [String])] = [
        ("id,item\n1,TV 42\" black\n", ["1 id¦item", "2 1¦TV 42\" black"]),
        ("1,\"a,b\"\n", ["1 1¦a,b"]),
        ("1,\"a \"\"b\"\" c\"\n", ["1 1¦a \"b\" c"]),
        ("1,\"a\"b,2\n", ["1 1¦ab¦2"]),
        ("1,\"a\"b\"c\",2\n", ["1 1¦ab\"c\"¦2"]),
        ("1, \"a,b\"\n", ["1 1¦ \"a¦b\""]),
        ("1,\"\"\n", ["1 1¦"]),
        ("1,\"\"\"\"\n", ["1 1¦\""]),
        ("1,\"\"\"a\"\n", ["1 1¦\"a"]),
        ("1,a\"\"b\n", ["1 1¦a\"\"b"]),
        ("1,\"x\ny\",2\n3,z\n", ["1 1¦x\ny¦2", "3 3¦z"]),
        ("1,\"x\r\ny\"\r\n3\r\n", ["1 1¦x\r\ny", "3 3"]),
        ("1,\"a\" ,2\n", ["1 1¦a ¦2"]),
        (",,\n", ["1 ¦¦"]),
        ("1,\"a\"\",b\"\n2\n", ["1 1¦a\",b", "2 2"]),
        ("a\"\n", ["1 a\""]),
        ("1,'a,b'\n", ["1 1¦'a¦b'"]),
    ]

    @Test(arguments: python.indices)
    func pythonReadsTheSame(index: Int) throws {
        let sample = Self.python[index]
        #expect(try Self.texts(sample.text) == sample.rows)
        let other = sample.text.replacing(",", with: ";")
        #expect(try Self.texts(other, separator: ";") == sample.rows.map { $0.replacing(",", with: ";") })
    }

    /// Where Python goes on to the next quote or to the end of the file, one line is lost here.
    @Test func anUnclosedQuoteCostsItsLine() throws {
        #expect(try Self.texts("a,b\n1,\"TV\n2,x\n3,y\n") == ["1 a¦b", "2 refused", "3 2¦x", "4 3¦y"])
        #expect(try Self.texts("a,b\n1,\"TV\n2,x\n3,\"y, z\"\n4,v\n").count == 5)
        #expect(try Self.texts("1,\"TV\n2,\"x\n3,\"y\"\n") == ["1 refused", "2 refused", "3 3¦y"])
        #expect(try Self.texts("1,\"TV") == ["1 refused"])
        #expect(try Self.texts("\"") == ["1 refused"])
    }

    @Test func anUnclosedQuoteCostsItsLineInAnySize() throws {
        let line = Array("2,a row of some length that says nothing\n".utf8)
        var bytes = Array("1,\"open\n".utf8)
        for _ in 0..<60_000 { bytes += line }
        let records = try Self.read(Pieces(bytes: bytes, sizes: [100_000]), CSVGrammar())
        #expect(records.count == 60_001)
        #expect(records[0] == Record(line: 1, fields: nil))
        #expect(records.last?.line == 60_001)
        #expect(records.dropFirst().allSatisfy { $0.fields?.count == 2 })
    }

    /// Lines that each open a quote must not be searched to the limit one by one.
    @Test func hostileQuotesAreReadInOneGo() throws {
        for row in ["\"x\n", "1,\"\n", "\"\"\"x\n", "1,\"\"x,\"\n", "\"a\"b,\"\n", "\"\r\",\n"] {
            var bytes: [UInt8] = []
            while bytes.count < 4 << 20 { bytes += Array(row.utf8) }
            #expect(try Self.read(Pieces(bytes: bytes, sizes: [1 << 17]), CSVGrammar()).count > 100_000)
        }
    }

    // MARK: - Random tables

    /// As the grammar's description reads, with nothing clever: the whole recording in memory, byte by byte.
    private struct PlainReader {
        let bytes: [UInt8]
        let separator: UInt8

        func records() -> [Record] {
            var records: [Record] = []
            var (position, line) = (0, 1)
            while position < bytes.count {
                let first = nextLineFeed(position)
                var row = record(at: position)
                if row == nil { row = (nil, first.map { $0 + 1 } ?? bytes.count) }
                guard let (fields, next) = row else { return records }
                let text = bytes[position..<next].filter { $0 != 0x0A }
                if !(text.isEmpty || text == [0x0D]) || next - position > 2 {
                    records.append(Record(line: line, fields: fields))
                }
                line += bytes[position..<next].count { $0 == 0x0A }
                position = next
            }
            return records
        }

        private func nextLineFeed(_ start: Int) -> Int? { bytes[start...].firstIndex(of: 0x0A) }

        private func record(at start: Int) -> (fields: [[UInt8]]?, next: Int)? {
            var fields: [[UInt8]] = []
            var position = start
            while true {
                var field: [UInt8] = []
                var isOverLines = false
                let isQuoted = position < bytes.count && bytes[position] == 0x22
                if isQuoted {
                    position += 1
                    while true {
                        guard position < bytes.count else { return nil }
                        let byte = bytes[position]
                        position += 1
                        if byte == 0x22 {
                            guard position < bytes.count, bytes[position] == 0x22 else { break }
                            position += 1
                        }
                        isOverLines = isOverLines || byte == 0x0A
                        field.append(byte)
                    }
                }
                var rest = Array(bytes[position...].prefix { $0 != separator && $0 != 0x0A })
                position += rest.count
                let isLast = position == bytes.count || bytes[position] == 0x0A
                if isLast, rest.last == 0x0D { rest.removeLast() }
                if isOverLines, !rest.isEmpty { return nil }
                fields.append(field + rest)
                if isLast { return (fields, min(position + 1, bytes.count)) }
                position += 1
            }
        }
    }

    private static func table(_ random: inout Seeded, _ separator: UInt8) -> (rows: [[[UInt8]]], bytes: [UInt8]) {
        let alphabet: [UInt8] = [0x61, 0x62, 0x20, separator, 0x22, 0x0A, 0x0D, 0xC3, 0xA9]
        let columns = 1 + random.below(4)
        var rows: [[[UInt8]]] = []
        var bytes: [UInt8] = []
        for _ in 0..<1 + random.below(6) {
            var row: [[UInt8]] = []
            for column in 0..<columns {
                let field = (0..<random.below(6)).map { _ in alphabet[random.below(alphabet.count)] }
                row.append(field)
                if column > 0 { bytes.append(separator) }
                let needsQuotes = field.contains { $0 == separator || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }
                if needsQuotes || random.below(4) == 0 || columns == 1 && field.isEmpty {
                    bytes.append(0x22)
                    for byte in field { bytes += byte == 0x22 ? [0x22, 0x22] : [byte] }
                    bytes.append(0x22)
                } else {
                    bytes += field
                }
            }
            rows.append(row)
            bytes += random.below(3) == 0 ? [0x0D, 0x0A] : [0x0A]
        }
        if random.below(4) == 0 { bytes.removeLast() }
        return (rows, bytes)
    }

    @Test(arguments: Seeds.upTo(150))
    func randomTablesAreReadAsAPlainReaderReadsThem(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let separator: UInt8 = [0x2C, 0x3B, 0x09, 0x7C][random.below(4)]
        let grammar = CSVGrammar(separator: separator)
        var (rows, bytes) = Self.table(&random, separator)
        #expect(try Self.read(Pieces(bytes: bytes, sizes: [7]), grammar).map(\.fields) == rows)
        for _ in 0..<random.below(4) {
            let byte: UInt8 = [0x22, 0x22, separator, 0x0A, 0x0D, 0x61][random.below(6)]
            let place = random.below(max(1, bytes.count))
            switch random.below(3) {
            case 0: bytes.insert(byte, at: place)
            case 1 where !bytes.isEmpty: bytes.remove(at: place)
            default: if !bytes.isEmpty { bytes[place] = byte }
            }
        }
        let expected = PlainReader(bytes: bytes, separator: separator).records()
        for cut in 1...max(1, bytes.count) {
            let records = try Self.read(Pieces(bytes: bytes, sizes: [cut, 1 << 20]), grammar)
            #expect(records == expected, "cut at \(cut): \(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(try Self.read(Pieces(bytes: bytes, sizes: [1]), grammar) == expected)
    }
}

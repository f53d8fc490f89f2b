import Bytes
import Ingest
import TestKit
import Testing

@Suite struct LineReaderTests {
    private func read(_ bytes: [UInt8], size: Int, csv: CSVGrammar? = nil) throws -> [String] {
        var reader = LineReader(Pieces(bytes: bytes, size: size), csv: csv)
        var lines: [String] = []
        while let line = try reader.next() {
            lines.append("\(line.number):" + String(decoding: line.bytes, as: UTF8.self))
        }
        return lines
    }

    @Test func piecesDoNotMatter() throws {
        let bytes = Array("\u{FEFF}one\r\n\ntwo\n\nthree".utf8)
        for size in 1...20 { #expect(try read(bytes, size: size) == ["1:one", "3:two", "5:three"]) }
        let csv = Array("a,b\n\"x\ny\",2\nz,3\n".utf8)
        for size in 1...20 {
            #expect(try read(csv, size: size, csv: CSVGrammar()) == ["1:a,b", "2:\"x\ny\",2", "4:z,3"])
        }
    }

    /// Files that were put behind one another have a mark where each begins.
    @Test func aByteOrderMarkIsNoPartOfALine() throws {
        let bytes = Array("\u{FEFF}{\"a\":1}\n\u{FEFF}{\"a\":2}\r\n\u{FEFF}\n\u{FEFF}{\"a\":3}".utf8)
        for size in [1, 7, 100] {
            #expect(try read(bytes, size: size) == ["1:{\"a\":1}", "2:{\"a\":2}", "4:{\"a\":3}"])
        }
    }

    @Test func longLinesAreCutAndCounted() throws {
        let long = Array(repeating: UInt8(0x78), count: 3_000_000)
        let bytes = Array("a\n".utf8) + long + Array("\nb\n".utf8)
        for size in [1000, 1 << 17, 5_000_000] {
            var reader = LineReader(Pieces(bytes: bytes, size: size))
            #expect(try reader.next()?.oversize == nil)
            let line = try #require(try reader.next())
            #expect(line.oversize == 3_000_000)
            #expect(line.bytes.count == 200)
            let last = try #require(try reader.next())
            #expect(last.number == 3)
            #expect(reader.position.byte == bytes.count)
        }
    }

    @Test func goesOnWhereItStoppedButOnlyInTheSameFile() throws {
        let bytes = Array("one\ntwo\nthree\n".utf8)
        var reader = LineReader(Pieces(bytes: bytes, size: 5))
        _ = try reader.next()
        _ = try reader.next()
        let position = reader.position
        var again = LineReader(Pieces(bytes: bytes, size: 100))
        try again.skip(to: position, path: "p")
        let line = try #require(try again.next())
        #expect(line.number == 3)
        var other = LineReader(Pieces(bytes: Array("one\ntwx\nthree\n".utf8), size: 100))
        #expect(throws: InputError.changed(line: 2, path: "p")) { try other.skip(to: position, path: "p") }
    }
}

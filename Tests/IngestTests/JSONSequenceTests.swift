import Base
import Bytes
import Ingest
import TestKit
import Testing

/// JSON texts that are not one object a line, as lines of one.
@Suite struct JSONSequenceTests {
    private static func read(_ text: String, size: Int = 1 << 16) throws -> [String] {
        var reader = LineReader(JSONSequence(Pieces(bytes: Array(text.utf8), size: size)))
        var lines: [String] = []
        while let line = try reader.next() {
            lines.append("\(line.number): " + String(decoding: line.bytes, as: UTF8.self))
        }
        return lines
    }

    static let samples: [(text: String, lines: [String])] = [
        ("[{\"a\":1},{\"a\":2}]", ["1: {\"a\":1}", "2: {\"a\":2}"]),
        ("{\"a\":1}{\"a\":2} {\"a\":3}\n{\"a\":4}", (1...4).map { "\($0): {\"a\":\($0)}" }),
        // Each begins on a line of its own: that is its number.
        (
            "[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": [2, {}]\n  }\n]\n",
            ["2: {     \"a\": 1   }", "5: {     \"a\": [2, {}]   }"]
        ),
        ("{\n\"a\":\"}{\\\"\"\n}\n{\n\"a\":2\n}\n", ["1: { \"a\":\"}{\\\"\" }", "4: { \"a\":2 }"]),
        // Counted on, and the file's own again as soon as that is more.
        ("{\"a\":1}{\"a\":2}\n\n\n{\"a\":5}\n", ["1: {\"a\":1}", "2: {\"a\":2}", "4: {\"a\":5}"]),
        ("\u{FEFF}\u{1E}{\"a\":1}\n\u{1E}{\"a\":2}\n", ["1: {\"a\":1}", "2: {\"a\":2}"]),
        ("[1, \"x\", {\"a\":1}, null]", ["1: 1", "2: \"x\"", "3: {\"a\":1}", "4: null"]),
        ("[]", []), ("[\n]\n", []), ("", []),
        // What is broken costs itself.
        ("[{\"a\":\"x,\"b\":1},{\"a\":2}]", ["1: {\"a\":\"x,\"b\":1},", "2: {\"a\":2}"]),
        (
            "[\n {\n  \"a\": \"x\n },\n {\n  \"a\": 2\n }\n]",
            ["2: {   \"a\": \"x  },  ", "5: {   \"a\": 2  }"]
        ),
        ("[\n{\"a\":1,},\n{\"a\":2]},\n{\"a\":3}\n]", ["2: {\"a\":1,}, ", "3: {\"a\":2]}, ", "4: {\"a\":3}"]),
        ("[{\"a\":1},{\"a\":", ["1: {\"a\":1}", "2: {\"a\":"]),
    ]

    @Test(arguments: samples.indices)
    func aValueIsALine(index: Int) throws {
        let (text, lines) = Self.samples[index]
        for size in [1, 2, 3, 7, 1 << 16] { #expect(try Self.read(text, size: size) == lines, "pieces of \(size)") }
    }

    /// What has been written so far of a growing file is the first part of what will have been written.
    @Test(arguments: samples.indices)
    func aLongerTextBeginsAsTheShorterOne(index: Int) throws {
        let bytes = Array(Self.samples[index].text.utf8)
        func given(_ count: Int) throws -> [UInt8] {
            var source = JSONSequence(Pieces(bytes: Array(bytes[..<count]), size: 5))
            var out: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 9)
            while true {
                let read = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
                if read == 0 { return out }
                out += buffer[..<read]
            }
        }
        let whole = try given(bytes.count)
        for count in 0..<bytes.count { #expect(whole.starts(with: try given(count)), "\(count)") }
    }

    @Test func linesAreToldFromOtherTexts() {
        func shape(_ text: String) -> JSONSequence.Shape { JSONSequence.decidedShape(Array(text.utf8)) }
        let sequences = [
            "[{\"a\":1}]", " \n[", "{\"a\":1}{\"a\":2}", "{\"a\":1} {\"a\":2}\n", "{\"a\":1},\n{\"a\":2}", "{\n",
            "{\n \"a\"",
            "{\n\"a\":1\n}\n", "{\"a\":{\n", "\u{FEFF}[",
        ]
        for text in sequences { #expect(shape(text) == .sequence, "\(text)") }
        let lines = [
            "", "{\"a\":1}", "{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\r\n", "{\"a\":1\n{\"a\":2}\n",
            "{\"a\":\"x\n{\"a\":2}\n", "{\"a",
            "{\"a\":1,\n{\"a\":2}\n", "broken\n[1]", "{x}\n", "{\"a\":1}x\n{\"a\":2}\n", "{\"a\":tru\n{", "{\"a\":1.\n",
        ]
        for text in lines { #expect(shape(text) == .lines, "\(text)") }
    }

    /// Texts of random objects, pretty-printed or not, with what may stand between them: all are found, at their lines.
    @Test func everyObjectIsFound() throws {
        var random = Seeded(seed: 7)
        for _ in 0..<300 {
            var text = random.next() % 2 == 0 ? "[" : ""
            var expected: [String] = []
            var line = 1
            var last = 0
            for index in 0..<Int(random.next() % 6) {
                let gap = [",", " ", "\n", ",\n\n", "\n ", "\t"][Int(random.next() % 6)]
                if index > 0 || text.isEmpty == false { text += index > 0 ? gap : "" }
                line += index > 0 ? gap.count { $0 == "\n" } : 0
                let inner = ["\"é\\\"}{\"", "{\"x\":[{},[]]}", "1.5e3", "true", "[\n1\n]", "{\n}"][
                    Int(random.next() % 6)
                ]
                let object = "{\"a\":\(inner)}"
                last = max(line, last + 1)
                expected.append("\(last): " + object.replacing("\n", with: " "))
                text += object
                line += object.count { $0 == "\n" }
            }
            #expect(try Self.read(text, size: Int(random.next() % 20) + 1) == expected, "\(text)")
        }
    }
}

/// Other encodings as UTF-8.
@Suite struct TextEncodingTests {
    private func read(_ bytes: [UInt8], _ encoding: TextEncoding, size: Int) throws -> String {
        var source = TranscodingSource(Pieces(bytes: bytes, size: size), from: encoding)
        var out: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 20)
        while true {
            let read = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
            if read == 0 { return String(decoding: out, as: UTF8.self) }
            out += buffer[..<read]
        }
    }

    @Test func anyPiecesGiveTheSameText() throws {
        let text = "id,payer\n1,Müller €𝄞\r\n2,日本\n" + String(repeating: "x", count: 70)
        for size in [1, 2, 3, 5, 1 << 16] {
            for (mark, swaps) in [("", false), ("\u{FEFF}", false), ("\u{FEFF}", true)] {
                let units = (mark + text).utf16.flatMap { unit in
                    let pair = [UInt8(truncatingIfNeeded: unit), UInt8(truncatingIfNeeded: unit >> 8)]
                    return swaps ? pair.reversed() : pair
                }
                let encoding: TextEncoding = swaps ? .utf16BigEndian : .utf16LittleEndian
                #expect(try read(units, encoding, size: size) == text)
                #expect(TextEncoding(units) == encoding)
            }
            let latin = "Müller ÿ".unicodeScalars.map { UInt8($0.value) }
            #expect(try read(latin, .latin1, size: size) == "Müller ÿ")
            // Python: bytes(range(0x80, 0xA0)).decode("cp1252"), without the five that it refuses.
            let open = (0x80..<0xA0).filter { ![0x81, 0x8D, 0x8F, 0x90, 0x9D].contains($0) }.map { UInt8($0) }
            #expect(try read(open, .windows1252, size: size) == "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ")
        }
    }

    @Test func ahalfOfAPairIsNoText() throws {
        // A lone high half, a lone low one, and a high one before a letter: three bytes each that are no UTF-8.
        let bytes: [UInt8] = [0x41, 0, 0x00, 0xD8, 0x0A, 0, 0x00, 0xDC, 0x42, 0]
        var source = TranscodingSource(Pieces(bytes: bytes, size: 4), from: .utf16LittleEndian)
        var buffer = [UInt8](repeating: 0, count: 64)
        var out: [UInt8] = []
        while case let read = try buffer.withUnsafeMutableBytes({ try source.read(into: $0) }), read > 0 {
            out += buffer[..<read]
        }
        let lines = out.split(separator: 0x0A).map(Array.init)
        #expect(lines.count == 2)
        for line in lines { #expect(line.withUnsafeBufferPointer { !UTF8Check.isValid($0) }) }
    }
}

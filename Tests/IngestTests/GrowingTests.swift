import Bytes
import Ingest
import TestKit
import Testing

/// Recordings that are read while somebody writes to them: whatever a reader saw, later ones see the same lines as one
/// that comes when all is written.
@Suite struct GrowingTests {
    static let recordings: [(text: String, csv: Bool)] = [
        (
            "{\"id\":1,\"x\":\"\\\"}\"}\n{\"id\":2}\r\n\n  {\"id\":\"é\",\"y\":{\"z\":[1,{}]}}\nbroken {\"a\":1}\n{\"id\":4,\"v\":12.5}\n",
            false
        ),
        (
            "\u{FEFF}id,at,note\r\n1,2026,\"one\ntwo\"\"\r\nthree\"\r\n2,2026,TV 42\" black\n\n3,2026,\"a\"b\n4,2026,125\n",
            true
        ),
        ("a,b\n\"x\n1,2\n3,\"y\"\n4,5\n", true),
    ]

    /// Reads on from a position and gives the lines, where they are, and where the next reader begins.
    private func read(
        _ bytes: ArraySlice<UInt8>,
        from position: RecordingPosition,
        _ csv: Bool,
        _ tail: LineReader<Pieces>.Tail
    ) throws -> (lines: [String], position: RecordingPosition) {
        var reader = LineReader(Pieces(bytes: Array(bytes), sizes: [5, 64]), csv: csv ? CSVGrammar() : nil)
        reader.tail = tail
        reader.columnCount = 3
        try reader.skip(to: position, path: "r")
        var lines: [String] = []
        while let line = try reader.next() {
            lines.append("\(line.number): " + String(decoding: line.bytes, as: UTF8.self))
        }
        #expect(reader.lateEnd == nil)
        let left = reader.unended?.bytes ?? 0
        #expect(tail == .leave || left == 0)
        #expect(reader.position.byte + left <= bytes.count)
        return (lines, reader.position)
    }

    @Test(arguments: recordings.indices)
    func everySplitGivesTheSameLines(index: Int) throws {
        let (text, csv) = Self.recordings[index]
        let bytes = Array(text.utf8)
        let whole = try read(bytes[...], from: RecordingPosition(), csv, .take)
        for first in 0...bytes.count {
            let one = try read(bytes[..<first], from: RecordingPosition(), csv, .leave)
            for second in Set([first, min(first + 1, bytes.count), (first + bytes.count) / 2, bytes.count]) {
                let two = try read(bytes[..<second], from: one.position, csv, .leave)
                let rest = try read(bytes[...], from: two.position, csv, .take)
                #expect(one.lines + two.lines + rest.lines == whole.lines, "\(first), \(second)")
                #expect(rest.position == whole.position)
            }
        }
    }

    /// What has no end is left, however long it is, and taken when the recording is finished.
    @Test func aLineWithoutAnEndIsLeft() throws {
        for size in [10, 1 << 20, 3 << 20] {
            let bytes = Array("{\"a\":1}\n{\"b\":\"".utf8) + Array(repeating: 0x78, count: size)
            var reader = LineReader(Pieces(bytes: bytes, sizes: [70_000]))
            reader.tail = .leave
            #expect(try reader.next()?.number == 1)
            #expect(try reader.next() == nil)
            #expect(reader.position.byte == 8)
            let left = reader.unended
            #expect(left?.line == 2 && left?.bytes == bytes.count - 8)
            #expect(try reader.next() == nil)
            let finished = try read(bytes[...], from: reader.position, false, .take)
            #expect(finished.lines.count == 1 && finished.position.byte == bytes.count)
        }
    }

    /// One that forgot to close a quote does not keep what is behind it waiting.
    @Test func aForgottenQuoteIsNotWaitedFor() throws {
        let text = "id,at,note\n1,2026,\"TV\n" + (2..<400).map { "\($0),2026,x\n" }.joined()
        let (lines, position) = try read(Array(text.utf8)[...], from: RecordingPosition(), true, .leave)
        #expect(lines.count == 400 && position.byte == text.utf8.count)
        // It may be the rest of a text.
        let open = try read(Array("id,at,note\n1,2026,\"one\ntwo\n".utf8)[...], from: RecordingPosition(), true, .leave)
        #expect(open.lines.count == 1)
    }
}

import Survey
import Testing

@Suite struct ShapeTests {
    private func shape(_ text: String) -> FileShape {
        Array(text.utf8).withUnsafeBufferPointer { FileShape.sniff($0) }
    }

    @Test(arguments: [(",", UInt8(0x2C)), (";", 0x3B), ("\t", 0x09), ("|", 0x7C)])
    func separators(_ separator: String, _ byte: UInt8) {
        let rows =
            ["name", "note", "x"].joined(separator: separator) + "\n"
            + (0..<20).map { ["a\($0)", "\"one, two; three\"", "\($0)"].joined(separator: separator) + "\r\n" }.joined()
        #expect(shape(rows).separator == byte)
        #expect(shape(rows).header == ["name", "note", "x"])
    }

    @Test func decimalCommasAreToldFromSeparators() {
        #expect(shape("a;b\n1,5;x\n2.000,75;y\n").hasDecimalComma)
        #expect(!shape("a;b\n1.5;x\n2000.75;y\n").hasDecimalComma)
        #expect(shape("a,b\n\"1,5\",x\n\"12,25\",y\n").hasDecimalComma)
        #expect(!shape("a,b\n1,5\n2,6\n").hasDecimalComma)
        // Neither a date nor a minus at the end is a number with a comma.
        #expect(!shape("a,b\n2026-01-05,5\n2026-01-06,6\n").hasDecimalComma)
        #expect(!shape("a,b\n\"1,000-\",5\n").hasDecimalComma)
    }

    @Test func headers() {
        #expect(shape("1,2026-01-01,x\n2,2026-01-02,y\n").header == nil)
        #expect(shape("a,b,a\n1,2,3\n").header == ["a", "b", "a"])
        #expect(shape("a,b,a\nc,d,c\n").header == nil)
        #expect(shape("a,b,,\n1,2,,\n").header == ["a", "b", "", ""])
        #expect(shape(",,\n1,2,3\n").header == nil)
        #expect(FileShape.columnNames(["a", "", "column_2", ""]) == ["a", "column_2_", "column_2", "column_4"])
        #expect(shape(",b,c\n1,2,3\n").header == ["", "b", "c"])
        #expect(shape("\u{FEFF}\"a\"\"b\",c\n1,2\n").header == ["a\"b", "c"])
        #expect(shape("\u{FEFF}a,c\n1,2\n").hasByteOrderMark)
    }

    @Test func formats() {
        #expect(shape("\n {\"a\":1}\n").format == .jsonl)
        #expect(shape("[{\"a\":1}]").format == .jsonl)
        #expect(shape("a\n1\n").format == .csv)
        #expect(shape("").format == .csv)
        let log = #"203.0.113.9 - - [10/Oct/2025:13:55:36 +0200] "GET /a HTTP/1.1" 200 23"#
        #expect(Array(log.utf8).withUnsafeBufferPointer { FileShape.isWebLog($0) })
        #expect(!Array("a,b,[c]\n".utf8).withUnsafeBufferPointer { FileShape.isWebLog($0) })
    }
}

import Tables
import Testing

@Suite struct NumberRowsTests {
    private func rows(_ lines: String...) throws -> NumberRows {
        var rows = try NumberRows(header: lines[0].utf8)
        for line in lines.dropFirst() {
            try Array(line.utf8).withUnsafeBufferPointer { line throws in try rows.append(line) }
        }
        return rows
    }

    @Test func everySpelling() throws {
        let rows = try rows("a,\"b,c\"", "1,-2.5e1", ",nan", "inf,-Infinity", "\"7\", .5", "0.1,1e-50")
        #expect(rows.names == ["a", "b,c"])
        #expect(rows.values.map(\.bitPattern).prefix(2) == [Double(1).bitPattern, Double(-25).bitPattern])
        #expect(rows.values[2].isNaN && rows.values[3].isNaN)
        #expect(Array(rows.values[4...]) == [.infinity, -.infinity, 7, 0.5, 0.1, 1e-50])
        #expect(rows.rowCount == 5)
    }

    /// Columns of conditions, as pandas writes them.
    @Test func conditionsAreNumbers() throws {
        #expect(try rows("a,b,c", "True,False,\"true\"").values == [1, 0, 1])
        #expect(throws: NumberRows.Fault.field(column: "a", text: "yes")) { try rows("a", "yes") }
    }

    @Test func mistakesAreNamed() {
        #expect(throws: NumberRows.Fault.fieldCount(3, expected: 2)) { try rows("a,b", "1,2,3") }
        #expect(throws: NumberRows.Fault.fieldCount(1, expected: 2)) { try rows("a,b", "1") }
        #expect(throws: NumberRows.Fault.field(column: "b", text: "x1")) { try rows("a,b", "1,x1") }
        #expect(throws: NumberRows.Fault.header) { try rows("a,\"b") }
    }

    @Test func namesStandForNumbers() throws {
        var rows = try NumberRows(header: "a,b".utf8)
        rows.read(categories: [0: NumberRows.Categories(["x", "y", "x"], areNumbers: false)])
        for line in ["x,1", "\"y\",2", "z,3", ",4"] {
            try Array(line.utf8).withUnsafeBufferPointer { line throws in try rows.append(line) }
        }
        #expect(rows.values[0] == 0 && rows.values[2] == 1 && rows.values[4].isNaN && rows.values[6].isNaN)
        #expect(rows.unknown[0]?.count == 1 && rows.unknown[0]?.example == "z")
        #expect(throws: NumberRows.Fault.category(column: "a", text: "1", names: ["x", "y", "x"])) {
            try Array("1,1".utf8).withUnsafeBufferPointer { line throws in try rows.append(line) }
        }
        #expect(rows.rowCount == 4 && rows.values.count == 8)
        rows.read(categories: [0: NumberRows.Categories(["5", "7.5"], areNumbers: true)])
        try Array("5.0,1".utf8).withUnsafeBufferPointer { line throws in try rows.append(line) }
        #expect(rows.values[8] == 0)
    }
}

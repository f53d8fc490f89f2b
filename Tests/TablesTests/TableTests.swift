import Foundation
import Tables
import Testing

/// A folder that is removed at the end.
final class Folder {
    let path = FileManager.default.temporaryDirectory.path + "/patternalarm-tables-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
    }

    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
        return path + "/" + name
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
    }
}

@Suite struct TableWriterTests {
    private func write(_ table: TableWriter, rows: Int) throws {
        for row in 0..<rows {
            table.beginRow()
            table.put(row)
            table.put(-row * 1_000_000_007)
            table.put(row == 1 ? Double.nan : Double(row) / 4)
            try table.endRow()
        }
        try table.close()
    }

    @Test func csvAsAStream() throws {
        var text = ""
        let table = TableWriter(integers: ["event", "offset"], numbers: ["amount"]) {
            text += String(decoding: $0, as: UTF8.self)
        }
        try write(table, rows: 3)
        #expect(text == "event,offset,amount\n0,0,0\n1,-1000000007,\n2,-2000000014,0.5\n")
    }

    /// More rows than the buffer holds: what is written first has its place.
    @Test func anArrayOfRecords() throws {
        let folder = try Folder()
        let rows = 30_000
        try write(
            try TableWriter(path: folder.path + "/t.npy", integers: ["event", "offset"], numbers: ["amount"]),
            rows: rows
        )
        let bytes = try folder.bytes("t.npy")
        let size = 12 + Int(bytes[8]) + Int(bytes[9]) << 8
        #expect(size % 64 == 0 && bytes.count == size + rows * 24)
        let header = String(decoding: bytes[12..<size], as: UTF8.self)
        let types = "{'descr': [('event', '<i8'), ('offset', '<i8'), ('amount', '<f8')], 'fortran_order': False, "
        #expect(header.hasPrefix(types + "'shape': (              30000,), }"))
        bytes.withUnsafeBytes { bytes in
            let last = size + (rows - 1) * 24
            #expect(bytes.loadUnaligned(fromByteOffset: last, as: Int64.self) == 29_999)
            #expect(bytes.loadUnaligned(fromByteOffset: last + 8, as: Int64.self) == -29_999 * 1_000_000_007)
            #expect(bytes.loadUnaligned(fromByteOffset: last + 16, as: Double.self) == 7499.75)
            #expect(bytes.loadUnaligned(fromByteOffset: size + 40, as: Double.self).isNaN)
        }
    }

    @Test func anExistingFileStays() throws {
        let folder = try Folder()
        let path = try folder.file("t.csv", [1, 2, 3])
        #expect(throws: TableError.unwritable("cannot write \(path): it exists already")) {
            try TableWriter(path: path, integers: ["a"], numbers: [])
        }
        #expect(try folder.bytes("t.csv") == [1, 2, 3])
    }
}

@Suite struct NumberTableTests {
    private func array(_ type: String, _ shape: String, isByColumn: Bool = false, _ numbers: [UInt8]) -> [UInt8] {
        let text =
            "{'descr': '\(type)', 'fortran_order': \(isByColumn ? "True" : "False"), 'shape': (\(shape)), }"
        let header = text + String(repeating: " ", count: 117 - text.utf8.count) + "\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8) + numbers
    }

    private func bytes<T: BitwiseCopyable>(_ numbers: [T]) -> [UInt8] { numbers.withUnsafeBytes { Array($0) } }

    @Test func arrays() throws {
        let folder = try Folder()
        let byRow = try NumberTable(
            try folder.file("a.npy", array("<f4", "2, 3", bytes([1, 2, 3, 4, 5, 6.5] as [Float])))
        )
        #expect(byRow.names == ["f0", "f1", "f2"] && byRow.rowCount == 2)
        #expect(byRow.values == [1, 2, 3, 4, 5, 6.5] && byRow.floats(of: 2) == [3, 6.5])
        let numbers = bytes([1, 4, 2, 5, 3, 6.5] as [Double])
        let byColumn = try NumberTable(try folder.file("b.npy", array("<f8", "2, 3", isByColumn: true, numbers)))
        #expect(byColumn.values == byRow.values)
        let labels = try NumberTable(try folder.file("c.npy", array("|i1", "3,", bytes([0, 1, -1] as [Int8]))))
        #expect(labels.floats(of: 0) == [0, 1, -1] && labels.rowCount == 3)
    }

    @Test func brokenArraysAreNamed() throws {
        let folder = try Folder()
        func words(_ bytes: [UInt8]) throws -> String {
            let path = try folder.file("x.npy", bytes)
            do { _ = try NumberTable(path) } catch { return "\(error)".replacing(path, with: "x") }
            return "none"
        }
        let good = array("<f4", "2, 3", bytes([1, 2, 3, 4, 5, 6] as [Float]))
        #expect(try words(good) == "none")
        #expect(try words(good.dropLast()) == "x is not of its size")
        #expect(try words(Array(good[..<60])) == "x is cut short")
        #expect(try words(array("<c8", "1,", [])).hasPrefix("x: its numbers are none of <f4, <f8, <i4"))
        #expect(try words(array("<f4", "1, 1, 1", [0, 0, 0, 0])) == "x: it has neither one nor two dimensions")
        #expect(try words(array("<f4", "-1, 2", [])) == "x: it has neither one nor two dimensions")
    }

    @Test func csv() throws {
        let folder = try Folder()
        let table = try NumberTable(try folder.file("t.csv", Array("a,\"b,c\"\n1,\n0.25,\"-3\"\n".utf8)))
        #expect(table.names == ["a", "b,c"] && table.rowCount == 2 && table.floats(of: 0) == [1, 0.25])
        #expect(table.values[1].isNaN && table.values[3] == -3)
        let path = try folder.file("u.csv", Array("a,b\n1,2\n1,x1\n".utf8))
        #expect(throws: TableError.unreadable("\(path):3: column \"b\": \"x1\" is not a number")) {
            try NumberTable(path)
        }
        #expect(throws: TableError.unreadable("cannot read \(folder.path)/none")) {
            try NumberTable(folder.path + "/none")
        }
    }
}

@Suite struct CSVTextTests {
    @Test(arguments: [
        ("a", "a"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("=1+1", "'=1+1"), ("-1.5e3", "-1.5e3"),
        ("+49 (30) 12-34", "+49 (30) 12-34"), ("-x", "'-x"), ("@a\n", "\"'@a\n\""),
    ])
    func fields(_ text: String, _ field: String) { #expect(CSVText.field(text) == field) }

    @Test func rawFieldsStay() { #expect(CSVText.field("=1+1", isRaw: true) == "=1+1") }
}

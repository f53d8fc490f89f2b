import GRDB
import Glibc

/// The rows that the pages of a SQLite file hold, found page by page without its trees and tables: what can be read of
/// a damaged file, whatever else of it cannot. See https://www.sqlite.org/fileformat2.html.
struct PageScanner {
    /// A row as it is stored; of a table with row numbers, with its number.
    struct Record {
        var rowID: Int64?
        var values: [DatabaseValue]
    }

    private let descriptor: Int32
    private let pageSize: Int
    private let pageCount: Int

    /// - Parameters:
    ///   - descriptor: The file, open for reading; the caller closes it.
    ///   - pageSize: Bytes of a page.
    init(descriptor: Int32, pageSize: Int) {
        self.descriptor = descriptor
        self.pageSize = pageSize
        pageCount = max(0, Int(lseek(descriptor, 0, SEEK_END)) / pageSize)
    }

    /// Calls the body with every record that is whole; returns how many cells are none.
    func visit(_ body: (Record) throws -> Void) throws -> Int {
        var broken = 0
        for number in 0..<pageCount {
            guard let page = page(number) else { continue }
            let start = number == 0 ? 100 : 0
            let isTable = page[start] == 0x0D
            let isInterior = page[start] == 0x02
            guard isTable || isInterior || page[start] == 0x0A else { continue }
            let cells = Int(page[start + 3]) << 8 | Int(page[start + 4])
            let pointers = start + (isInterior ? 12 : 8)
            for index in 0..<cells where pointers + index * 2 + 1 < pageSize {
                let place = Int(page[pointers + index * 2]) << 8 | Int(page[pointers + index * 2 + 1])
                if let record = record(page[...], at: place + (isInterior ? 4 : 0), isTable: isTable) {
                    try body(record)
                } else {
                    broken += 1
                }
            }
        }
        return broken
    }

    private func page(_ number: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: pageSize)
        let count = bytes.withUnsafeMutableBytes {
            pread(descriptor, $0.baseAddress, $0.count, off_t(number * pageSize))
        }
        return count == pageSize ? bytes : nil
    }

    private func record(_ page: ArraySlice<UInt8>, at place: Int, isTable: Bool) -> Record? {
        var reader = CellReader(page, at: place)
        guard let size = reader.varint(), (1...Int64(pageSize) * Int64(pageCount)).contains(size) else { return nil }
        var rowID: Int64?
        if isTable {
            guard let number = reader.varint() else { return nil }
            rowID = number
        }
        guard let payload = payload(Int(size), from: &reader, isTable: isTable),
            let values = Self.values(of: payload)
        else { return nil }
        return Record(rowID: rowID, values: values)
    }

    /// What of a payload is in the page itself, and the rest of it from the pages behind.
    private func payload(_ size: Int, from reader: inout CellReader, isTable: Bool) -> [UInt8]? {
        let most = isTable ? pageSize - 35 : (pageSize - 12) * 64 / 255 - 23
        let least = (pageSize - 12) * 32 / 255 - 23
        let fitting = least + (size - least) % (pageSize - 4)
        let local = size <= most ? size : fitting <= most ? fitting : least
        guard var bytes = reader.bytes(local) else { return nil }
        guard local < size else { return bytes }
        guard var next = reader.integer(4) else { return nil }
        while bytes.count < size {
            guard next > 0, next <= pageCount, let page = page(Int(next) - 1) else { return nil }
            var overflow = CellReader(page[...], at: 0)
            guard let link = overflow.integer(4), let part = overflow.bytes(min(size - bytes.count, pageSize - 4))
            else {
                return nil
            }
            bytes += part
            next = link
        }
        return bytes
    }

    private static func values(of payload: [UInt8]) -> [DatabaseValue]? {
        var types = CellReader(payload[...], at: 0)
        guard let size = types.varint(), size > 0, size <= payload.count else { return nil }
        var content = CellReader(payload[...], at: Int(size))
        var values: [DatabaseValue] = []
        while types.position < Int(size) {
            guard let type = types.varint(), let value = content.value(type) else { return nil }
            values.append(value)
        }
        return types.position == Int(size) && content.position == payload.count ? values : nil
    }
}

/// Reads the parts of a cell; nil where they would lie outside.
private struct CellReader {
    private let source: ArraySlice<UInt8>
    private(set) var position: Int

    init(_ source: ArraySlice<UInt8>, at position: Int) {
        self.source = source
        self.position = position
    }

    /// SQLite's: seven bits a byte, the first the highest, eight in the ninth.
    mutating func varint() -> Int64? {
        var value: UInt64 = 0
        for index in 0..<9 {
            guard position < source.endIndex else { return nil }
            let byte = source[position]
            position += 1
            if index == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
            value = value << 7 | UInt64(byte & 0x7F)
            if byte < 0x80 { return Int64(bitPattern: value) }
        }
        return nil
    }

    mutating func bytes(_ count: Int) -> [UInt8]? {
        guard count >= 0, count <= source.endIndex - position else { return nil }
        defer { position += count }
        return Array(source[position..<position + count])
    }

    /// Big-endian, with its sign.
    mutating func integer(_ count: Int) -> Int64? {
        guard let bytes = bytes(count), let first = bytes.first else { return nil }
        return bytes.dropFirst().reduce(Int64(Int8(bitPattern: first))) { $0 << 8 | Int64($1) }
    }

    mutating func value(_ type: Int64) -> DatabaseValue? {
        switch type {
        case 0: return .null
        case 1...4: return integer(Int(type))?.databaseValue
        case 5: return integer(6)?.databaseValue
        case 6: return integer(8)?.databaseValue
        case 7: return integer(8).map { Double(bitPattern: UInt64(bitPattern: $0)).databaseValue }
        case 8, 9: return (type - 8).databaseValue
        case 13... where type % 2 == 1 && type < 1 << 32:
            return bytes(Int(type - 13) / 2).flatMap { String(validating: $0, as: UTF8.self) }?.databaseValue
        default: return nil
        }
    }
}

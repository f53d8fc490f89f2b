import Foundation

/// Rows of numbers from a file: `.npy` (NumPy's format, one- or two-dimensional) or CSV with a header.
struct NumberTable {
    var names: [String]
    /// [column][row]; an empty or unreadable CSV field is missing (NaN).
    var columns: [[Float]]

    var rowCount: Int { columns.first?.count ?? 0 }

    init(_ path: String) throws(CommandError) {
        guard let data = FileManager.default.contents(atPath: path) else { throw .input("cannot read \(path)") }
        if data.starts(with: Self.magic) {
            try self.init(path, npy: data)
        } else {
            try self.init(path, csv: String(decoding: data, as: UTF8.self))
        }
    }

    /// Takes a column out.
    ///
    /// - Returns: Its values, or nil if there is no such column.
    mutating func take(_ name: String) -> [Float]? {
        guard let index = names.firstIndex(of: name) else { return nil }
        names.remove(at: index)
        return columns.remove(at: index)
    }

    private init(_ path: String, csv: String) throws(CommandError) {
        let lines = csv.split(whereSeparator: \.isNewline)
        guard let header = lines.first else { throw .input("\(path) is empty") }
        names = header.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        columns = names.map { _ in [] }
        for (number, line) in lines.dropFirst().enumerated() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == names.count else {
                throw .input("\(path): line \(number + 2) has \(fields.count) fields, the header \(names.count)")
            }
            for (column, field) in fields.enumerated() { columns[column].append(Float(field) ?? .nan) }
        }
    }

    // MARK: - NumPy

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    private init(_ path: String, npy data: Data) throws(CommandError) {
        let bytes = [UInt8](data)
        let wide = bytes.count > 6 && bytes[6] >= 2
        let start = wide ? 12 : 10
        guard bytes.count > start else { throw .input("\(path) is cut short") }
        var length = Int(bytes[8]) | Int(bytes[9]) << 8
        if wide { length |= Int(bytes[10]) << 16 | Int(bytes[11]) << 24 }
        guard bytes.count >= start + length else { throw .input("\(path) is cut short") }
        let header = String(decoding: bytes[start..<start + length], as: UTF8.self)
        let sizes = ["<f4": 4, "<f8": 8, "<i4": 4, "<i8": 8, "<u2": 2, "|u1": 1, "|i1": 1]
        guard let type = sizes.keys.first(where: { header.contains("'\($0)'") }), let size = sizes[type] else {
            throw .input("\(path): its numbers are none of \(sizes.keys.sorted().joined(separator: ", "))")
        }
        let shape = header.drop { $0 != "(" }.dropFirst().prefix { $0 != ")" }
            .split(separator: ",").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
        guard (1...2).contains(shape.count), shape[0] <= 1 << 32, shape.count == 1 || shape[1] <= 1 << 16 else {
            throw .input("\(path): it has neither one nor two dimensions")
        }
        let (rows, width) = (shape[0], shape.count == 2 ? shape[1] : 1)
        let first = start + length
        guard bytes.count == first + rows * width * size else { throw .input("\(path) is not of its size") }
        let isByColumn = header.contains("'fortran_order': True")
        names = (0..<width).map { "f\($0)" }
        columns = bytes.withUnsafeBytes { buffer in
            (0..<width).map { column in
                (0..<rows).map { row in
                    let place = first + (isByColumn ? column * rows + row : row * width + column) * size
                    return switch type {
                    case "<f4": buffer.loadUnaligned(fromByteOffset: place, as: Float.self)
                    case "<f8": Float(buffer.loadUnaligned(fromByteOffset: place, as: Double.self))
                    case "<i4": Float(buffer.loadUnaligned(fromByteOffset: place, as: Int32.self))
                    case "<i8": Float(buffer.loadUnaligned(fromByteOffset: place, as: Int64.self))
                    case "<u2": Float(buffer.loadUnaligned(fromByteOffset: place, as: UInt16.self))
                    case "|i1": Float(buffer.loadUnaligned(fromByteOffset: place, as: Int8.self))
                    default: Float(buffer[place])
                    }
                }
            }
        }
    }
}

/// An array in NumPy's format (.npy, NEP 1) of one or two dimensions.
struct NumPyArray {
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    let rowCount: Int
    let width: Int
    private let bytes: [UInt8]
    private let first: Int
    private let type: String
    private let size: Int
    private let isByColumn: Bool

    /// Bytes a number, by the name of its type.
    private static let sizes = ["<f4": 4, "<f8": 8, "<i4": 4, "<i8": 8, "<u2": 2, "|u1": 1, "|i1": 1]

    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - path: The file as messages name it.
    /// - Throws: ``TableError/unreadable(_:)``
    init(_ bytes: [UInt8], path: String) throws(TableError) {
        let isWide = bytes.count > 6 && bytes[6] >= 2
        let start = isWide ? 12 : 10
        guard bytes.count > start else { throw .unreadable("\(path) is cut short") }
        var length = Int(bytes[8]) | Int(bytes[9]) << 8
        if isWide { length |= Int(bytes[10]) << 16 | Int(bytes[11]) << 24 }
        guard bytes.count >= start + length else { throw .unreadable("\(path) is cut short") }
        let header = String(decoding: bytes[start..<start + length], as: UTF8.self)
        let sizes = Self.sizes
        guard let type = sizes.keys.first(where: { header.contains("'\($0)'") }), let size = sizes[type] else {
            throw .unreadable("\(path): its numbers are none of \(sizes.keys.sorted().joined(separator: ", "))")
        }
        let shape = header.drop { $0 != "(" }.dropFirst().prefix { $0 != ")" }
            .split(separator: ",").compactMap { Int($0.filter { $0 != " " }) }
        guard (1...2).contains(shape.count), (0...1 << 32).contains(shape[0]),
            shape.count == 1 || (0...1 << 16).contains(shape[1])
        else {
            throw .unreadable("\(path): it has neither one nor two dimensions")
        }
        (rowCount, width) = (shape[0], shape.count == 2 ? shape[1] : 1)
        first = start + length
        guard bytes.count == first + rowCount * width * size else {
            throw .unreadable("\(path) is not of its size")
        }
        self.bytes = bytes
        self.type = type
        self.size = size
        isByColumn = header.contains("'fortran_order': True")
    }

    /// [row][column].
    var values: [Double] {
        bytes.withUnsafeBytes { buffer in
            [Double](unsafeUninitializedCapacity: rowCount * width) { values, count in
                for row in 0..<rowCount {
                    for column in 0..<width {
                        let place = isByColumn ? column * rowCount + row : count
                        values[count] = number(buffer, at: first + place * size)
                        count += 1
                    }
                }
            }
        }
    }

    private func number(_ buffer: UnsafeRawBufferPointer, at place: Int) -> Double {
        switch type {
        case "<f4": Double(buffer.loadUnaligned(fromByteOffset: place, as: Float.self))
        case "<f8": buffer.loadUnaligned(fromByteOffset: place, as: Double.self)
        case "<i4": Double(buffer.loadUnaligned(fromByteOffset: place, as: Int32.self))
        case "<i8": Double(buffer.loadUnaligned(fromByteOffset: place, as: Int64.self))
        case "<u2": Double(buffer.loadUnaligned(fromByteOffset: place, as: UInt16.self))
        case "|i1": Double(buffer.loadUnaligned(fromByteOffset: place, as: Int8.self))
        default: Double(buffer[place])
        }
    }

    /// The head of an array of records, in version 2.0 of the format. The number of rows has room for all its digits,
    /// so that the header's size is known from the start.
    static func header(integers: [String], numbers: [String], rowCount: Int) -> [UInt8] {
        let types = integers.map { "('\($0)', '<i8')" } + numbers.map { "('\($0)', '<f8')" }
        let digits = String(rowCount)
        let padded = String(repeating: " ", count: 19 - digits.count) + digits
        var text = "{'descr': [\(types.joined(separator: ", "))], 'fortran_order': False, 'shape': (\(padded),), }"
        let preamble = 12
        text += String(repeating: " ", count: 63 - (preamble + text.utf8.count) % 64) + "\n"
        var bytes: [UInt8] = magic + [2, 0]
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: text.utf8.count >> shift)) }
        return bytes + Array(text.utf8)
    }
}

import Foundation
public import Ingest

/// A table of numbers, read whole: `.npy` (NumPy's format, one- or two-dimensional) or CSV with a header, which may be
/// packed.
///
/// An array has no names: its columns are called f0, f1 … A missing value is NaN.
public struct NumberTable: Sendable {
    public let names: [String]
    /// [row][column].
    public let values: [Double]

    /// How many rows there are.
    public var rowCount: Int { names.isEmpty ? 0 : values.count / names.count }

    /// - Throws: ``TableError/unreadable(_:)``
    public init(_ path: String) throws(TableError) {
        let bytes = try wholeFile(path)
        guard bytes.starts(with: NumPyArray.magic) else {
            let file = try RowFile(bytes: bytes, path: path)
            var values: [Double] = []
            while try file.next() { values += file.rows.values }
            names = file.rows.names
            self.values = values
            return
        }
        let array = try NumPyArray(bytes, path: path)
        names = (0..<array.width).map { "f\($0)" }
        values = array.values
    }

    /// A column as 32-bit numbers.
    public func floats(of column: Int) -> [Float] {
        stride(from: column, to: values.count, by: names.count).map { Float(values[$0]) }
    }
}

extension RowFile where Source == PeekedSource {
    /// A file that is read whole first; it may be packed.
    public convenience init(whole path: String) throws(TableError) {
        try self.init(bytes: try wholeFile(path), path: path)
    }

    fileprivate convenience init(bytes: [UInt8], path: String) throws(TableError) {
        let source = WholeSource(bytes)
        let text: any ByteSource = Container(bytes).map { UnpackingSource($0, source) } ?? source
        try self.init(PeekedSource(text, isFile: true), path: path)
    }
}

/// A file's bytes; `-` is standard input.
private func wholeFile(_ path: String) throws(TableError) -> [UInt8] {
    let place = path == "-" ? "/dev/stdin" : path
    guard let data = FileManager.default.contents(atPath: place) else { throw .unreadable("cannot read \(path)") }
    return Array(data)
}

/// The bytes of a file that is in memory.
private struct WholeSource: ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

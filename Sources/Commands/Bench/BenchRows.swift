import Forest
import ForestFormats
import Foundation
import Models

/// Rows of features for a benchmark, all of them in memory: [row][feature].
struct BenchRows: Sendable {
    private(set) var values: [Double]
    let width: Int

    var count: Int { values.count / width }

    /// Reads a CSV file with a header, a NumPy array (.npy) of 32- or 64-bit floats, or, with a width, bare 32-bit floats.
    init(_ path: String, model: ForestModel, width: Int?) throws(CommandError) {
        let features = model.featureNames
        self.width = features.count
        if path.hasSuffix(".npy") {
            values = try Self.numpy(path, features.count)
        } else if let width {
            let floats = try Self.bytes(path).withUnsafeBytes { $0.bindMemory(to: Float.self).map { Double($0) } }
            values = try Self.narrowed(floats, path, from: width, to: features.count)
        } else {
            values = []
            let file = try RowFile(path)
            let columns = try file.columns(of: .forest(model))
            while try file.next() { values += file.values(columns) }
        }
        guard count > 0 else { throw .input("\(path) holds no rows") }
    }

    private static func bytes(_ path: String) throws(CommandError) -> Data {
        guard let data = FileManager.default.contents(atPath: path) else { throw .input("cannot read \(path)") }
        return data
    }

    /// The first columns of a table.
    private static func narrowed(
        _ values: [Double],
        _ path: String,
        from width: Int,
        to features: Int
    ) throws(CommandError) -> [Double] {
        guard width >= features, values.count % width == 0 else {
            throw .input("\(path): \(values.count) numbers are no table of \(width) columns for \(features) features")
        }
        guard width > features else { return values }
        return stride(from: 0, to: values.count, by: width).flatMap { values[$0..<$0 + features] }
    }

    /// A NumPy file: 6 magic bytes, version, length of the header, the header as a Python dictionary, the numbers.
    private static func numpy(_ path: String, _ features: Int) throws(CommandError) -> [Double] {
        let data = try bytes(path)
        let refusal = CommandError.input("\(path) is no .npy file of little-endian floats in rows and columns")
        guard data.count >= 12, data.starts(with: [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) else { throw refusal }
        let isFirst = data[6] == 1
        let length = (0..<(isFirst ? 2 : 4)).reduce(0) { $0 | Int(data[8 + $1]) << (8 * $1) }
        let start = (isFirst ? 10 : 12) + length
        guard start <= data.count else { throw refusal }
        let header = String(decoding: data[(isFirst ? 10 : 12)..<start], as: UTF8.self)
        let shape = header.split(separator: "(").last?.split(separator: ")").first?.split(separator: ",")
        let sizes = (shape ?? []).compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
        guard header.contains("'fortran_order': False"), sizes.count == 2, sizes[1] > 0 else { throw refusal }
        let body = data.subdata(in: start..<data.count)
        let values: [Double]
        if header.contains("'<f4'") {
            values = body.withUnsafeBytes { $0.bindMemory(to: Float.self).map { Double($0) } }
        } else if header.contains("'<f8'") {
            values = body.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
        } else {
            throw refusal
        }
        guard values.count == sizes[0] * sizes[1] else { throw refusal }
        return try narrowed(values, path, from: sizes[1], to: features)
    }
}

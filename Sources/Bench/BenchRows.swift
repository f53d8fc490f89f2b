import Console
import Forest
import Foundation
import Learning
import Tables

/// Rows of features for a benchmark, all of them in memory: [row][feature].
struct BenchRows: Sendable {
    private(set) var values: [Double]
    let width: Int

    var count: Int { values.count / width }

    /// Reads a CSV file with a header, a NumPy array (.npy), or, with a width, bare 32-bit floats.
    init(_ path: String, model: ForestModel, width: Int?) throws(CommandError) {
        let features = model.featureNames
        self.width = features.count
        if path.hasSuffix(".npy") {
            let table = try CommandError.running { () throws(TableError) in try NumberTable(path) }
            values = try Self.narrowed(table.values, path, from: table.names.count, to: features.count)
        } else if let width {
            guard let data = FileManager.default.contents(atPath: path) else { throw .input("cannot read \(path)") }
            let floats = data.withUnsafeBytes { $0.bindMemory(to: Float.self).map { Double($0) } }
            values = try Self.narrowed(floats, path, from: width, to: features.count)
        } else {
            let (rows, note) = try CommandError.running { () throws(LearningError) in try model.rows(of: path) }
            if let note { Output.talk(note) }
            values = rows
        }
        guard count > 0 else { throw .input("\(path) holds no rows") }
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
}

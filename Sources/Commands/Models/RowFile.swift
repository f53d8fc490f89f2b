import Bytes
import Engine
import Forest
import ForestFormats
import Plan

/// A CSV file of feature rows, read in batches; which of its columns a model's features are.
final class RowFile {
    /// Rows a batch: enough to score them together, little memory.
    static let batchRows = 4096

    private var reader: LineReader<RecordingSource>
    private let path: String
    private(set) var rows: FeatureRows

    /// Opens a file, `-` for standard input, and reads its header.
    init(_ path: String) throws(CommandError) {
        self.path = path
        var reader = try Self.open(path)
        rows = try Self.header(&reader, path)
        self.reader = reader
    }

    private static func header(
        _ reader: inout LineReader<RecordingSource>,
        _ path: String
    ) throws(CommandError) -> FeatureRows {
        do throws(InputError) {
            guard let line = try reader.next() else {
                throw InputError.unreadable(
                    path: path,
                    errno: 0,
                    words: "it is empty: a header of column names is needed"
                )
            }
            return try rows(header: line.bytes, path: path)
        } catch {
            throw .input(error.description)
        }
    }

    private static func open(_ path: String) throws(CommandError) -> LineReader<RecordingSource> {
        do throws(InputError) {
            let file = try FileSource(path)
            return LineReader(RecordingSource(file, format: .csv), csv: CSVGrammar())
        } catch {
            throw .input(error.description)
        }
    }

    private static func rows(header: UnsafeBufferPointer<UInt8>, path: String) throws(InputError) -> FeatureRows {
        do throws(FeatureRows.Fault) {
            return try FeatureRows(header: header)
        } catch {
            throw .unreadable(path: path, errno: 0, words: error.description)
        }
    }

    /// Replaces ``rows`` by the next batch; false at the end.
    func next() throws(CommandError) -> Bool {
        rows.removeAll()
        while rows.rowCount < Self.batchRows {
            let line: LineReader<RecordingSource>.Line?
            do throws(InputError) { line = try reader.next() } catch { throw .input(error.description) }
            guard let line else { break }
            if let size = line.oversize { throw .input("\(path):\(line.number): a line of \(grouped(size)) bytes") }
            do throws(FeatureRows.Fault) { try rows.append(line.bytes) } catch {
                throw .input("\(path):\(line.number): \(error.description)")
            }
        }
        return rows.rowCount > 0
    }

    /// The column of each feature: by name if the header knows all names, and by position if it knows none.
    func columns(of features: [String]) throws(CommandError) -> [Int] {
        var places: [String: Int] = [:]
        for (index, name) in rows.names.enumerated() where places[name] == nil { places[name] = index }
        let missing = features.filter { places[$0] == nil }
        if missing.isEmpty { return features.compactMap { places[$0] } }
        guard missing.count == features.count else {
            let name = missing[0]
            let hint = closestName(to: name, among: rows.names).map { "; did you mean \"\($0)\"?" } ?? ""
            throw .input("\(path): the model's feature \"\(name)\" is not a column\(hint)")
        }
        guard rows.names.count >= features.count else {
            throw .input("\(path): \(rows.names.count) columns, but the model takes \(features.count) features")
        }
        Output.talk(
            "note: no column is named as a feature: the first \(features.count) columns are taken as "
                + "\(features[0]) … \(features[features.count - 1])"
        )
        return Array(0..<features.count)
    }

    /// The features of the current batch's rows: [row][feature], in the model's order.
    func values(_ columns: [Int]) -> [Float] {
        [Float](unsafeUninitializedCapacity: rows.rowCount * columns.count) { buffer, count in
            for row in 0..<rows.rowCount {
                let first = row * rows.names.count
                for column in columns {
                    buffer[count] = rows.values[first + column]
                    count += 1
                }
            }
        }
    }
}

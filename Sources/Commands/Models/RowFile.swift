import Base
import Bytes
import Forest
import ForestFormats
import Ingest
import Models
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

    /// The column of each feature: by name, or in order where the model has no names of its own and the file has exactly
    /// as many columns.
    ///
    /// - Parameters:
    ///   - model: Whose features are looked for.
    ///   - others: Names of columns that are no features.
    /// - Returns: A column for each of the model's features.
    /// - Throws: ``CommandError/input(_:)`` saying which names or how many columns do not fit.
    func columns(of model: ScoringModel, beside others: Set<String> = []) throws(CommandError) -> [Int] {
        let features = model.featureNames
        var places: [String: Int] = [:]
        var doubled: Set<String> = []
        for (index, name) in rows.names.enumerated() where !others.contains(name) {
            if places[name] != nil { doubled.insert(name) } else { places[name] = index }
        }
        func named(_ names: [String]) -> [Int]? {
            let found = names.compactMap { doubled.contains($0) ? nil : places[$0] }
            return found.count == names.count ? found : nil
        }
        let schemes = model.generatedNames
        for names in schemes.isEmpty ? [features] : schemes {
            if let found = named(names) { return found }
        }
        guard !schemes.isEmpty else { throw .input(mismatch(features, places, doubled)) }
        let known = Set(schemes.joined())
        let taken = rows.names.indices.filter { !others.contains(rows.names[$0]) }
        let names = taken.map { rows.names[$0] }
        guard taken.count == features.count, names.allSatisfy({ !known.contains($0) }) else {
            throw .input(
                "\(path): the model takes \(features.count) columns, the file has \(taken.count): \(Self.list(names)); "
                    + "leave out what is no feature (pandas: to_csv(index=False)), or name the columns \(features[0]) … "
                    + "\(features[features.count - 1]), for the model has no names of its own"
            )
        }
        guard names.contains(where: { Double($0) == nil }) else {
            throw .input(
                "\(path): the first line is numbers, \(Self.list(names)): a header with a name a column is needed"
            )
        }
        Output.talk(
            "note: the model has no names of its own: the \(features.count) columns are taken in their order, "
                + "\(Self.list(names)) as \(features[0]) … \(features[features.count - 1])"
        )
        return taken
    }

    /// Says which features have no column, and which columns are none, as XGBoost does.
    private func mismatch(_ features: [String], _ places: [String: Int], _ doubled: Set<String>) -> String {
        if let twice = features.first(where: { doubled.contains($0) }) {
            return "\(path): two columns are named \"\(twice)\""
        }
        let wanted = Set(features)
        let unknown = rows.names.filter { !wanted.contains($0) }
        let missing = features.filter { places[$0] == nil }
        let hints = missing.prefix(Self.listLimit).map { name in
            let close =
                unknown.first { Self.plain($0) == Self.plain(name) } ?? closestName(to: name, among: unknown)
            return "\(name)" + (close.map { " (did you mean \"\($0)\"?)" } ?? "")
        }
        let more = missing.count > Self.listLimit ? " and \(missing.count - Self.listLimit) more" : ""
        return "\(path): feature names mismatch: no column is named \(hints.joined(separator: ", "))\(more)"
            + "; the model's features are \(Self.list(features))"
            + (unknown.isEmpty ? "" : "; columns that it does not know: \(Self.list(unknown))")
            + ". Give the columns the model's names in the header; their order is free"
    }

    private static let listLimit = 8

    /// Some names, and how many more there are.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(listLimit).map { $0.isEmpty ? "\"\"" : $0 }.joined(separator: ", ")
        return names.count > listLimit ? shown + " and \(names.count - listLimit) more" : shown
    }

    /// Without case, spaces and marks, which exports change.
    private static func plain(_ name: String) -> String { name.lowercased().filter { $0.isLetter || $0.isNumber } }

    /// Takes the names in columns of categories for what they are called in the model.
    func readCategories(of model: ScoringModel, in columns: [Int]) {
        var named: [Int: CategoryNames] = [:]
        for (feature, names) in model.categories { named[columns[feature]] = names }
        rows.read(categories: named)
    }

    /// Names that the model does not know, in sentences.
    var unknownCategories: [String] {
        rows.unknown.sorted { $0.key < $1.key }.map { column, unknown in
            "\(path): \(grouped(unknown.count)) fields of column \"\(rows.names[column])\" are no category of the model, "
                + "such as \"\(unknown.example)\": they count as missing"
        }
    }

    /// The features of the current batch's rows: [row][feature], in the model's order.
    func values(_ columns: [Int]) -> [Double] {
        [Double](unsafeUninitializedCapacity: rows.rowCount * columns.count) { buffer, count in
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

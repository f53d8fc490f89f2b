import Base
public import Bytes
import Forest
import ForestFormats
public import Ingest
public import Models
public import Tables

/// Compares a model with predictions that its library has made.
public struct SelfTest {
    private let model: ScoringModel
    private let metadata: JSONValue
    private let readsNames: Bool
    private static let tolerance = 1e-6

    /// - Parameters:
    ///   - model: What is tested.
    ///   - metadata: What its file says beside it.
    ///   - readsNames: Whether rows hold the names of categories that the model knows.
    public init(_ model: ScoringModel, _ metadata: JSONValue, readsNames: Bool) {
        self.model = model
        self.metadata = metadata
        self.readsNames = readsNames
    }

    /// What predictions may be given as: those of classes also as the class where the library has it so.
    private func scores() throws(LearningError) -> [ModelScores] {
        var kinds: [ModelScores.Kind] = [.results]
        if ImportedModel.predictsClass(metadata) { kinds.insert(.classNumber, at: 0) }
        if case .forest = model { kinds.append(.margins) }
        var scores: [ModelScores] = []
        for kind in kinds { scores.append(try ModelScores(model, kind)) }
        return scores
    }

    /// The columns of a file's features. Predictions may stand beside them.
    public func columns<Source: ByteSource>(
        of file: RowFile<Source>
    ) throws(LearningError) -> (places: [Int], note: String?) {
        let columns = try file.columns(of: model, beside: Set(try scores().flatMap(\.header)))
        if readsNames { file.readCategories(of: model, in: columns.places) }
        return columns
    }

    /// Runs over all rows.
    ///
    /// - Parameters:
    ///   - file: Rows of features; also of predictions, unless they are in another file.
    ///   - columns: Those of the features.
    ///   - expected: Predictions, row for row.
    /// - Returns: How many rows there were, and the largest difference; relative for numbers above 1.
    /// - Throws: ``LearningError/plan(_:)`` with the first row that differs.
    public func run<Source: ByteSource>(
        _ file: RowFile<Source>,
        _ columns: [Int],
        expected: RowFile<Source>?
    ) throws(LearningError) -> (rows: Int, largest: Double) {
        guard let expected else {
            return try compare(file, columns, file.path) { () throws(LearningError) in file.rows }
        }
        return try compare(file, columns, expected.path) { () throws(LearningError) in
            _ = try LearningError.tabling { () throws(TableError) in try expected.next() }
            guard expected.rows.rowCount == file.rows.rowCount else {
                throw .input("\(expected.path): there are not as many rows as in \(file.path)")
            }
            return expected.rows
        }
    }

    private func compare<Source: ByteSource>(
        _ file: RowFile<Source>,
        _ columns: [Int],
        _ path: String,
        predictions: () throws(LearningError) -> NumberRows
    ) throws(LearningError) -> (rows: Int, largest: Double) {
        let kinds = try scores()
        var count = 0
        var largest = 0.0
        while try LearningError.tabling({ () throws(TableError) in try file.next() }) {
            let expected = try predictions()
            let places = kinds.map { kind in kind.header.map { expected.names.firstIndex(of: $0) } }
            guard places.contains(where: { $0.contains { $0 != nil } }) else {
                let names = Set(kinds.map { $0.header[0] }).sorted().joined(separator: " or ")
                throw .input("\(path): no column is named \(names)")
            }
            let values = file.values(columns)
            for (kind, places) in zip(kinds, places) where places.contains(where: { $0 != nil }) {
                for (position, number) in kind.of(values).enumerated() {
                    let (row, index) = position.quotientAndRemainder(dividingBy: places.count)
                    guard let place = places[index] else { continue }
                    let wanted = expected.values[row * expected.names.count + place]
                    let difference = abs(number - wanted) / max(1, abs(wanted))
                    guard difference <= Self.tolerance else {
                        throw .plan(
                            "\(path): row \(grouped(count + row + 1)): \(kind.header[index]) is \(number), "
                                + "but \(wanted) is expected: the model is not taken"
                        )
                    }
                    largest = max(largest, difference)
                }
            }
            count += expected.rowCount
        }
        guard count > 0 else { throw .input("\(path): there are no rows to test with") }
        return (count, largest)
    }
}

import Base
public import Forest
import ForestFormats
public import Models
import Plan
public import Tables

/// Which of a file's columns a model's features are.
extension RowFile {
    /// The column of each feature: by name, or in order where the model has no names of its own and the file has
    /// exactly as many columns.
    ///
    /// - Parameters:
    ///   - model: Whose features are looked for.
    ///   - others: Names of columns that are no features.
    /// - Returns: A column for each of the model's features, and what a person should know of the choice.
    /// - Throws: ``LearningError/input(_:)`` saying which names or how many columns do not fit.
    public func columns(
        of model: ScoringModel,
        beside others: Set<String> = []
    ) throws(LearningError) -> (places: [Int], note: String?) {
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
            if let found = named(names) { return (found, nil) }
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
        return (
            taken,
            "note: the model has no names of its own: the \(features.count) columns are taken in their order, "
                + "\(Self.list(names)) as \(features[0]) … \(features[features.count - 1])"
        )
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

    private static var listLimit: Int { 8 }

    /// Some names, and how many more there are.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(listLimit).map { $0.isEmpty ? "\"\"" : $0 }.joined(separator: ", ")
        return names.count > listLimit ? shown + " and \(names.count - listLimit) more" : shown
    }

    /// Without case, spaces and marks, which exports change.
    private static func plain(_ name: String) -> String { name.lowercased().filter { $0.isLetter || $0.isNumber } }

    /// Takes the names in columns of categories for what they are called in the model.
    public func readCategories(of model: ScoringModel, in columns: [Int]) {
        var named: [Int: NumberRows.Categories] = [:]
        for (feature, names) in model.categories {
            named[columns[feature]] = NumberRows.Categories(names.names, areNumbers: names.areNumbers)
        }
        read(categories: named)
    }
}

extension ForestModel {
    /// The features of all rows of a CSV file, which may be packed: [row][feature]; and what a person should know of
    /// them.
    public func rows(of path: String) throws(LearningError) -> (values: [Double], note: String?) {
        let file = try LearningError.tabling { () throws(TableError) in try RowFile(whole: path) }
        let (columns, note) = try file.columns(of: .forest(self))
        var values: [Double] = []
        while try LearningError.tabling({ () throws(TableError) in try file.next() }) { values += file.values(columns) }
        return (values, note)
    }
}

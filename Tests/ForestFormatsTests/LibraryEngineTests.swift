import Forest
import ForestFormats
import Tables
import Testing

/// The fast engines and the explanations on models of the real libraries.
@Suite(.enabled(if: Fixtures.folder != nil)) struct LibraryEngineTests {
    /// A table that the libraries wrote without a header.
    private func table(_ name: String) throws -> [[Double]] {
        String(decoding: try Fixtures.bytes(name), as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: ",").map { Double(String($0)) ?? .nan }
        }
    }

    /// The rows' features, [row][feature].
    private func features(_ name: String, _ model: ForestModel) throws -> [Double] {
        let rows = try Fixtures.rows(name)
        let width = rows.names.count
        return (0..<rows.rowCount).flatMap { rows.values[$0 * width..<$0 * width + model.featureNames.count] }
    }

    @Test(arguments: LibraryFixtureTests.fixtures.filter { $0.name != "lgb_linear_tree" && !$0.file.hasSuffix(".ubj") })
    func enginesGiveTheBitsOfThePlainWalk(fixture: LibraryFixtureTests.Fixture) throws {
        guard let model = try? ImportedModel(decoding: try Fixtures.bytes(fixture.file)).forest else { return }
        let rows = try features(fixture.rows + ".rows.csv", model)
        let width = model.featureNames.count
        let count = rows.count / width
        let plain = ReferenceForest(model)
        let expected = (0..<count).flatMap { plain.results(of: Array(rows[$0 * width..<($0 + 1) * width])) }
        let engines = ForestEngines(model)
        for size in [1, count] {
            var found = Array(repeating: Float(-1), count: count * model.resultCount)
            let scorer = ForestScorer(engines)
            rows.withUnsafeBufferPointer { rows in
                found.withUnsafeMutableBufferPointer { found in
                    guard let rows = rows.baseAddress, let found = found.baseAddress else { return }
                    for start in stride(from: 0, to: count, by: size) {
                        scorer.score(
                            rows: rows + start * width,
                            rowCount: size,
                            into: found + start * model.resultCount
                        )
                    }
                }
            }
            #expect(found.map(\.bitPattern) == expected.map { Float($0).bitPattern })
        }
    }

    /// Contributions of every feature, and the base value behind them, one class after the other.
    @Test(
        arguments: LibraryFixtureTests.fixtures.filter {
            ["xgb_binary_nan", "xgb_softprob_nan", "lgb_binary_nan", "lgb_multiclass_nan"].contains($0.name)
        }
    )
    func contributionsAreTheLibrarys(fixture: LibraryFixtureTests.Fixture) throws {
        let model = try ImportedModel(decoding: try Fixtures.bytes(fixture.file)).forest
        let rows = try features(fixture.rows + ".rows.csv", model)
        let expected = try table(fixture.name + ".shap.csv")
        let width = model.featureNames.count
        var largest = 0.0
        for output in 0..<model.outputCount {
            let weights = (0..<model.outputCount).map { $0 == output ? 1.0 : 0 }
            let explainer = ForestExplainer(model, weights: weights)
            for (index, line) in expected.enumerated() {
                #expect(line.count == (width + 1) * model.outputCount)
                let theirs = line[output * (width + 1)..<(output + 1) * (width + 1)]
                let row = Array(rows[index * width..<(index + 1) * width])
                let mine = explainer.contributions(of: row)
                for (one, other) in zip(mine + [explainer.baseValue], theirs) {
                    largest = max(largest, abs(one - other))
                }
                let margin = ReferenceForest(model).margins(of: row)[output]
                let scale = mine.reduce(1) { $0 + $1.magnitude }
                #expect(abs(mine.reduce(explainer.baseValue, +) - margin) <= 1e-6 * scale)
            }
        }
        #expect(largest < 1e-4)
        print("\(fixture.file): \(expected.count) explanations, largest difference \(largest)")
    }
}

import Base
import Forest
import TestKit
import Testing

@Suite struct EngineTests {
    /// Every engine that holds the model, at every level, for batches of all kinds of sizes: the same bits as the
    /// definition.
    @Test(arguments: Seeds.upTo(70))
    func allEnginesGiveTheBitsOfThePlainWalk(seed: UInt64) throws {
        var maker = ModelMaker(seed: seed)
        let model = try maker.model()
        let count = 530
        // Every other model is given its rows in 32 bits.
        let isNarrow = seed % 2 == 0
        let rows = isNarrow ? maker.rows(count).map { Double(Float($0)) } : maker.rows(count)
        let plain = ReferenceForest(model)
        let features = maker.features
        let expected = (0..<count).map { Array(rows[$0 * features..<($0 + 1) * features]) }
        let margins = expected.flatMap { plain.margins(of: $0) }.map(\.bitPattern)
        let results = expected.flatMap { plain.results(of: $0) }.map { Float($0).bitPattern }
        for only in [nil] + ForestEngines.Choice.allCases.map(Optional.some) {
            let engines = ForestEngines(model, only: only)
            // What cannot be added up has one engine only.
            if only != nil, only != .plain, engines.choice(rows: count) == .plain { continue }
            for level in KernelLevel.allCases where level.rawValue <= KernelLevel.best.rawValue {
                let scorer = ForestScorer(engines, level: level)
                for size in level == .best ? [1, 5, 40, 100, 190, count] : [3, count] {
                    let found =
                        isNarrow
                        ? scored(scorer, model, rows.map { Float($0) }, size) : scored(scorer, model, rows, size)
                    // Compared outside, for a failure would print all numbers.
                    let hasMargins = found.margins.map(\.bitPattern) == margins
                    let hasResults = found.results.map(\.bitPattern) == results
                    #expect(hasMargins && hasResults, "\(String(describing: only)) \(level) \(size)")
                }
            }
        }
    }

    private func scored(
        _ scorer: ForestScorer,
        _ model: ForestModel,
        _ rows: [Float],
        _ size: Int
    ) -> (margins: [Double], results: [Float]) {
        scored(model, rows, size) {
            scorer.margins(rows: $0, rowCount: $1, into: $2)
        } _: {
            scorer.score(rows: $0, rowCount: $1, into: $2)
        }
    }

    private func scored(
        _ scorer: ForestScorer,
        _ model: ForestModel,
        _ rows: [Double],
        _ size: Int
    ) -> (margins: [Double], results: [Float]) {
        scored(model, rows, size) {
            scorer.margins(rows: $0, rowCount: $1, into: $2)
        } _: {
            scorer.score(rows: $0, rowCount: $1, into: $2)
        }
    }

    private func scored<Number>(
        _ model: ForestModel,
        _ rows: [Number],
        _ size: Int,
        _ addUp: (UnsafePointer<Number>, Int, UnsafeMutablePointer<Double>) -> Void,
        _ score: (UnsafePointer<Number>, Int, UnsafeMutablePointer<Float>) -> Void
    ) -> (margins: [Double], results: [Float]) {
        let features = model.featureNames.count
        let count = rows.count / features
        var margins = Array(repeating: -1.0, count: count * model.outputCount)
        var results = Array(repeating: Float(-1), count: count * model.resultCount)
        rows.withUnsafeBufferPointer { rows in
            guard let source = rows.baseAddress else { return }
            for start in stride(from: 0, to: count, by: size) {
                let part = min(size, count - start)
                margins.withUnsafeMutableBufferPointer { target in
                    guard let target = target.baseAddress else { return }
                    let output = target + start * model.outputCount
                    addUp(source + start * features, part, output)
                }
                results.withUnsafeMutableBufferPointer { target in
                    guard let target = target.baseAddress else { return }
                    let output = target + start * model.resultCount
                    score(source + start * features, part, output)
                }
            }
        }
        return (margins, results)
    }

    /// The random models above are really scored by all engines.
    @Test func enginesAreChosenByForestAndBatch() throws {
        var seen: Set<String> = []
        for seed in 1...60 as ClosedRange<UInt64> {
            var maker = ModelMaker(seed: seed)
            let engines = ForestEngines(try maker.model())
            for rows in [1, 100] { seen.insert("\(rows) \(engines.choice(rows: rows))") }
        }
        #expect(seen == ["1 compact", "1 plain", "100 mux", "100 compact", "100 plain"])
    }
}

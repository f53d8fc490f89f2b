import Forest

/// A forest laid out for scoring and for explaining.
struct PreparedForest: PreparedModel {
    private let engines: ForestEngines
    private let explainer: ForestExplainer
    let resultCount: Int

    init(_ forest: ForestModel, _ meaning: ResultMeaning) {
        engines = ForestEngines(forest)
        explainer = ForestExplainer(forest, awayFrom: meaning.negativeClass)
        resultCount = forest.resultCount
    }

    func makeScorer() -> any Scorer { ForestScorer(engines) }

    func contributions(of rows: RowBlock) -> [Double] {
        let size = rows.count * explainer.featureCount
        return [Double](unsafeUninitializedCapacity: size) { buffer, count in
            count = size
            guard let target = buffer.baseAddress else { return }
            switch rows.values {
            case .single(let values): explainer.contributions(rows: values, rowCount: rows.count, into: target)
            case .double(let values): explainer.contributions(rows: values, rowCount: rows.count, into: target)
            }
        }
    }
}

extension ForestScorer: Scorer {
    /// Writes the results of a block of rows, one row behind the other.
    public func score(_ rows: RowBlock, into results: UnsafeMutablePointer<Float>) {
        switch rows.values {
        case .single(let values): score(rows: values, rowCount: rows.count, into: results)
        case .double(let values): score(rows: values, rowCount: rows.count, into: results)
        }
    }
}

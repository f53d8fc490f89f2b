import TensorGraph

/// A graph of operators around forests: as it is, for any number of threads.
final class PreparedGraph: PreparedModel, Scorer {
    private let graph: GraphModel
    private let meaning: ResultMeaning
    /// What is usual of each feature: what takes its place where it is to be unknown.
    private let typical: [Double]
    let resultCount: Int

    init(_ graph: GraphModel, _ meaning: ResultMeaning, typical: [Double]) {
        self.graph = graph
        self.meaning = meaning
        self.typical = typical
        resultCount = ScoringModel.graph(graph).scoreCount
    }

    func makeScorer() -> any Scorer { self }

    func score(_ rows: RowBlock, into results: UnsafeMutablePointer<Float>) {
        for (index, score) in graph.scores(of: doubles(rows)).enumerated() { results[index] = Float(score) }
    }

    /// What the score loses if a feature is unknown. Of no matter where that gives no score.
    func contributions(of rows: RowBlock) -> [Double] {
        let values = doubles(rows)
        let width = typical.count
        var varied: [Double] = []
        varied.reserveCapacity(values.count * (width + 1))
        for row in 0..<rows.count {
            let own = values[row * width..<(row + 1) * width]
            varied += own
            for column in 0..<width {
                varied += own
                varied[varied.count - width + column] = typical[column]
            }
        }
        let results = graph.scores(of: varied).map { Float($0) }
        let size = resultCount
        let scores = results.withUnsafeBufferPointer { results in
            (0..<rows.count * (width + 1)).map {
                meaning.score(UnsafeBufferPointer(rebasing: results[$0 * size..<($0 + 1) * size]))
            }
        }
        return (0..<rows.count).flatMap { row in
            (1...width).map { column in
                let loss = scores[row * (width + 1)] - scores[row * (width + 1) + column]
                return loss.isNaN ? 0 : loss
            }
        }
    }

    private func doubles(_ rows: RowBlock) -> [Double] {
        let size = rows.count * typical.count
        return switch rows.values {
        case .single(let values): UnsafeBufferPointer(start: values, count: size).map { Double($0) }
        case .double(let values): Array(UnsafeBufferPointer(start: values, count: size))
        }
    }
}

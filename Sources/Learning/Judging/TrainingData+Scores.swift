public import Engine
import Forest
import ForestTraining
import TensorGraph

extension TrainingData {
    /// P(fraud) of the rows, which were collected in 32 bits.
    public func fraudScores(of binding: ModelBinding, classNames: [String]) -> [Double] {
        let columns = binding.features.map { self.columns[$0] }
        switch binding.model {
        case .forest(let forest):
            let set = TrainingSet(
                featureNames: forest.featureNames,
                classNames: classNames,
                columns: columns,
                labels: labels.map { _ in 0 }
            )
            return set.fraudScores(of: forest, negativeClass: binding.negativeClass)
        case .graph(let graph):
            let rows = labels.indices.flatMap { row in columns.map { Double($0[row]) } }
            let size = binding.model.scoreCount
            return graph.scores(of: rows).map { Float($0) }.withUnsafeBufferPointer { results in
                labels.indices.map {
                    binding.score(UnsafeBufferPointer(rebasing: results[$0 * size..<($0 + 1) * size]))
                }
            }
        }
    }
}

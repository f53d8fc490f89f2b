import Forest
import Models

extension TrainingSet {
    /// P(fraud) of every row as a model says it: 1 − P(the class that is not fraud), or the only result of a model
    /// without classes.
    ///
    /// - Parameters:
    ///   - model: Its features are the set's.
    ///   - negativeClass: The class that is not fraud.
    /// - Returns: One score a row, 0…1.
    public func fraudScores(of model: ForestModel, negativeClass: Int) -> [Double] {
        let meaning = ResultMeaning(model.kind, negativeClass: negativeClass)
        return results(of: model) { meaning.risk($0) }
    }

    /// The most probable class of every row; of equal ones the first.
    public func predictedClasses(of model: ForestModel) -> [Int] {
        results(of: model) { ResultMeaning.mostProbable($0) }
    }

    private func results<Value>(of model: ForestModel, _ body: (UnsafeBufferPointer<Float>) -> Value) -> [Value] {
        let scorer = ForestScorer(model)
        let block = 1024
        let rows = Stretch(repeating: Float(0), count: block * columns.count)
        let output = Stretch(repeating: Float(0), count: block * scorer.resultCount)
        var values: [Value] = []
        values.reserveCapacity(rowCount)
        for first in stride(from: 0, to: rowCount, by: block) {
            let count = min(block, rowCount - first)
            for (feature, column) in columns.enumerated() {
                for row in 0..<count { rows.base[row * columns.count + feature] = column[first + row] }
            }
            scorer.score(rows: rows.base, rowCount: count, into: output.base)
            for row in 0..<count {
                values.append(
                    body(UnsafeBufferPointer(start: output.base + row * scorer.resultCount, count: scorer.resultCount))
                )
            }
        }
        return values
    }
}

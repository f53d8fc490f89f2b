public import AlertStore
public import Bytes

/// What a protocol found, fold by fold, with mean and spread over the folds.
public struct ProtocolReport: Sendable {
    /// The split that was asked for, and behind it the earlier ones.
    public var folds: [Judgement]

    /// A report of these splits.
    public init(folds: [Judgement] = []) { self.folds = folds }

    /// Mean and, from two folds on, standard deviation (n − 1) of each figure that all folds have.
    public var summary: [(name: String, mean: Double?, deviation: Double?)] {
        (folds.first?.figures ?? []).map { figure in
            let values = folds.compactMap { fold in fold.figures.first { $0.name == figure.name }?.value }
            guard values.count == folds.count, !values.isEmpty else { return (figure.name, nil, nil) }
            let mean = values.reduce(0, +) / Double(values.count)
            guard values.count > 1 else { return (figure.name, mean, nil) }
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (figure.name, mean, (squares / Double(values.count - 1)).squareRoot())
        }
    }

    /// One JSON object: the figures, and every fold's own.
    public var json: JSONValue {
        var members = summary.map { JSONValue.Member($0.name, $0.mean.map { .number($0) } ?? .null) }
        if folds.count > 1 {
            let spread = summary.map { JSONValue.Member($0.name, $0.deviation.map { .number($0) } ?? .null) }
            members.append(.init("deviation", .object(spread)))
        }
        members.append(.init("folds", .list(folds.map(\.json))))
        return .object(members)
    }

    /// Notes the run and its figures in an alerts file. Figures of several folds have the fold's number behind them.
    ///
    /// - Parameters:
    ///   - path: The alerts file.
    ///   - run: What was run.
    ///   - milliseconds: When, since 1970.
    /// - Throws: ``LearningError/alerts(_:)``
    public func note(in path: String, _ run: RunRecord, atMilliseconds milliseconds: Int64) throws(LearningError) {
        var metrics: [(name: String, value: Double?)] = []
        for entry in summary {
            metrics.append((entry.name, entry.mean))
            guard folds.count > 1 else { continue }
            metrics.append((entry.name + ".deviation", entry.deviation))
            for (number, fold) in folds.enumerated() {
                metrics.append(("\(entry.name).fold_\(number)", fold.figures.first { $0.name == entry.name }?.value))
            }
        }
        try LearningError.storing { () throws(AlertStoreError) in
            let database = try AlertDatabase(path: path)
            try database.note(run, metrics: metrics, atMilliseconds: milliseconds)
            try database.close()
        }
    }
}

public import Base
public import Engine
public import ForestTraining
public import Plan

/// Feature rows of events with their classes, times and entities, as a replay sees them.
public struct TrainingData: Sendable {
    public let names: [String]
    /// [feature][row].
    public internal(set) var columns: [[Float]]
    public internal(set) var labels: [String] = []
    public internal(set) var times: [Int64] = []
    public internal(set) var entities: [Text] = []
    public internal(set) var ledger = Ledger()

    /// No rows yet.
    public init(of plan: PipelinePlan) {
        names = plan.features.map(\.name)
        columns = names.map { _ in [] }
    }

    /// Adds a row for every accepted event of a share that has a label; without a rule for labels, for every accepted
    /// event. The output's ledger is taken, and the output emptied.
    public mutating func append(
        _ share: EngineShare,
        _ rule: LabelRule?,
        entity: Int,
        _ output: inout EngineOutput
    ) {
        let engine = share.engine
        for index in 0..<engine.acceptedCount {
            let row = engine.row(index)
            var label = ""
            if let rule {
                guard let known = share.batch.label(of: row, rule) else { continue }
                label = known
            }
            append(engine, index, label: label, time: share.batch.times[row], entity: engine.key(entity, of: index))
        }
        take(&output)
    }

    mutating func append(_ engine: PartitionEngine, _ index: Int, label: String, time: Int64, entity: Text) {
        labels.append(label)
        times.append(time)
        entities.append(entity)
        for feature in columns.indices { columns[feature].append(Float(engine.feature(feature, of: index))) }
    }

    /// What an output says of the events, and nothing else of it, is kept.
    mutating func take(_ output: inout EngineOutput) {
        ledger += output.ledger
        output.removeAll()
    }

    /// The rows of those numbers, in that order.
    public func selecting(_ rows: [Int]) -> TrainingData {
        var selected = self
        selected.columns = columns.map { column in rows.map { column[$0] } }
        selected.labels = rows.map { labels[$0] }
        selected.times = rows.map { times[$0] }
        selected.entities = rows.map { entities[$0] }
        return selected
    }

    /// The class names: the negative one first, the others by name.
    public func classNames(negative: String) -> [String] {
        [negative] + Set(labels).subtracting([negative]).sorted()
    }

    /// The rows for a trainer.
    public func set(classNames: [String]) -> TrainingSet {
        let index = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, UInt16($0)) })
        return TrainingSet(
            featureNames: names,
            classNames: classNames,
            columns: columns,
            labels: labels.map { index[$0] ?? 0 }
        )
    }

    /// The median of each feature among the events of a class; NaN where none has a value.
    func typical(of label: String) -> [Double] {
        columns.map { column in
            let known = column.indices.filter { labels[$0] == label && !column[$0].isNaN }.map { column[$0] }.sorted()
            return known.isEmpty ? .nan : Double(known[known.count / 2])
        }
    }
}

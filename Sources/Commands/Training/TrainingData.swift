import Base
import Engine
import ForestTraining
import Plan

/// Feature rows of recordings with their classes, times and entities, as a replay sees them.
struct TrainingData {
    var names: [String]
    var columns: [[Float]]
    var labels: [String] = []
    var times: [Int64] = []
    var entities: [Text] = []
    var ledger = Ledger()

    /// Replays the recordings and collects a row for every accepted event that has a label; without a rule for labels,
    /// for every accepted event.
    static func collect(
        _ paths: [String],
        reading: RecordingReading,
        plan: PipelinePlan,
        rule: LabelRule?,
        progress: Progress
    ) throws(CommandError) -> TrainingData {
        var featuresOnly = plan
        featuresOnly.detectors = []
        var data = TrainingData(names: plan.features.map(\.name), columns: plan.features.map { _ in [] })
        let run = OfflineRun(plan: featuresOnly, models: [:], reading: reading)
        let outputs = try run.run(paths, progress: progress) { engine, chunk, output in
            for index in 0..<engine.acceptedCount {
                let row = engine.row(index)
                if let rule {
                    guard let label = chunk.label(of: row, rule) else { continue }
                    data.labels.append(label)
                } else {
                    data.labels.append("")
                }
                data.times.append(chunk.batch.times[row])
                data.entities.append(engine.key(plan.partitionEntity, of: index))
                for feature in data.columns.indices {
                    data.columns[feature].append(Float(engine.feature(feature, of: index)))
                }
            }
            data.ledger += output.ledger
            output.removeAll()
        }
        _ = outputs
        return data
    }

    /// The rows of those numbers, in that order.
    func selecting(_ rows: [Int]) -> TrainingData {
        TrainingData(
            names: names,
            columns: columns.map { column in rows.map { column[$0] } },
            labels: rows.map { labels[$0] },
            times: rows.map { times[$0] },
            entities: rows.map { entities[$0] },
            ledger: ledger
        )
    }

    /// The class names: the negative one first, the others by name.
    func classNames(negative: String) -> [String] {
        [negative] + Set(labels).subtracting([negative]).sorted()
    }

    func set(classNames: [String]) -> TrainingSet {
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

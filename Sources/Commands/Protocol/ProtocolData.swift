import Base
import Engine
import Evaluation
import Plan

/// The labelled events that a protocol learns from and judges on, with what its figures need, for all of its folds.
struct ProtocolData {
    var rows: TrainingData
    /// Which of the recordings' events each row is, from 0.
    var events: [Int] = []
    var isFraud: [Bool] = []
    /// The kind of each fraud, if kinds are asked for.
    var kinds: [String] = []
    /// What it costs to miss the event; NaN where it has no such number.
    var missCosts: [Double] = []
    /// Every fraud from the first training day to the last test day.
    private(set) var frauds: [(entity: Text, time: Int64)] = []
    let hasKinds: Bool
    let hasCosts: Bool

    private enum MissCost {
        case constant(Double)
        case feature(Int)
        case field(Int)
    }

    /// Replays the recordings and collects the rows that any of the splits uses.
    static func collect(
        _ paths: [String],
        reading: RecordingReading,
        plan: PipelinePlan,
        rule: LabelRule,
        splits: [DelayedSplit],
        options: ProtocolOptions,
        progress: Progress
    ) throws(CommandError) -> ProtocolData {
        let entity = try entity(options.excludeKnown, plan)
        let kind = try options.recallBy.map { name throws(CommandError) in try label(name, plan) }
        let cost = try options.missCost.map { name throws(CommandError) in try missCost(name, plan) }
        var featuresOnly = plan
        featuresOnly.detectors = []
        var data = ProtocolData(
            rows: TrainingData(names: plan.features.map(\.name), columns: plan.features.map { _ in [] }),
            hasKinds: kind != nil,
            hasCosts: cost != nil
        )
        var before = 0
        let run = OfflineRun(plan: featuresOnly, models: [:], reading: reading)
        _ = try run.run(paths, progress: progress) { engine, chunk, output in
            for index in 0..<engine.acceptedCount {
                let row = engine.row(index)
                let time = chunk.batch.times[row]
                guard splits.contains(where: { $0.matters(time) }), let label = chunk.label(of: row, rule) else {
                    continue
                }
                let isFraud = label != rule.negative
                let key = engine.key(entity, of: index)
                if isFraud { data.frauds.append((key, time)) }
                guard splits.contains(where: { $0.use(of: time) != nil }) else { continue }
                data.events.append(before + row)
                data.rows.labels.append(label)
                data.rows.times.append(time)
                data.rows.entities.append(key)
                for feature in data.rows.columns.indices {
                    data.rows.columns[feature].append(Float(engine.feature(feature, of: index)))
                }
                data.isFraud.append(isFraud)
                if let kind { data.kinds.append(chunk.labelText(of: row, field: kind) ?? "") }
                switch cost {
                case .constant(let value): data.missCosts.append(value)
                case .feature(let feature): data.missCosts.append(engine.feature(feature, of: index))
                case .field(let field): data.missCosts.append(chunk.batch.columns[field].numbers?[row] ?? .nan)
                case nil: break
                }
            }
            if engine.partition == plan.partitionCount - 1 { before += chunk.batch.count }
            data.rows.ledger += output.ledger
            output.removeAll()
        }
        return data
    }

    /// The rows that a split learns from and those that it judges on, and how many it leaves out as known.
    func parts(of split: DelayedSplit, excludesKnown: Bool) -> (training: [Int], test: [Int], known: Int) {
        var known = KnownFrauds(split)
        if excludesKnown { for fraud in frauds { known.add(fraud.entity, at: fraud.time) } }
        var parts: (training: [Int], test: [Int], known: Int) = ([], [], 0)
        for row in rows.times.indices {
            switch split.use(of: rows.times[row]) {
            case .training: parts.training.append(row)
            case .test where known.contains(rows.entities[row], at: rows.times[row]): parts.known += 1
            case .test: parts.test.append(row)
            case nil: break
            }
        }
        return parts
    }

    private static func entity(_ name: String?, _ plan: PipelinePlan) throws(CommandError) -> Int {
        guard let name else { return plan.partitionEntity }
        let names = plan.entities.map(\.name)
        guard let index = names.firstIndex(of: name) else {
            throw .usage("the pipeline \(plan.name) has no entity \"\(name)\"" + meant(name, names))
        }
        return index
    }

    private static func label(_ name: String, _ plan: PipelinePlan) throws(CommandError) -> Int {
        let names = plan.schema.fields.filter { $0.role == .label }.map(\.name)
        guard names.contains(name), let index = plan.schema.index(of: name) else {
            throw .usage("the pipeline \(plan.name) has no label field \"\(name)\"" + meant(name, names))
        }
        return index
    }

    private static func missCost(_ name: String, _ plan: PipelinePlan) throws(CommandError) -> MissCost {
        if let value = Double(name), value >= 0, value.isFinite { return .constant(value) }
        if let feature = plan.features.firstIndex(where: { $0.name == name }) { return .feature(feature) }
        if let field = plan.schema.index(of: name), plan.schema.fields[field].type == .number,
            !plan.schema.fields[field].isList, plan.schema.fields[field].role != .label
        {
            return .field(field)
        }
        let names = plan.features.map(\.name) + plan.schema.fields.filter { $0.type == .number }.map(\.name)
        throw .usage("--miss-cost takes a number, a feature or a number field, not \"\(name)\"" + meant(name, names))
    }

    private static func meant(_ name: String, _ known: [String]) -> String {
        closestName(to: name, among: known).map { "; did you mean \"\($0)\"?" }
            ?? "; it has \(known.joined(separator: ", "))"
    }
}

import Base
import Engine
public import Evaluation
public import Models
public import Plan

/// The labelled events that a protocol learns from and judges on, with what its figures need, for all of its folds.
public struct ProtocolData: Sendable {
    public private(set) var rows: TrainingData
    /// Which event each row is, from 0.
    private(set) var events: [Int] = []
    private(set) var isFraud: [Bool] = []
    /// The kind of each fraud, if kinds are asked for.
    private(set) var kinds: [String] = []
    /// What it costs to miss the event; NaN where it has no such number.
    private(set) var missCosts: [Double] = []
    /// Every fraud from the first training day to the last test day.
    private(set) var frauds: [(entity: Text, time: Int64)] = []
    private let rule: LabelRule
    private let splits: [DelayedSplit]
    let settings: JudgingSettings
    /// The entity that is excluded where it is known, the field with the kinds, and what a miss costs.
    private let entity: Int
    private let kind: Int?
    private let cost: MissCost?
    /// The number of the batch's first event.
    private var firstEvent = 0

    var hasKinds: Bool { kind != nil }
    var hasCosts: Bool { cost != nil }

    private enum MissCost {
        case constant(Double)
        case feature(Int)
        case field(Int)
    }

    /// No rows yet.
    ///
    /// - Throws: ``LearningError/request(_:)`` if the plan has not what the settings name.
    public init(
        of plan: PipelinePlan,
        rule: LabelRule,
        splits: [DelayedSplit],
        settings: JudgingSettings
    ) throws(LearningError) {
        entity = try Self.entity(settings.excludeKnown, plan)
        kind = try settings.recallBy.map { name throws(LearningError) in try Self.label(name, plan) }
        cost = try settings.missCost.map { name throws(LearningError) in try Self.missCost(name, plan) }
        rows = TrainingData(of: plan)
        self.rule = rule
        self.splits = splits
        self.settings = settings
    }

    /// Adds the rows of a share that any of the splits uses, and empties the output.
    public mutating func append(_ share: EngineShare, _ output: inout EngineOutput) {
        let (engine, batch) = (share.engine, share.batch)
        for index in 0..<engine.acceptedCount {
            let row = engine.row(index)
            let time = batch.times[row]
            guard splits.contains(where: { $0.matters(time) }), let label = batch.label(of: row, rule) else { continue }
            let isFraud = label != rule.negative
            let key = engine.key(entity, of: index)
            if isFraud { frauds.append((key, time)) }
            guard splits.contains(where: { $0.use(of: time) != nil }) else { continue }
            events.append(firstEvent + row)
            rows.append(engine, index, label: label, time: time, entity: key)
            self.isFraud.append(isFraud)
            if let kind { kinds.append(batch.labelText(of: row, field: kind) ?? "") }
            switch cost {
            case .constant(let value): missCosts.append(value)
            case .feature(let feature): missCosts.append(engine.feature(feature, of: index))
            case .field(let field): missCosts.append(batch.columns[field].numbers?[row] ?? .nan)
            case nil: break
            }
        }
        if share.isLast { firstEvent += batch.count }
        rows.take(&output)
    }

    /// The rows that a split learns from and those that it judges on, and how many it leaves out as known.
    public func parts(of split: DelayedSplit) -> (training: [Int], test: [Int], known: Int) {
        var known = KnownFrauds(split)
        if settings.excludeKnown != nil { for fraud in frauds { known.add(fraud.entity, at: fraud.time) } }
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

    /// P(fraud) of the test rows of a split, after a model that has learned elsewhere.
    ///
    /// - Throws: ``LearningError/input(_:)`` if there are none.
    public func scores(
        of binding: ModelBinding,
        _ split: DelayedSplit
    ) throws(LearningError) -> (parts: (training: [Int], test: [Int], known: Int), scores: [Double]) {
        let parts = parts(of: split)
        guard !parts.test.isEmpty else { throw .input("the recordings hold no labelled event of the days of --test") }
        return (parts, binding.scores(of: rows.selecting(parts.test).columns))
    }

    private static func entity(_ name: String?, _ plan: PipelinePlan) throws(LearningError) -> Int {
        guard let name else { return plan.partitionEntity }
        let names = plan.entities.map(\.name)
        guard let index = names.firstIndex(of: name) else {
            throw .request("the pipeline \(plan.name) has no entity \"\(name)\"" + meant(name, names))
        }
        return index
    }

    private static func label(_ name: String, _ plan: PipelinePlan) throws(LearningError) -> Int {
        let names = plan.schema.fields.filter { $0.role == .label }.map(\.name)
        guard names.contains(name), let index = plan.schema.index(of: name) else {
            throw .request("the pipeline \(plan.name) has no label field \"\(name)\"" + meant(name, names))
        }
        return index
    }

    private static func missCost(_ name: String, _ plan: PipelinePlan) throws(LearningError) -> MissCost {
        if let value = Double(name), value >= 0, value.isFinite { return .constant(value) }
        if let feature = plan.features.firstIndex(where: { $0.name == name }) { return .feature(feature) }
        if let field = plan.schema.index(of: name), plan.schema.fields[field].type == .number,
            !plan.schema.fields[field].isList, plan.schema.fields[field].role != .label
        {
            return .field(field)
        }
        let names = plan.features.map(\.name) + plan.schema.fields.filter { $0.type == .number }.map(\.name)
        throw .request("--miss-cost takes a number, a feature or a number field, not \"\(name)\"" + meant(name, names))
    }

    private static func meant(_ name: String, _ known: [String]) -> String {
        closestName(to: name, among: known).map { "; did you mean \"\($0)\"?" }
            ?? "; it has \(known.joined(separator: ", "))"
    }
}

import Base
import Plan
import TestKit

/// Sets of definitions over one schema, from a random source: each is another one than the one before it in some way that
/// an analyst or an engineer may wish.
enum ActivationPlans {
    /// A change of a plan; most keep most of the state.
    private static let changes: [@Sendable (inout PipelinePlan, inout Seeded) -> Void] = [
        threshold, window, removed, detectorAdded, detectorRemoved, gap, reordered, entity, acceptance, text, amount,
        same,
    ]

    /// The first plan: windows, sessions, ids and alerts.
    static func first() -> PipelinePlan { History.plan() }

    /// What comes behind a plan.
    static func next(_ plan: PipelinePlan, _ random: inout Seeded) -> PipelinePlan {
        var plan = plan
        for _ in 0...random.below(2) { changes[random.below(changes.count)](&plan, &random) }
        return plan
    }

    private static func aggregate(_ plan: inout PipelinePlan, _ aggregate: Aggregate) -> Expression {
        plan.aggregates.append(aggregate)
        return .aggregate(plan.aggregates.count - 1)
    }

    private static func fresh(_ plan: PipelinePlan, _ name: String) -> String {
        var number = 1
        let known = plan.features.map(\.name) + plan.detectors.map(\.name)
        while known.contains("\(name)\(number)") { number += 1 }
        return "\(name)\(number)"
    }

    /// A rule's number: the same windows.
    private static func threshold(_ plan: inout PipelinePlan, _ random: inout Seeded) {
        guard let index = plan.detectors.indices.randomElement(using: &random) else { return }
        guard case .rule(.binary(let op, let left, _), let score) = plan.detectors[index].kind else { return }
        plan.detectors[index].kind = .rule(
            condition: .binary(op, left, .number(Double(2 + random.below(4)))),
            score: score
        )
    }

    /// A feature over a window that may reach further than any so far.
    private static func window(_ plan: inout PipelinePlan, _ random: inout Seeded) {
        let sizes: [Int64] = [20, 60, 90, 300, 1200]
        let kind: Window.Kind =
            switch random.below(3) {
            case 0: .session(gap: sizes[random.below(4)] * 1_000_000)
            case 1: .tumbling(size: sizes[random.below(5)] * 1_000_000)
            default: .sliding(size: sizes[random.below(5)] * 1_000_000)
            }
        let functions: [Aggregate.Function] = [.sum, .std, .max, .mean]
        let window = Window(entity: random.below(plan.entities.count), kind: kind)
        let argument: Expression =
            random.below(2) == 0
            ? .field(3, .number) : .binary(.greater, .field(3, .number), .number(Double(random.below(900))))
        let function = argument.type == .bool ? .share : functions[random.below(functions.count)]
        let value = aggregate(&plan, Aggregate(window: window, function: function, argument: argument))
        plan.features.append(Feature(name: fresh(plan, "f"), expression: value))
    }

    /// A feature that no other one uses.
    private static func removed(_ plan: inout PipelinePlan, _ random: inout Seeded) {
        // The first ones are used by rules.
        guard plan.features.count > 3 else { return }
        plan.features.removeLast()
        guard case .aggregate(let index) = plan.features.last?.expression, index < plan.aggregates.count - 1 else {
            return
        }
        plan.aggregates.removeSubrange((index + 1)...)
        plan.features.removeAll { if case .aggregate(let used) = $0.expression { used > index } else { false } }
        plan.detectors.removeAll { detector in
            guard case .rule(.binary(_, .aggregate(let used), _), _) = detector.kind else { return false }
            return used > index
        }
    }

    private static func detectorAdded(_ plan: inout PipelinePlan, _ random: inout Seeded) {
        let gaps: [Int64] = [30, 60, 200]
        plan.detectors.append(
            Detector(
                name: fresh(plan, "d"),
                kind: .rule(
                    condition: .binary(
                        .greaterOrEqual,
                        .feature(random.below(2), .number),
                        .number(Double(2 + random.below(3)))
                    ),
                    score: 0.5 + Double(random.below(5)) / 10
                ),
                entity: random.below(plan.entities.count),
                sessionGap: gaps[random.below(3)] * 1_000_000
            )
        )
    }

    private static func detectorRemoved(_ plan: inout PipelinePlan, _ random: inout Seeded) {
        guard plan.detectors.count > 1 else { return }
        plan.detectors.remove(at: random.below(plan.detectors.count))
    }

    /// A session of another length: another detector under the same name.
    private static func gap(_ plan: inout PipelinePlan, _ random: inout Seeded) {
        guard let index = plan.detectors.indices.randomElement(using: &random) else { return }
        plan.detectors[index].sessionGap = Int64(20 + random.below(200)) * 1_000_000
    }

    /// The same parts in another order in the file.
    private static func reordered(_ plan: inout PipelinePlan, _ random: inout Seeded) {
        plan.detectors.shuffle(using: &random)
        // Rules name the first two features by their places.
        if plan.features.count > 3 {
            var rest = Array(plan.features[2...])
            rest.shuffle(using: &random)
            plan.features = plan.features.prefix(2) + rest
        }
    }

    /// Another kind of key.
    private static func entity(_ plan: inout PipelinePlan, _ random: inout Seeded) {
        guard plan.entities.count < 2 else { return }
        plan.entities.append(Entity(name: "zip", key: [.field(5, .text)]))
    }

    /// Other events are accepted: everything is another thing.
    private static func acceptance(_ plan: inout PipelinePlan, _ random: inout Seeded) {
        guard random.below(3) == 0 else { return }
        switch random.below(3) {
        case 0: plan.disorder = Int64(2 + random.below(20)) * 1_000_000
        case 1: plan.duplicatesWithin = Int64(30 + random.below(300)) * 1_000_000
        default: plan.schema.fields[3].minimum = Double(random.below(200))
        }
    }

    /// What is kept of each event is a text.
    private static func text(_ plan: inout PipelinePlan, _ random: inout Seeded) {
        let window = Window(entity: 0, kind: .sliding(size: Int64(30 + random.below(100)) * 1_000_000))
        let value = aggregate(&plan, Aggregate(window: window, function: .distinct, argument: .field(5, .text)))
        plan.features.append(Feature(name: fresh(plan, "t"), expression: value))
    }

    /// A rule of its own over a window of its own.
    private static func amount(_ plan: inout PipelinePlan, _ random: inout Seeded) {
        let window = Window(entity: 0, kind: .sliding(size: Int64(30 + random.below(300)) * 1_000_000))
        let condition = Expression.binary(.greater, .field(3, .number), .number(Double(200 + random.below(500))))
        let value = aggregate(&plan, Aggregate(window: window, function: .count, argument: condition))
        plan.detectors.append(
            Detector(
                name: fresh(plan, "r"),
                kind: .rule(
                    condition: .binary(.greaterOrEqual, value, .number(Double(1 + random.below(3)))),
                    score: 0.9
                ),
                entity: 0,
                sessionGap: 60_000_000
            )
        )
    }

    private static func same(_ plan: inout PipelinePlan, _ random: inout Seeded) {}
}

extension PipelinePlan {
    /// Names of the plan's parts that nothing in it uses.
    public struct Unused: Sendable, Equatable {
        /// Fields without a role that nothing reads.
        public var fields: [String] = []
        public var entities: [String] = []
        /// Features that no detector and no other feature looks at; none of them where there are no detectors, because
        /// then they are there for training and other programs.
        public var features: [String] = []
    }

    public var unused: Unused {
        var used = Uses()
        for key in entities.flatMap(\.key) { used.note(key, self) }
        for feature in features { used.note(feature.expression, self) }
        for detector in detectors {
            used.entities.insert(detector.entity)
            switch detector.kind {
            case .rule(let condition, _): used.note(condition, self)
            case .model(_, _, let names):
                let looked = features.indices.filter { names?.contains(features[$0].name) ?? true }
                used.looked.formUnion(looked)
            }
        }
        for query in queries {
            used.entities.insert(query.entity)
            switch query.kind {
            case .windows(_, _, let columns):
                for argument in columns.compactMap(\.argument) { used.note(argument, self) }
            case .sequence(let steps, _):
                for step in steps { used.note(step, self) }
            }
        }
        used.entities.insert(partitionEntity)
        var unused = Unused()
        unused.fields = schema.fields.indices.filter { schema.fields[$0].role == nil && !used.fields.contains($0) }
            .map { schema.fields[$0].name }
        unused.entities = entities.indices.filter { !used.entities.contains($0) }.map { entities[$0].name }
        if !detectors.isEmpty {
            unused.features = features.indices.filter { !used.looked.contains($0) }.map { features[$0].name }
        }
        return unused
    }

    /// What expressions read.
    private struct Uses {
        var fields: Set<Int> = []
        var entities: Set<Int> = []
        /// Features that a detector or another feature looks at.
        var looked: Set<Int> = []

        mutating func note(_ expression: Expression, _ plan: PipelinePlan) {
            for part in expression.parts {
                switch part {
                case .field(let index, _): fields.insert(index)
                case .feature(let index, _): looked.insert(index)
                case .aggregate(let index):
                    let aggregate = plan.aggregates[index]
                    entities.insert(aggregate.window.entity)
                    if let argument = aggregate.argument { note(argument, plan) }
                default: break
                }
            }
        }
    }
}

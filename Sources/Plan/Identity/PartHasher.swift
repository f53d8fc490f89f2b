/// Hashes of the parts of a plan, each made once: a part names those that it uses by their hashes.
public struct PartHasher {
    let plan: PipelinePlan
    private var entities: [Int: String] = [:]
    private var aggregates: [Int: String] = [:]
    private var features: [Int: String] = [:]

    public init(_ plan: PipelinePlan) {
        self.plan = plan
    }

    /// Whom a window is about; its name is not part of it.
    mutating func entity(_ index: Int) -> String {
        if let known = entities[index] { return known }
        let key = plan.entities[index].key.map { self.hash(of: $0) }
        let hash = CanonicalText("entity") { text in for part in key { text.word(part) } }.hash
        entities[index] = hash
        return hash
    }

    mutating func window(_ window: Window) -> String {
        let entity = self.entity(window.entity)
        return CanonicalText("window") { text in
            text.word(entity)
            switch window.kind {
            case .sliding(let size):
                text.word("sliding")
                text.whole(size)
            case .session(let gap):
                text.word("session")
                text.whole(gap)
            case .tumbling(let size):
                text.word("tumbling")
                text.whole(size)
            }
            text.whole(window.delay)
        }.hash
    }

    mutating func aggregate(_ index: Int) -> String {
        if let known = aggregates[index] { return known }
        let aggregate = plan.aggregates[index]
        let window = self.window(aggregate.window)
        let argument = aggregate.argument.map { self.hash(of: $0) }
        let hash = CanonicalText("aggregate") { text in
            text.word(window)
            text.word(aggregate.function.rawValue)
            text.optional(argument) { $0.word($1) }
            text.truth(aggregate.excludesCurrent)
        }.hash
        aggregates[index] = hash
        return hash
    }

    /// What a feature computes; its name is not part of it.
    mutating func feature(_ index: Int) -> String {
        if let known = features[index] { return known }
        let hash = self.hash(of: plan.features[index].expression)
        features[index] = hash
        return hash
    }

    mutating func detector(_ index: Int) -> String {
        let detector = plan.detectors[index]
        let entity = self.entity(detector.entity)
        let kind: CanonicalText
        switch detector.kind {
        case .rule(let condition, let score):
            let condition = self.hash(of: condition)
            kind = CanonicalText("rule") { text in
                text.word(condition)
                text.number(score)
            }
        case .model(let name, let threshold, let features):
            let used = features.map { $0.sorted(by: CanonicalText.isBefore).map { ($0, feature(named: $0)) } }
            kind = CanonicalText("model") { text in
                text.text(name)
                text.number(threshold)
                text.optional(used) { text, used in
                    text.list("features") { list in
                        for (name, hash) in used {
                            list.text(name)
                            list.optional(hash) { $0.word($1) }
                        }
                    }
                }
            }
        }
        return CanonicalText("detector") { text in
            text.text(detector.name)
            text.text(plan.entities[detector.entity].name)
            text.word(entity)
            text.whole(detector.sessionGap)
            text.word(kind.hash)
        }.hash
    }

    /// Nil where no feature has the name: binding the model says so.
    private mutating func feature(named name: String) -> String? {
        plan.features.firstIndex { $0.name == name }.map { feature($0) }
    }
}

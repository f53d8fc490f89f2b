/// What the parts of a partition's state are known by: of two with one hash, each value of the one can be taken for the
/// other's.
extension PartHasher {
    /// What is kept of each event of an entity: what a value of it is.
    public mutating func value(of expression: Expression) -> String { hash(of: expression) }

    /// Whose events an entity's are.
    public mutating func key(of entity: Int) -> String { self.entity(entity) }

    /// Whether an event counts: by which rules it is read and accepted.
    public mutating func acceptance() -> String { admission() }

    /// The recent events of an entity's keys: whose they are, how long they are kept, and what is kept of each, in
    /// whatever order.
    ///
    /// - Parameters:
    ///   - entity: Its index in the plan.
    ///   - windows: All that look at the events.
    ///   - values: The hashes of what is kept.
    /// - Returns: A hash.
    public mutating func events(of entity: Int, windows: [Window], values: [String]) -> String {
        let key = self.entity(entity)
        let windows = windows.map { window($0) }.sorted()
        return CanonicalText("events") { text in
            text.word(key)
            text.list("windows") { list in for window in windows { list.word(window) } }
            text.list("values") { list in for value in values.sorted() { list.word(value) } }
        }.hash
    }

    /// The ids of accepted events.
    public mutating func ids() -> String {
        let admission = self.admission()
        return CanonicalText("ids") { $0.word(admission) }.hash
    }

    /// The open alerts of a detector.
    ///
    /// - Parameters:
    ///   - detector: Its index in the plan.
    ///   - model: Name and version of its model; nil of a rule.
    ///   - inputs: The features that the model is given, in its order; nil of a rule.
    /// - Returns: A hash.
    public mutating func alerts(of detector: Int, model: String?, inputs: [Int]? = nil) -> String {
        let definition = self.detector(detector)
        let inputs = inputs.map { $0.map { feature($0) } }
        return CanonicalText("alerts") { text in
            text.word(definition)
            text.optional(model) { $0.text($1) }
            if let inputs { text.list("inputs") { list in for input in inputs { list.word(input) } } }
        }.hash
    }
}

import Base

/// The features and detectors of a pipeline file.
struct FeatureParser {
    private struct Draft {
        var entry: ConfigNode.Entry
        /// Nil where the file has none.
        var node: ConfigNode?
        var title: String?
        var expression: Expression?
    }

    /// Fills the plan's features (ordered so that each uses earlier ones only), aggregates and detectors.
    ///
    /// Returns false if anything was wrong; the reader then holds what.
    static func parse(
        features: ConfigNode?,
        detectors: ConfigNode?,
        queries: ConfigNode?,
        lists: [String: [String]],
        plan: inout PipelinePlan,
        reader: inout ConfigReader
    ) -> Bool {
        var drafts: [Draft] = []
        if let features {
            for entry in reader.map(features, "features") { drafts.append(draft(entry, &reader)) }
        }
        for (index, draft) in drafts.enumerated() {
            let name = draft.entry.key
            if !isName(name) {
                reader.report(draft.entry.keyPosition, "a feature's name has letters, digits and _ only: \"\(name)\"")
            }
            if drafts[..<index].contains(where: { $0.entry.key == name }) {
                reader.report(draft.entry.keyPosition, "there are two features \"\(name)\"")
            }
        }
        var checker = Checker(
            schema: plan.schema,
            entityNames: plan.entities.map(\.name),
            lists: lists,
            // A feature may repeat a field's name (amount: amount); the name then means the field.
            featureNames: drafts.map(\.entry.key)
        )
        for index in drafts.indices {
            guard let node = drafts[index].node,
                let syntax = reader.syntax(node, "feature \(drafts[index].entry.key)")
            else { continue }
            do throws(ExpressionError) {
                if case .call("category", _, _, _, _) = syntax { checker.admitsOpenCategory = true }
                defer { checker.admitsOpenCategory = false }
                drafts[index].expression = try checker.number(syntax)
            } catch {
                reader.report(error, in: node)
            }
        }
        guard reader.diagnostics.isEmpty, let order = order(drafts, &reader) else { return false }
        var place = Array(repeating: 0, count: drafts.count)
        for (position, index) in order.enumerated() { place[index] = position }
        plan.features = order.compactMap { index in
            drafts[index].expression.map {
                Feature(name: drafts[index].entry.key, expression: renumbered($0, place), title: drafts[index].title)
            }
        }
        if let detectors {
            guard case .list(let items, _) = detectors else {
                reader.report(detectors.position, "detectors must be a list")
                return false
            }
            for item in items { detector(item, &checker, place, &plan, &reader) }
        }
        plan.aggregates = checker.aggregates
        if let queries { QueryParser.parse(queries, checker: &checker, plan: &plan, reader: &reader) }
        return reader.diagnostics.isEmpty
    }

    private static func draft(_ entry: ConfigNode.Entry, _ reader: inout ConfigReader) -> Draft {
        var draft = Draft(entry: entry, node: entry.value)
        guard case .map = entry.value else { return draft }
        draft.node = nil
        for part in reader.map(entry.value, "feature \(entry.key)", keys: ["value", "title"]) {
            if part.key == "value" {
                draft.node = part.value
            } else {
                draft.title = reader.text(part.value, "title")
            }
        }
        if draft.node == nil { reader.report(entry.value.position, "feature \(entry.key) needs a value") }
        return draft
    }

    /// An order in which every feature comes after those it uses, the file's own order where there is a choice.
    private static func order(_ drafts: [Draft], _ reader: inout ConfigReader) -> [Int]? {
        var order: [Int] = []
        var state = Array(repeating: 0, count: drafts.count)
        var path: [Int] = []
        var cycle: [Int]?
        func visit(_ index: Int) {
            guard state[index] == 0, cycle == nil else {
                if state[index] == 1, cycle == nil, let start = path.firstIndex(of: index) {
                    cycle = Array(path[start...]) + [index]
                }
                return
            }
            state[index] = 1
            path.append(index)
            for part in drafts[index].expression?.parts ?? [] {
                if case .feature(let used, _) = part { visit(used) }
            }
            path.removeLast()
            state[index] = 2
            order.append(index)
        }
        for index in drafts.indices { visit(index) }
        if let cycle {
            let names = cycle.map { drafts[$0].entry.key }.joined(separator: " -> ")
            reader.report(drafts[cycle[0]].entry.keyPosition, "features use each other in a circle: \(names)")
            return nil
        }
        return order
    }

    private static func renumbered(_ expression: Expression, _ place: [Int]) -> Expression {
        expression.replacingLeaves { leaf in
            if case .feature(let index, let type) = leaf { .feature(place[index], type) } else { leaf }
        }
    }

    private static func detector(
        _ node: ConfigNode,
        _ checker: inout Checker,
        _ place: [Int],
        _ plan: inout PipelinePlan,
        _ reader: inout ConfigReader
    ) {
        let keys = ["name", "title", "model", "threshold", "features", "when", "score", "entity", "session"]
        let entries = reader.map(node, "a detector", keys: keys)
        func value(_ key: String) -> ConfigNode? { entries.first { $0.key == key }?.value }
        guard let nameNode = value("name"), let name = reader.text(nameNode, "name") else {
            reader.report(node.position, "a detector needs a name")
            return
        }
        if plan.detectors.contains(where: { $0.name == name }) {
            reader.report(nameNode.position, "there are two detectors \"\(name)\"")
        }
        func share(_ key: String, _ usual: Double) -> Double {
            guard let node = value(key), let number = reader.number(node, key) else { return usual }
            if !(0...1).contains(number) { reader.report(node.position, "\(key) must lie between 0 and 1") }
            return number
        }
        var entity = plan.partitionEntity
        if let node = value("entity"), let text = reader.choice(node, "entity", among: plan.entities.map(\.name)) {
            entity = plan.entities.firstIndex { $0.name == text } ?? entity
        }
        var gap: Int64 = 3_600_000_000
        if let node = value("session"), let length = reader.duration(node, "session") {
            gap = length
            if length <= 0 { reader.report(node.position, "a session's gap must be longer than 0 s") }
        }
        let kind: Detector.Kind
        if let node = value("model") {
            guard value("when") == nil else {
                return reader.report(node.position, "a detector has a model or a rule, not both")
            }
            var features: [String]?
            if let list = value("features") {
                features = reader.texts(list, "features")
                if case .list(let items, _) = list {
                    for case .scalar(let name, let position, _) in items
                    where !plan.features.contains(where: { $0.name == name }) {
                        let suggestion = closestName(to: name, among: plan.features.map(\.name))
                        reader.report(position, "there is no feature \"\(name)\"", suggestion: suggestion)
                    }
                }
            }
            kind = .model(
                name: reader.text(node, "model") ?? "",
                threshold: share("threshold", 0.5),
                features: features
            )
        } else if let node = value("when") {
            guard let syntax = reader.syntax(node, "when") else { return }
            do throws(ExpressionError) {
                kind = .rule(condition: renumbered(try checker.condition(syntax), place), score: share("score", 0.75))
            } catch {
                return reader.report(error, in: node)
            }
        } else {
            return reader.report(node.position, "detector \(name) needs a model or a rule (when)")
        }
        let title = value("title").flatMap { reader.text($0, "title") }
        let position = (value("model") ?? value("when"))?.position
        plan.detectors.append(
            Detector(name: name, title: title, kind: kind, entity: entity, sessionGap: gap, position: position)
        )
    }
}

import Base

/// The queries of a pipeline file.
struct QueryParser {
    private static let keys = ["name", "title", "by", "window", "every", "columns", "sequence", "within"]
    /// Steps of a sequence are counted in a word's bits.
    private static let stepLimit = 64
    /// Windows that an event belongs to at most.
    private static let overlapLimit: Int64 = 1440

    static func parse(_ node: ConfigNode, checker: inout Checker, plan: inout PipelinePlan, reader: inout ConfigReader)
    {
        guard case .list(let items, _) = node else { return reader.report(node.position, "queries must be a list") }
        for item in items {
            let entries = reader.map(item, "a query", keys: keys)
            var parser = QueryParser(item: item, entries: entries)
            if let query = parser.query(&checker, plan, &reader) { plan.queries.append(query) }
        }
    }

    private let item: ConfigNode
    private let entries: [ConfigNode.Entry]

    private func value(_ key: String) -> ConfigNode? { entries.first { $0.key == key }?.value }

    private mutating func query(_ checker: inout Checker, _ plan: PipelinePlan, _ reader: inout ConfigReader) -> Query?
    {
        guard let nameNode = value("name"), let name = reader.text(nameNode, "name") else {
            reader.report(item.position, "a query needs a name")
            return nil
        }
        if !isName(name) {
            reader.report(nameNode.position, "a query's name has letters, digits and _ only: \"\(name)\"")
        }
        if plan.queries.contains(where: { $0.name == name }) {
            reader.report(nameNode.position, "there are two queries \"\(name)\"")
        }
        var entity = plan.partitionEntity
        if let node = value("by"), let text = reader.choice(node, "by", among: plan.entities.map(\.name)) {
            entity = plan.entities.firstIndex { $0.name == text } ?? entity
        }
        let title = value("title").flatMap { reader.text($0, "title") }
        let kind: Query.Kind?
        if let node = value("sequence") {
            kind = sequence(node, &checker, &reader)
        } else {
            kind = windows(&checker, &reader)
        }
        return kind.map { Query(name: name, title: title, entity: entity, kind: $0) }
    }

    private func length(_ key: String, _ reader: inout ConfigReader) -> Int64? {
        guard let node = value(key), let length = reader.duration(node, key) else { return nil }
        if length <= 0 { reader.report(node.position, "\(key) must be longer than 0 s") }
        return max(1, length)
    }

    private func windows(_ checker: inout Checker, _ reader: inout ConfigReader) -> Query.Kind? {
        guard value("window") != nil else {
            reader.report(item.position, "a query needs a window and columns, or a sequence")
            return nil
        }
        for key in ["within"] where value(key) != nil {
            reader.report(item.position, "\"\(key)\" belongs to a sequence; this query has a window")
        }
        guard let size = length("window", &reader) else { return nil }
        let every = value("every") == nil ? size : length("every", &reader) ?? size
        if let node = value("every"), size % every != 0 || size / every > Self.overlapLimit {
            reader.report(
                node.position,
                "the window must be a multiple of \"every\", and at most \(Self.overlapLimit) times as long"
            )
        }
        guard let node = value("columns") else {
            reader.report(item.position, "a query with a window needs columns, as in columns: {events: count()}")
            return nil
        }
        var columns: [Query.Column] = []
        for entry in reader.map(node, "columns") {
            if !isName(entry.key) || ["start", "end"].contains(entry.key) {
                reader.report(entry.keyPosition, "\"\(entry.key)\" cannot be a column's name")
            }
            if columns.contains(where: { $0.name == entry.key }) {
                reader.report(entry.keyPosition, "there are two columns \"\(entry.key)\"")
            }
            guard let syntax = reader.syntax(entry.value, "column \(entry.key)") else { continue }
            do throws(ExpressionError) {
                columns.append(try checker.column(entry.key, syntax))
            } catch {
                reader.report(error, in: entry.value)
            }
        }
        return .windows(size: size, every: every, columns: columns)
    }

    private func sequence(
        _ node: ConfigNode,
        _ checker: inout Checker,
        _ reader: inout ConfigReader
    ) -> Query.Kind? {
        for key in ["window", "every", "columns"] where value(key) != nil {
            reader.report(item.position, "\"\(key)\" belongs to a window; this query has a sequence")
        }
        guard let within = length("within", &reader) else {
            reader.report(item.position, "a sequence needs \"within\": how far apart its first and last event may be")
            return nil
        }
        guard case .list(let items, _) = node, !items.isEmpty, items.count <= Self.stepLimit else {
            reader.report(node.position, "a sequence is a list of 1 to \(Self.stepLimit) conditions")
            return nil
        }
        var steps: [Expression] = []
        for item in items {
            guard let syntax = reader.syntax(item, "a step") else { continue }
            do throws(ExpressionError) {
                let condition = try checker.condition(syntax)
                if checker.mentionsComputed(condition) {
                    throw ExpressionError(
                        syntax.column,
                        "a step looks at one event; windows and features cannot stand here"
                    )
                }
                steps.append(condition)
            } catch {
                reader.report(error, in: item)
            }
        }
        return .sequence(steps: steps, within: within)
    }
}

extension Checker {
    /// A column of a windowed query: one function of the window's events, such as `sum(amount)`.
    mutating func column(_ name: String, _ syntax: Syntax) throws(ExpressionError) -> Query.Column {
        guard case .call(let called, let arguments, let delay, let excludesCurrent, let column) = syntax else {
            throw ExpressionError(syntax.column, "a column is one function of the window's events, such as sum(amount)")
        }
        guard let function = Aggregate.Function(rawValue: called), Query.functions.contains(function) else {
            let suggestion = closestName(to: called, among: Query.functions.map(\.rawValue))
            throw ExpressionError(column, "a column cannot be \(called)(…)", suggestion: suggestion)
        }
        guard delay == 0, !excludesCurrent else {
            throw ExpressionError(column, "\"delay\" and \"excluding current\" do not fit a column")
        }
        let argument = try argument(of: function, arguments[...], column)
        return Query.Column(name: name, function: function == .avg ? .mean : function, argument: argument)
    }
}

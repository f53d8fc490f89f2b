public import Plan

/// A pipeline's features as one SQL script for DuckDB 1.3 or later: the same plan, said in another language and run by
/// another program, so that one can be checked against the other.
///
/// The script reads a recording and ends with a SELECT of event, partition, offset, time_us and the features: one row
/// an event, in the recording's order. Which events count (late, repeated and broken ones do not) and which partition
/// they belong to is the engine's business: a table of `export features` says so; without one the script takes every
/// event that has a time, as one partition, in the recording's order.
///
/// Rules where the two could differ:
/// - Events of one instant count in the order of their offsets: an event does not see a later one of its own instant.
/// - Sums are added in another order: equal to 1e-9 of their size. Counts and other whole numbers are equal.
/// - A JSON number in a text field is spelled anew (1.50 becomes 1.5), a value of type json is written without spaces,
///   and `starts_with` and `contains` look at a text without its escapes. A recording that spells equal values equally,
///   without escapes, makes no difference.
public struct SQLScript {
    /// Where the script finds the events.
    public struct Source: Sendable {
        public enum Format: Sendable { case jsonl, csv }

        public var path: String
        public var format: Format
        /// A CSV table with the columns event, partition and offset: the events that count.
        public var admitted: String?

        public init(path: String, format: Format, admitted: String? = nil) {
            self.path = path
            self.format = format
            self.admitted = admitted
        }
    }

    private let plan: PipelinePlan
    private let source: Source
    private let expressions: SQLExpressions
    private let values: SQLValues
    private let mark: String
    /// The aggregates that features use, window by window.
    private var windows: [(window: Window, aggregates: [(index: Int, aggregate: Aggregate)])] = []
    private var argumentColumns: [Expression] = []
    private var usedFields: Set<Int> = []

    /// The script of a pipeline, over events that are where `source` says.
    public init(_ plan: PipelinePlan, source: Source) {
        self.plan = plan
        self.source = source
        var mark = "_"
        while plan.schema.fields.contains(where: { $0.name.hasPrefix(mark) }) { mark += "_" }
        self.mark = mark
        expressions = SQLExpressions(schema: plan.schema, mark: mark)
        values = SQLValues(expressions: expressions, mark: mark, zone: plan.zone)
        var used: Set<Int> = []
        for feature in plan.features {
            for part in feature.expression.parts {
                if case .aggregate(let index) = part { used.insert(index) }
            }
            note(fieldsOf: feature.expression)
        }
        for index in used.sorted() {
            let aggregate = plan.aggregates[index]
            if let place = windows.firstIndex(where: { $0.window == aggregate.window }) {
                windows[place].aggregates.append((index, aggregate))
            } else {
                windows.append((aggregate.window, [(index, aggregate)]))
            }
            for part in plan.entities[aggregate.window.entity].key { note(fieldsOf: part) }
            guard let argument = aggregate.argument else { continue }
            note(fieldsOf: argument)
            if !argumentColumns.contains(argument) { argumentColumns.append(argument) }
        }
    }

    private mutating func note(fieldsOf expression: Expression) {
        for part in expression.parts {
            if case .field(let index, _) = part { usedFields.insert(index) }
        }
    }

    /// The whole script.
    public var text: String {
        let isInOrder = plan.disorder == 0
        let tables = SQLWindows(expressions: expressions, isInOrder: isInOrder, argumentColumns: argumentColumns)
        var out = """
            -- The features of the pipeline \(plan.name) for DuckDB 1.3 or later, written by patternalarm.
            -- An event sees the events of its partition with a smaller offset whose time lies in the window, and itself:
            -- of one instant, those that came before it. Times are microseconds since 1970.
            SET TimeZone = 'UTC';

            """
        out += fields()
        out += admitted()
        out += events(isInOrder: isInOrder)
        for (number, entry) in windows.enumerated() { out += tables.table(number, entry.window, entry.aggregates) }
        return out + select()
    }

    // MARK: - Reading

    /// The fields that features use, in their types.
    private func fields() -> String {
        let reader =
            switch source.format {
            case .jsonl: "read_ndjson_objects(\(expressions.quoted(source.path)), ignore_errors = true)"
            case .csv: "read_csv(\(expressions.quoted(source.path)), all_varchar = true, header = true)"
            }
        var columns = ["row_number() OVER () - 1 AS \(mark)event", "\(time()) AS \(mark)t"]
        for index in usedFields.sorted() {
            let field = plan.schema.fields[index]
            let isEventTime = field.role == .time
            let value = isEventTime ? "CAST(\(mark)t AS DOUBLE) / 1e6" : typed(field)
            columns.append("\(value) AS \(expressions.identifier(field.name))")
        }
        return """
            CREATE OR REPLACE TEMP MACRO \(mark)time(x) AS CASE
              WHEN TRY_CAST(x AS DOUBLE) IS NOT NULL THEN CAST(floor(TRY_CAST(x AS DOUBLE)
                * CASE WHEN TRY_CAST(x AS DOUBLE) < 7.3e9 THEN 1e6 WHEN TRY_CAST(x AS DOUBLE) < 7.3e12 THEN 1e3
                  WHEN TRY_CAST(x AS DOUBLE) < 7.3e15 THEN 1e0 ELSE 1e-3 END) AS BIGINT)
              WHEN regexp_matches(substr(x, 12), '[zZ+-]|UTC|GMT') THEN epoch_us(TRY_CAST(replace(x, ',', '.') AS TIMESTAMPTZ))
              ELSE \(values.local("TRY_CAST(replace(x, ',', '.') AS TIMESTAMP)")) END;
            CREATE OR REPLACE TEMP TABLE \(mark)fields AS
            SELECT \(columns.joined(separator: ",\n  "))
            FROM \(reader);

            """
    }

    private func time() -> String {
        guard let field = plan.schema.fields.first(where: { $0.role == .time }) else { return "NULL" }
        return values.instant(field, values.text(field, raw(field)))
    }

    private func typed(_ field: Field) -> String {
        let value = values.text(field, raw(field))
        switch field.type {
        case .number:
            return field.isList ? "TRY_CAST(\(value) AS DOUBLE[])" : values.number(field, value)
        case .bool:
            return field.isList
                ? "TRY_CAST(TRY_CAST(\(value) AS BOOLEAN[]) AS DOUBLE[])" : values.truth(field, value)
        case .time:
            return field.isList
                ? "TRY_CAST(\(value) AS DOUBLE[])" : "CAST(\(values.instant(field, value)) AS DOUBLE) / 1e6"
        case .text, .json: return value
        }
    }

    /// A field's text as it is in the recording. Null elements of a list are no elements.
    private func raw(_ field: Field) -> String {
        guard source.format == .jsonl else { return expressions.identifier(field.path) }
        let paths = Self.joined(field.path.split(separator: ".").map(String.init)[...]).map {
            expressions.quoted("$" + $0)
        }
        func place(_ text: (String) -> String) -> String {
            paths.count == 1 ? text(paths[0]) : "coalesce(\(paths.map(text).joined(separator: ", ")))"
        }
        if field.isList {
            return "list_filter(\(place { "json->>\($0)" }), lambda \(mark)e: \(mark)e IS NOT NULL)"
        }
        return field.type == .json
            ? "nullif(\(place { "CAST(json->\($0) AS VARCHAR)" }), 'null')" : place { "json->>\($0)" }
    }

    /// The ways in which a path's names may be joined by dots in an event, nested ones first: as the decoder reads
    /// them.
    private static func joined(_ parts: ArraySlice<String>) -> [String] {
        guard !parts.isEmpty else { return [""] }
        var paths: [String] = []
        for count in 1...(parts.count <= 5 ? parts.count : 1) {
            let taken = parts.prefix(count)
            guard !taken.dropLast().contains(where: { $0.hasSuffix("[]") }) else { break }
            let name = taken.joined(separator: ".")
            let isList = name.hasSuffix("[]")
            let key = ".\"\(isList ? String(name.dropLast(2)) : name)\"\(isList ? "[*]" : "")"
            paths += joined(parts.dropFirst(count)).map { key + $0 }
        }
        return paths
    }

    /// Which events count, and where they are in which partition.
    private func admitted() -> String {
        let table = "CREATE OR REPLACE TEMP TABLE \(mark)admitted AS"
        let names = "AS \(mark)event, \"partition\" AS \(mark)partition, \"offset\" AS \(mark)offset"
        guard let path = source.admitted else {
            return """
                \(table)
                SELECT \(mark)event, 0 AS \(mark)partition, \(mark)event AS \(mark)offset FROM \(mark)fields WHERE \(mark)t IS NOT NULL;

                """
        }
        return "\(table)\nSELECT \"event\" \(names) FROM read_csv(\(expressions.quoted(path)));\n"
    }

    /// The events that count, with their keys and with what windows aggregate.
    private func events(isInOrder: Bool) -> String {
        var columns = ["f.*", "\(mark)partition", "\(mark)offset"]
        for entity in Set(windows.map(\.window.entity)).sorted() {
            columns.append("\(key(plan.entities[entity])) AS \(mark)k\(entity)")
        }
        for (number, argument) in argumentColumns.enumerated() {
            columns.append("\(expressions.value(argument)) AS \(mark)x\(number)")
        }
        if isInOrder {
            let tie = "row_number() OVER (PARTITION BY \(mark)partition, \(mark)t ORDER BY \(mark)offset) - 1"
            columns.append("\(tie) AS \(mark)tie")
            columns.append("\(mark)t * \(SQLWindows.tieSpan) + \(mark)tie AS \(mark)order")
        }
        return """
            CREATE OR REPLACE TEMP TABLE \(mark)events AS
            SELECT \(columns.joined(separator: ",\n  "))
            FROM \(mark)fields f JOIN \(mark)admitted USING (\(mark)event);

            """
    }

    /// The key of several texts is one text that no other texts make; NULL where one is missing.
    private func key(_ entity: Entity) -> String {
        guard entity.key.count > 1 else { return expressions.value(entity.key[0]) }
        let parts = entity.key.map { "length(\(expressions.value($0))) || ':' || \(expressions.value($0))" }
        return parts.joined(separator: " || ")
    }

    // MARK: - The result

    private func select() -> String {
        let features = plan.features.enumerated().map { number, feature in
            "\(expressions.number(feature.expression)) AS \(mark)f\(number)"
        }
        let names = plan.features.enumerated().map { number, feature in
            "CAST(\(mark)f\(number) AS DOUBLE) AS \(expressions.identifier(feature.name))"
        }
        let keys = [("event", "event"), ("partition", "partition"), ("offset", "offset"), ("t", "time_us")]
        let columns = keys.map { "\(mark)\($0.0) AS \"\($0.1)\"" } + names
        let joins = windows.indices.map { " LEFT JOIN \(mark)w\($0) USING (\(mark)event)" }.joined()
        return """
            SELECT \(columns.joined(separator: ",\n  "))
            FROM (SELECT *,
              \(features.joined(separator: ",\n  "))
              FROM \(mark)events\(joins))
            ORDER BY "event";

            """
    }
}

import Base
public import Bytes

extension PipelinePlan {
    /// Checks a pipeline file and compiles it.
    ///
    /// - Throws: ``PlanError`` with everything that is wrong, before a byte of data is read.
    public static func parse(
        _ root: ConfigNode,
        file: String,
        zones: ZoneFinder = ZoneFinder()
    ) throws(PlanError) -> PipelinePlan {
        var parser = PipelineParser(file: file, zones: zones)
        return try parser.parse(root)
    }
}

/// Who knows time zones by name: their data are no business of this target.
public struct ZoneFinder {
    public var zone: (String) -> LocalZone?
    /// All that are known.
    public var names: () -> [String]

    /// Where time zones are looked up, and which there are: none, if nothing is given.
    public init(
        zone: @escaping (String) -> LocalZone? = { _ in nil },
        names: @escaping () -> [String] = { [] }
    ) {
        self.zone = zone
        self.names = names
    }
}

/// One pass over the pipeline file, section by section; every section reports what it can.
private struct PipelineParser {
    private var reader: ConfigReader
    private var plan = PipelinePlan(name: "", schema: Schema(fields: []))
    private var lists: [String: [String]] = [:]
    /// Where each field of the schema is.
    private var fieldPositions: [SourcePosition] = []

    private static let keys = [
        "version", "name", "schema", "time", "duplicates", "lists", "entities", "partition_by", "partitions", "labels",
        "severity", "features", "detectors", "queries",
    ]

    private let zones: ZoneFinder
    /// What the schema says for all of its fields.
    private var values = ValueStyle()

    init(file: String, zones: ZoneFinder) {
        reader = ConfigReader(file: file)
        self.zones = zones
    }

    mutating func parse(_ root: ConfigNode) throws(PlanError) -> PipelinePlan {
        let entries = reader.map(root, "the pipeline file", keys: Self.keys)
        func section(_ key: String) -> ConfigNode? { entries.first { $0.key == key }?.value }

        plan.file = reader.file
        if let node = section("name"), let name = reader.text(node, "name") {
            plan.name = name
            // The log's folders have it in their names.
            if !isTopicName(name) {
                reader.report(node.position, "a pipeline's name has letters, digits, _, - and . only: \"\(name)\"")
            }
            // The topic beside the events that says what is in force.
            if name == "__activations" {
                reader.report(
                    node.position,
                    "a pipeline cannot be called \"\(name)\": activations are kept under that name"
                )
            }
        }
        if plan.name.isEmpty { reader.report(root.position, "the pipeline needs a name") }
        if let node = section("version"), reader.text(node, "version") != "1" {
            reader.report(node.position, "this program reads version 1 of pipeline files")
        }
        if let node = section("schema") { schema(node) } else { reader.report(root.position, "a schema is missing") }
        if let node = section("time") { time(node) }
        if let node = section("duplicates") {
            for entry in reader.map(node, "duplicates", keys: ["within"]) {
                plan.duplicatesWithin = reader.duration(entry.value, "within") ?? plan.duplicatesWithin
            }
        }
        if let node = section("lists") {
            for entry in reader.map(node, "lists") {
                lists[entry.key] = reader.texts(entry.value, "lists.\(entry.key)")
            }
        }
        if let node = section("severity") { severity(node) }
        guard reader.diagnostics.isEmpty else { throw PlanError(reader.diagnostics) }

        if let node = section("entities") { entities(node) }
        if plan.entities.isEmpty { reader.report(root.position, "the pipeline needs at least one entity") }
        if let node = section("partition_by"),
            let name = reader.choice(node, "partition_by", among: plan.entities.map(\.name))
        {
            plan.partitionEntity = plan.entities.firstIndex { $0.name == name } ?? 0
        }
        if let node = section("partitions"), let count = reader.number(node, "partitions") {
            if count.rounded() == count, (1...64).contains(count) {
                plan.partitionCount = Int(count)
            } else {
                reader.report(node.position, "partitions must be a whole number from 1 to 64")
            }
        }
        if let node = section("labels") { labels(node) }
        guard reader.diagnostics.isEmpty else { throw PlanError(reader.diagnostics) }

        let parts = FeatureParser.parse(
            features: section("features"),
            detectors: section("detectors"),
            queries: section("queries"),
            lists: lists,
            plan: &plan,
            reader: &reader
        )
        guard parts, reader.diagnostics.isEmpty else { throw PlanError(reader.diagnostics) }
        return plan
    }

    private mutating func schema(_ node: ConfigNode) {
        var sawFields = false
        let entries = reader.map(node, "schema", keys: ["time_zone", "fields"] + ConfigReader.styleKeys)
        for entry in entries where entry.key != "fields" {
            if entry.key == "time_zone", let text = reader.text(entry.value, "time_zone") {
                zone(text, entry.value.position)
            } else {
                reader.readStyle(entry, into: &values)
            }
        }
        for entry in entries where entry.key == "fields" {
            sawFields = true
            for field in reader.map(entry.value, "fields") { self.field(field) }
        }
        if !sawFields { reader.report(node.position, "the schema has no fields") }
        roles(node)
    }

    private mutating func zone(_ text: String, _ position: SourcePosition) {
        if let minutes = zoneMinutes(text) {
            plan.timeZoneMinutes = minutes
        } else if let zone = zones.zone(text) {
            plan.zone = zone
        } else {
            let words =
                "time_zone must be UTC, an offset such as +02:00 or a name such as Europe/Berlin, not \"\(text)\""
            reader.report(position, words, suggestion: closestName(to: text, among: zones.names()))
        }
    }

    private mutating func roles(_ schema: ConfigNode) {
        let types: [(role: Field.Role, type: Field.ValueType)] = [
            (.id, .text), (.time, .time), (.amount, .number), (.domain, .text),
        ]
        for (role, type) in types {
            let holders = plan.schema.fields.indices.filter { plan.schema.fields[$0].role == role }
            guard let holder = holders.first else {
                if role == .time {
                    reader.report(schema.position, "one field must have the role time: it is the event time")
                }
                continue
            }
            if holders.count > 1 {
                let names = holders.map { plan.schema.fields[$0].name }.joined(separator: " and ")
                reader.report(
                    fieldPositions[holders[1]],
                    "the role \(role.rawValue) is given to \(names); one field can have it"
                )
            }
            if plan.schema.fields[holder].type != type {
                reader.report(
                    fieldPositions[holder],
                    "the field with the role \(role.rawValue) must be of type \(type.rawValue)"
                )
            }
            if role == .time { plan.schema.fields[holder].isRequired = true }
        }
    }

    private mutating func field(_ entry: ConfigNode.Entry) {
        let types = Field.ValueType.allCases.map(\.rawValue)
        var field = Field(name: entry.key, type: .text)
        field.values = values
        if !isName(entry.key) {
            reader.report(entry.keyPosition, "a field's name has letters, digits and _ only: \"\(entry.key)\"")
        }
        if case .scalar = entry.value {
            if let type = reader.choice(entry.value, "a field's type", among: types) {
                field.type = Field.ValueType(rawValue: type) ?? .text
            }
        } else {
            let known = ["type", "path", "role", "required", "min", "max", "known_after"]
            let spellings = ConfigReader.styleKeys + ConfigReader.timeKeys
            var sawType = false
            for part in reader.map(entry.value, "field \(entry.key)", keys: known + spellings) {
                switch part.key {
                case "type":
                    sawType = true
                    if let type = reader.choice(part.value, "a field's type", among: types) {
                        field.type = Field.ValueType(rawValue: type) ?? .text
                    }
                case "path": field.path = reader.text(part.value, "path") ?? field.path
                case "role":
                    let roles = Field.Role.allCases.map(\.rawValue)
                    field.role = reader.choice(part.value, "role", among: roles).flatMap { Field.Role(rawValue: $0) }
                case "required": field.isRequired = reader.bool(part.value, "required") ?? false
                case "min": field.minimum = reader.number(part.value, "min")
                case "max": field.maximum = reader.number(part.value, "max")
                case "known_after": field.knownAfter = reader.duration(part.value, "known_after")
                case _ where ConfigReader.timeKeys.contains(part.key):
                    reader.readTime(part, into: &field.times, zone: plan.zone)
                default: reader.readStyle(part, into: &field.values)
                }
            }
            checkSpelling(of: field, entry)
            if !sawType { reader.report(entry.value.position, "field \(entry.key) needs a type") }
        }
        if plan.schema.index(of: field.name) != nil {
            reader.report(entry.keyPosition, "there are two fields \"\(field.name)\"")
        }
        if let other = plan.schema.fields.first(where: { $0.path == field.path }) {
            reader.report(
                entry.keyPosition,
                "fields \(other.name) and \(field.name) read the same path \"\(field.path)\""
            )
        }
        if field.minimum != nil || field.maximum != nil, field.type != .number {
            reader.report(
                entry.keyPosition,
                "min and max are for numbers; field \(field.name) is a \(field.type.rawValue)"
            )
        }
        if let least = field.minimum, let largest = field.maximum, least > largest {
            reader.report(
                entry.keyPosition,
                "the min of field \(field.name) is above its max: no event would be accepted"
            )
        }
        if field.knownAfter != nil, field.role != .label {
            reader.report(entry.keyPosition, "known_after is for labels; field \(field.name) has no role: label")
        }
        if field.role != nil, field.isList {
            reader.report(entry.keyPosition, "a list cannot have a role")
        }
        plan.schema.fields.append(field)
        fieldPositions.append(entry.keyPosition)
    }

    /// What is said of a field must be of its type.
    private mutating func checkSpelling(of field: Field, _ entry: ConfigNode.Entry) {
        func says(_ keys: String...) -> Bool {
            guard case .map(let parts, _) = entry.value else { return false }
            return parts.contains { keys.contains($0.key) }
        }
        let wrong: [(isSaid: Bool, words: String, type: Field.ValueType)] = [
            (says("numbers"), "numbers is for numbers", .number),
            (says("true_words", "false_words"), "true_words and false_words are for bools", .bool),
            (says("format", "unit", "origin"), "format, unit and origin are for times", .time),
        ]
        for (isSaid, words, type) in wrong where isSaid && field.type != type {
            reader.report(entry.keyPosition, "\(words); field \(field.name) is a \(field.type.rawValue)")
        }
        if field.times.isRelative, !field.times.formats.isEmpty {
            reader.report(entry.keyPosition, "field \(field.name) has a format, or a unit and an origin, not both")
        }
    }

    private mutating func time(_ node: ConfigNode) {
        for entry in reader.map(node, "time", keys: ["disorder", "max_ahead"]) {
            switch entry.key {
            case "disorder": plan.disorder = reader.duration(entry.value, "disorder") ?? plan.disorder
            case "max_ahead":
                if case .scalar("none", _, _) = entry.value {
                    plan.maximumAhead = nil
                } else {
                    plan.maximumAhead = reader.duration(entry.value, "max_ahead") ?? plan.maximumAhead
                }
            default: break
            }
        }
    }

    private mutating func severity(_ node: ConfigNode) {
        for entry in reader.map(node, "severity", keys: ["critical", "high", "medium"]) {
            guard let value = reader.number(entry.value, entry.key) else { continue }
            guard (0...1).contains(value) else {
                reader.report(entry.value.position, "\(entry.key) must lie between 0 and 1")
                continue
            }
            switch entry.key {
            case "critical": plan.severities.critical = value
            case "high": plan.severities.high = value
            default: plan.severities.medium = value
            }
        }
        let bands = plan.severities
        if !(bands.medium <= bands.high && bands.high <= bands.critical) {
            reader.report(node.position, "the severities must rise: medium, high, critical")
        }
    }

    private mutating func entities(_ node: ConfigNode) {
        for entry in reader.map(node, "entities") {
            if plan.entities.contains(where: { $0.name == entry.key }) {
                reader.report(entry.keyPosition, "there are two entities \"\(entry.key)\"")
            }
            if plan.schema.index(of: entry.key) != nil {
                reader.report(
                    entry.keyPosition,
                    "\"\(entry.key)\" is a field already; an entity needs a name of its own"
                )
            }
            var parts: [ConfigNode] = [entry.value]
            if case .list(let items, _) = entry.value { parts = items }
            if parts.isEmpty { reader.report(entry.value.position, "entity \(entry.key) has no field") }
            var key: [Expression] = []
            for part in parts {
                guard let syntax = reader.syntax(part, "entity \(entry.key)") else { continue }
                var checker = Checker(schema: plan.schema, entityNames: [], lists: lists, featureNames: [])
                do throws(ExpressionError) { key.append(try checker.text(syntax)) } catch {
                    reader.report(error, in: part)
                }
            }
            plan.entities.append(Entity(name: entry.key, key: key))
        }
    }

    private mutating func labels(_ node: ConfigNode) {
        let labelNames = plan.schema.fields.filter { $0.role == .label }.map(\.name)
        var rule = LabelRule(field: -1, mapping: [], negative: "")
        for entry in reader.map(node, "labels", keys: ["class", "map", "negative"]) {
            switch entry.key {
            case "class":
                if let name = reader.choice(entry.value, "class", among: labelNames) {
                    rule.field = plan.schema.index(of: name) ?? -1
                }
            case "map":
                for pair in reader.map(entry.value, "map") {
                    guard let label = reader.text(pair.value, "a class") else { continue }
                    rule.mapping.append(.init(pattern: pair.key, label: label))
                }
            default: rule.negative = reader.text(entry.value, "negative") ?? ""
            }
        }
        if rule.negative.isEmpty {
            reader.report(node.position, "labels need \"negative\": the class that is not fraud")
        }
        if rule.field < 0, reader.diagnostics.isEmpty {
            reader.report(node.position, "labels need \"class\": the label field that names the class")
        }
        plan.labels = rule
    }
}

func isName(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, first == "_" || first.properties.isAlphabetic else { return false }
    return text.unicodeScalars.allSatisfy { $0.isASCII && ($0 == "_" || $0.properties.isAlphabetic || $0.isDigit) }
}

/// What Kafka takes for a topic, so that the log's folders are what their names say.
private func isTopicName(_ text: String) -> Bool {
    !text.allSatisfy { $0 == "." } && text.utf8.count <= 200
        && text.unicodeScalars.allSatisfy { scalar in
            "_-.".unicodeScalars.contains(scalar)
                || scalar.isASCII && (scalar.properties.isAlphabetic || scalar.isDigit)
        }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
}

/// Minutes east of UTC of `UTC`, `Z`, `+02:00`, `-0530`.
private func zoneMinutes(_ text: String) -> Int? {
    if text == "UTC" || text == "Z" { return 0 }
    var digits = text.filter { $0 != ":" }
    guard let sign = digits.first, sign == "+" || sign == "-" else { return nil }
    digits.removeFirst()
    guard digits.count == 4, let value = Int(digits), value / 100 <= 14, value % 100 < 60 else { return nil }
    return (sign == "-" ? -1 : 1) * (value / 100 * 60 + value % 100)
}

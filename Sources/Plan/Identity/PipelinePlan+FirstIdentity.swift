import Bytes

extension PipelinePlan {
    /// The text that data directories knew the pipeline by at first, with the names that types and cases had then: only
    /// to find that a directory was made with this pipeline. Tests hold it to what those versions wrote.
    var firstDescription: String {
        var lines = ["name \(name)"] + schemaLines
        lines.append("time \(disorder) \(maximumAhead.map { "\($0)" } ?? "-") \(duplicatesWithin)")
        for entity in entities { lines.append("entity \(entity.name) \(entity.key)") }
        lines.append("partitions \(partitionEntity) \(partitionCount)")
        for aggregate in aggregates {
            let argument = aggregate.argument.map { "\($0)" } ?? "-"
            lines.append(
                "aggregate \(aggregate.function.rawValue) \(aggregate.window) \(argument) \(aggregate.excludesCurrent)"
            )
        }
        for feature in features { lines.append("feature \(feature.name) \(feature.expression)") }
        for detector in detectors {
            lines.append("detector \(detector.name) \(detector.kind) \(detector.entity) \(detector.sessionGap)")
        }
        if let labels { lines.append("labels \(labels)") }
        lines.append("severity \(severities.critical) \(severities.high) \(severities.medium)")
        return lines.joined(separator: "\n")
    }

    /// The same of what decides whether a line is an event, of which time, and in which partition.
    package var firstReadingDescription: String {
        let partitions = "partitions \(entities[partitionEntity].key) \(partitionCount)"
        return (schemaLines + [partitions]).joined(separator: "\n")
    }

    /// Only what is not as it is by itself.
    private func spelling(of field: Field) -> String {
        var parts: [String] = []
        let values = field.values
        if let words = values.nullWords { parts.append("null \(words)") }
        if let words = values.trueWords { parts.append("true \(words)") }
        if let words = values.falseWords { parts.append("false \(words)") }
        if field.type == .number, !values.numbers.isPlain { parts.append("numbers \(values.numbers)") }
        if !field.times.formats.isEmpty { parts.append("formats \(field.times.formats)") }
        if field.times.isRelative {
            parts.append("unit \(field.times.unit ?? 1_000_000_000) origin \(field.times.origin ?? 0)")
            if field.times.countsLocalTime, zone.fixedMinutes != 0 { parts.append("local") }
        }
        return parts.map { " " + $0 }.joined()
    }

    private var schemaLines: [String] {
        ["zone \(zone)"]
            + schema.fields.map { field in
                let limits = "\(field.minimum.map { "\($0)" } ?? "-") \(field.maximum.map { "\($0)" } ?? "-")"
                let known = field.knownAfter.map { " known \($0)" } ?? ""
                let role = field.role?.rawValue ?? "-"
                let type = field.type.rawValue
                return
                    "field \(field.name) \(field.path) \(type) \(role) \(field.isRequired) \(limits)\(known)\(spelling(of: field))"
            }
    }
}

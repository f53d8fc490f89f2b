extension PipelinePlan {
    /// The checked plan as a stable text: two files that mean the same (comments, spacing, spellings aside) have the same
    /// one. What a hash of "the pipeline" is taken over.
    public var canonicalDescription: String {
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
    /// What decides whether a line is an event, of which time, and in which partition.
    public var readingDescription: String {
        let partitions = "partitions \(entities[partitionEntity].key) \(partitionCount)"
        return (schemaLines + [partitions]).joined(separator: "\n")
    }

    private var schemaLines: [String] {
        ["zone \(timeZoneMinutes)"]
            + schema.fields.map { field in
                let limits = "\(field.minimum.map { "\($0)" } ?? "-") \(field.maximum.map { "\($0)" } ?? "-")"
                let known = field.knownAfter.map { " known \($0)" } ?? ""
                let role = field.role?.rawValue ?? "-"
                let type = field.type.rawValue
                return "field \(field.name) \(field.path) \(type) \(role) \(field.isRequired) \(limits)\(known)"
            }
    }
}

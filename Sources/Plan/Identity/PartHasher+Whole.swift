extension PartHasher {
    mutating func reading() -> String {
        let (schema, key) = (schema(), entity(plan.partitionEntity))
        return CanonicalText("reading") { text in
            text.word(schema)
            text.word(key)
            text.whole(plan.partitionCount)
        }.hash
    }

    mutating func partitioning() -> String {
        let key = entity(plan.partitionEntity)
        return CanonicalText("partitioning") { text in
            text.word(key)
            text.whole(plan.partitionCount)
        }.hash
    }

    mutating func admission() -> String {
        let reading = self.reading()
        return CanonicalText("admission") { text in
            text.word(reading)
            text.whole(plan.disorder)
            text.optional(plan.maximumAhead) { $0.whole($1) }
            text.whole(plan.duplicatesWithin)
        }.hash
    }

    mutating func pipeline() -> String {
        let admission = self.admission()
        let features = plan.features.indices.map { (plan.features[$0].name, feature($0)) }
        let detectors = plan.detectors.indices.map { detector($0) }
        return CanonicalText("pipeline") { text in
            text.text(plan.name)
            text.word(admission)
            text.list("features") { list in
                for (name, hash) in features.sorted(by: { CanonicalText.isBefore($0.0, $1.0) }) {
                    list.text(name)
                    list.word(hash)
                }
            }
            text.list("detectors") { list in for hash in detectors.sorted() { list.word(hash) } }
            text.list("severities") { list in
                list.number(plan.severities.critical)
                list.number(plan.severities.high)
                list.number(plan.severities.medium)
            }
        }.hash
    }

    /// With the order of the parts.
    mutating func layout() -> String {
        var hashes = [pipeline()]
        hashes += plan.entities.indices.map { entity($0) }
        hashes += plan.aggregates.indices.map { aggregate($0) }
        hashes += plan.features.indices.map { feature($0) }
        hashes += plan.detectors.indices.map { detector($0) }
        return CanonicalText("layout") { text in for hash in hashes { text.word(hash) } }.hash
    }
}

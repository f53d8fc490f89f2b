public import Plan

/// A pipeline's parts, each with what it is and the hash that it is known by.
public struct PlanParts {
    public let listing: Listing

    /// Lists the parts of a plan. Complexity: O(size of the plan), with some hashes each.
    public init(_ plan: PipelinePlan) {
        let identity = plan.identity
        var listing = Listing(columns: ["part", "name", "sha256", "definition"], rows: [])
        func add(_ part: String, _ name: String, _ hash: String, _ definition: String = "") {
            listing.rows.append([.text(part), .text(name), .text(hash), .text(definition)])
        }
        add("pipeline", plan.name, identity.pipeline)
        add("schema", "", identity.schema)
        add("reading", "", identity.reading, "the schema, the partitions' key and how many there are")
        add("admission", "", identity.admission, "the reading, the clock of event time and the time for duplicates")
        for (entity, hash) in zip(plan.entities, identity.entities) {
            add("entity", entity.name, hash, entity.key.map { plan.words($0) }.joined(separator: ", "))
        }
        for (index, hash) in identity.aggregates.enumerated() {
            add("aggregate", "", hash, plan.words(.aggregate(index)))
        }
        for (feature, hash) in zip(plan.features, identity.features) {
            add("feature", feature.name, hash, plan.words(feature.expression))
        }
        for (detector, hash) in zip(plan.detectors, identity.detectors) {
            add("detector", detector.name, hash, plan.words(detector))
        }
        self.listing = listing
    }
}

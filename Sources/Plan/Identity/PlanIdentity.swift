import Base

/// What the parts of a plan are known by: hashes (SHA-256, 64 hexadecimal digits) of what they mean.
///
/// Two parts with one hash give the same results of the same log. The order in the file, comments, spacing, titles and
/// names that no result bears do not enter: a feature is known by what it computes, through everything that it uses. A
/// detector's name enters, as alerts bear it; so do the names of fields (rejected events bear them), of features
/// (alerts list them) and of the entities that alerts are about in the hash of the whole.
public struct PlanIdentity: Sendable, Equatable {
    /// What decides whether a line is an event: the fields, how they are spelled, which values are accepted.
    public let schema: String
    /// What decides in which partition it is, beside that.
    public let reading: String
    /// What decides in which partition an event is, and nothing else.
    public let partitioning: String
    /// What decides whether an event counts, beside that: the clock of event time, and which events are duplicates.
    public let admission: String
    /// In the order of ``PipelinePlan/entities``, and so on.
    public let entities: [String]
    /// A window with its function and argument.
    public let aggregates: [String]
    public let features: [String]
    /// Of a detector with a model: what is asked of the model, whichever it is.
    public let detectors: [String]
    /// Of all that can change what a log leads to, but for the models.
    public let pipeline: String
    /// Like ``pipeline``, but other for each order of the parts: by it checkpoints without names for their parts are
    /// known.
    public let layout: String
    /// ``pipeline`` as data directories had it at first, up to version 4 of the alerts file.
    public let firstPipeline: String

    init(_ plan: PipelinePlan) {
        var parts = PartHasher(plan)
        schema = parts.schema()
        reading = parts.reading()
        partitioning = parts.partitioning()
        admission = parts.admission()
        entities = plan.entities.indices.map { parts.entity($0) }
        aggregates = plan.aggregates.indices.map { parts.aggregate($0) }
        features = plan.features.indices.map { parts.feature($0) }
        detectors = plan.detectors.indices.map { parts.detector($0) }
        pipeline = parts.pipeline()
        layout = parts.layout()
        firstPipeline = SHA256.hexadecimal(of: Array(plan.firstDescription.utf8))
    }
}

extension PlanIdentity {
    /// Whether a data directory that knows its pipeline by that hash was made with this one.
    public func isKnown(as hash: String) -> Bool { hash == pipeline || hash == firstPipeline }
}

extension PipelinePlan {
    /// What its parts are known by.
    ///
    /// - Complexity: O(size of the plan), with some ten hashes a feature: to be kept, not asked for again.
    public var identity: PlanIdentity { PlanIdentity(self) }

    /// What decides whether a line is an event, of which time, and in which partition: ``PlanIdentity/reading``, and
    /// what that was known by at first.
    public var readings: [String] {
        var parts = PartHasher(self)
        return [parts.reading(), firstReadingDescription]
    }
}

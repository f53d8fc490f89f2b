public import Plan

/// What alerts and counts say of the detector that they are of.
public final class DetectorLabel: Sendable, Equatable {
    public let name: String
    /// What it is about, by the pipeline's name for it.
    public let entity: String
    /// Name and version of its model; nil of a rule.
    public let model: String?
    /// What it is: the first 12 digits of the hash of its definition, with all that it uses and its model.
    public let version: String
    /// The definitions that it is part of.
    public let definitions: DefinitionsLabel

    public init(name: String, entity: String, model: String?, version: String, definitions: DefinitionsLabel) {
        self.name = name
        self.entity = entity
        self.model = model
        self.version = version
        self.definitions = definitions
    }

    /// Whether both say the same; quick for the same one.
    public static func == (left: DetectorLabel, right: DetectorLabel) -> Bool {
        left === right
            || left.name == right.name && left.entity == right.entity && left.model == right.model
                && left.version == right.version && left.definitions.activation == right.definitions.activation
    }
}

/// What alerts are written with, whichever detector they are of: what was in force as of their last change.
public final class DefinitionsLabel: Sendable {
    /// The number of the activation that put it in force.
    public let activation: Int
    /// The features in the order of an alert's values.
    public let features: [Feature]
    public let severities: SeverityBands

    /// What a plan gives alerts, under the number of an activation.
    public init(activation: Int, plan: PipelinePlan) {
        self.activation = activation
        features = plan.features
        severities = plan.severities
    }
}

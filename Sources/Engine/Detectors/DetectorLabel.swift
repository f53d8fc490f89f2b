/// What alerts and counts say of the detector that they are of.
public final class DetectorLabel: Sendable, Equatable {
    public let name: String
    /// What it is about, by the pipeline's name for it.
    public let entity: String
    /// Name and version of its model; nil of a rule.
    public let model: String?

    public init(name: String, entity: String, model: String?) {
        self.name = name
        self.entity = entity
        self.model = model
    }

    /// Whether both say the same; quick for the same one.
    public static func == (left: DetectorLabel, right: DetectorLabel) -> Bool {
        left === right || left.name == right.name && left.entity == right.entity && left.model == right.model
    }
}

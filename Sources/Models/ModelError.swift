/// Why a model cannot be used with a pipeline.
public enum ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The model wants a feature that the pipeline does not define.
    case unknownFeature(model: String, feature: String, suggestion: String?)
    /// The model does not know the class that means "not fraud".
    case missingNegativeClass(model: String, negative: String, classes: [String])
    /// The model's numbers are not between 0 and 1.
    case noProbabilities(model: String)

    public var description: String {
        switch self {
        case .unknownFeature(let model, let feature, let suggestion):
            let hint = suggestion.map { "; did you mean \"\($0)\"?" } ?? ""
            return "model \(model) takes the feature \"\(feature)\", which the pipeline does not define\(hint)"
        case .missingNegativeClass(let model, let negative, let classes):
            return "model \(model) has the classes \(classes.joined(separator: ", ")), but not \"\(negative)\", "
                + "which means not fraud here (see the pipeline's labels); name them with `patternalarm models import --classes`, "
                + "or the one that does with --negative"
        case .noProbabilities(let model):
            return "model \(model) gives values, not probabilities: it cannot tell fraud"
        }
    }
}

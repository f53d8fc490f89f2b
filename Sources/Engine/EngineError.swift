/// What keeps an engine from starting. Bad events never do: they become rejected rows.
public enum EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A detector names a model that was not given.
    case missingModel(detector: String, model: String)

    public var description: String {
        switch self {
        case .missingModel(let detector, let model):
            "detector \(detector) needs the model \(model); train it or give one with --model"
        }
    }
}

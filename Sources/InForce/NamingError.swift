public import Learning
public import PipelineFiles
public import Runtime

/// Why what a person names cannot be put in force.
public enum NamingError: Error, CustomStringConvertible {
    case pipeline(PipelineFileError)
    case model(LearningError)
    /// What is in force already cannot be read.
    case directory(RuntimeError)

    public var description: String {
        switch self {
        case .pipeline(let error): error.description
        case .model(let error): error.description
        case .directory(let error): error.description
        }
    }
}

import Learning
import PipelineFiles
public import Runtime

/// Reads the files that a data directory keeps of what was put in force.
public struct StoredDefinitions: DefinitionReader {
    public init() {}

    /// Reads a pipeline's file, and ties the models to it.
    ///
    /// - Throws: ``Runtime/RuntimeError/plan(_:)`` if this program cannot read what an earlier one has kept.
    public func read(
        _ file: [UInt8],
        models: [String: [UInt8]]
    ) throws(RuntimeError) -> LoadedDefinitions {
        do throws(NamingError) {
            return try NamedDefinitions.tie(file, place: "the pipeline in force") { name, _, _ throws(LearningError) in
                guard let bytes = models[name] else {
                    throw .plan("the pipeline in force asks for the model \"\(name)\", and none is kept with it")
                }
                return try ModelDirectory.decode(bytes, name: name, place: "the model \(name) in force")
            }
        } catch {
            throw .plan(error.description)
        }
    }
}

import Activations
import FileStore
import Learning
import Models
import PipelineFiles
import Plan
public import Runtime

/// Definitions as people name them: a pipeline's file and models. What nobody names is as it is in force in the data
/// directory, or else built in.
public struct NamedDefinitions: Sendable {
    /// A file, or the name of a built-in pipeline.
    public var pipeline: String?
    /// A model for all detectors that ask for one.
    public var model: String?
    /// Models by the names that detectors have for them.
    public var models: [String: String] = [:]
    /// The bytes of models' files, by the same names: they come before all others.
    public var modelFiles: [String: [UInt8]] = [:]

    public init(pipeline: String? = nil, model: String? = nil, models: [String: String] = [:]) {
        (self.pipeline, self.model, self.models) = (pipeline, model, models)
    }

    /// Whether everything is named.
    private var isWhole: Bool { pipeline != nil && model != nil }

    /// Reads, checks and ties them.
    ///
    /// - Parameter directory: A data directory, which need not be there; nil = none.
    /// - Returns: The pipeline with its models.
    /// - Throws: ``NamingError``
    public func load(over directory: String?) throws(NamingError) -> LoadedDefinitions {
        let inForce = isWhole ? nil : try Self.inForce(directory)
        if pipeline == nil, let inForce { return try load(inForce.file, place: "the pipeline in force", inForce) }
        let file = try Self.reading { () throws(PipelineFileError) in try PipelineFile.load(pipeline) }
        return try load(file.bytes, place: file.path, inForce)
    }

    /// The same with a pipeline's text, whatever is named.
    ///
    /// - Parameters:
    ///   - text: A pipeline's file.
    ///   - place: What mistakes in it are told of.
    ///   - inForce: What is in force.
    /// - Returns: The pipeline with its models.
    /// - Throws: ``NamingError``
    public func load(
        _ text: [UInt8],
        place: String,
        _ inForce: LoadedDefinitions?
    ) throws(NamingError) -> LoadedDefinitions {
        try Self.tie(text, place: place) { name, detector, plan throws(LearningError) in
            if let bytes = modelFiles[name] {
                return try ModelDirectory.decode(bytes, name: name, place: "the model \(name)")
            }
            if let path = models[name] ?? model { return try ModelDirectory.load(path, name: name) }
            if let bytes = inForce?.modelFiles[name] {
                return try ModelDirectory.decode(bytes, name: name, place: "the model \(name) in force")
            }
            return try ModelDirectory.load(nil, name: name, of: detector, plan)
        }
    }

    /// What is in force in a data directory; nil if nothing is, or if it is not there.
    public static func inForce(_ directory: String?) throws(NamingError) -> LoadedDefinitions? {
        guard let directory else { return nil }
        let store = DiskStore(root: directory)
        let current: Activation?
        do throws(ActivationError) { current = try ActivationHistory.read(store: store).current } catch {
            throw .directory(RuntimeError(error))
        }
        guard let current else { return nil }
        do throws(RuntimeError) {
            return try DefinitionShelf(store, StoredDefinitions()).definitions(of: current)
        } catch {
            throw .directory(error)
        }
    }

    static func tie(
        _ text: [UInt8],
        place: String,
        _ find: (String, Detector, PipelinePlan) throws(LearningError) -> ModelDirectory
    ) throws(NamingError) -> LoadedDefinitions {
        let file = try reading { () throws(PipelineFileError) in
            try PipelineFile.parse(String(decoding: text, as: UTF8.self), path: place)
        }
        var plan = file.plan
        let bound: (bindings: [Int: ModelBinding], models: [ModelDirectory])
        do throws(LearningError) { bound = try ModelDirectory.bind(&plan, find) } catch { throw .model(error) }
        var files: [String: [UInt8]] = [:]
        for (index, model) in zip(bound.bindings.keys.sorted(), bound.models) {
            if case .model(let name, _, _) = plan.detectors[index].kind { files[name] = model.bytes }
        }
        return LoadedDefinitions(
            plan: plan,
            bindings: bound.bindings,
            records: bound.models.map(\.record),
            file: text,
            modelFiles: files
        )
    }

    private static func reading<Result>(
        _ body: () throws(PipelineFileError) -> Result
    ) throws(NamingError) -> Result {
        do throws(PipelineFileError) { return try body() } catch { throw .pipeline(error) }
    }
}

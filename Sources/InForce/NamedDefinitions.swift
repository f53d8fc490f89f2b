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

    /// What is named: a pipeline, a model for all detectors, models by the names that detectors have for them.
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
        let kept = isWhole ? nil : try Self.kept(in: directory)
        if pipeline == nil, let kept { return try load(kept.file, place: "the pipeline in force", kept.models) }
        let file = try Self.reading { () throws(PipelineFileError) in try PipelineFile.load(pipeline) }
        return try load(file.bytes, place: file.path, kept?.models ?? [:])
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
        try load(text, place: place, inForce?.modelFiles ?? [:])
    }

    private func load(
        _ text: [UInt8],
        place: String,
        _ kept: [String: [UInt8]]
    ) throws(NamingError) -> LoadedDefinitions {
        try Self.tie(text, place: place) { name, detector, plan throws(LearningError) in
            if let bytes = modelFiles[name] {
                return try ModelDirectory.decode(bytes, name: name, place: "the model \(name)")
            }
            if let path = models[name] ?? model { return try ModelDirectory.load(path, name: name) }
            if let bytes = kept[name] {
                return try ModelDirectory.decode(bytes, name: name, place: "the model \(name) in force")
            }
            return try ModelDirectory.load(nil, name: name, of: detector, plan)
        }
    }

    /// The files of what is in force in a data directory; nil if nothing is, or if it is not there.
    private static func kept(
        in directory: String?
    ) throws(NamingError) -> (file: [UInt8], models: [String: [UInt8]])? {
        guard let directory else { return nil }
        let store = DiskStore(root: directory)
        do throws(ActivationError) {
            guard let current = try ActivationHistory.read(store: store).current else { return nil }
            let files = DefinitionFiles(store: store)
            var models: [String: [UInt8]] = [:]
            for (name, hash) in current.models { models[name] = try files.model(hash) }
            return (try files.pipeline(current.pipelineFile), models)
        } catch {
            throw .directory(RuntimeError(error))
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

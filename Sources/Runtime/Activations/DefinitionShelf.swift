public import Activations
import Base
public import FileStore
public import Partition

/// The definitions that a data directory keeps, read again: each file once.
public final class DefinitionShelf {
    private let files: DefinitionFiles
    private let reader: any DefinitionReader
    private var known: [Key: LoadedDefinitions] = [:]

    private struct Key: Hashable {
        var file: String
        var models: [String: String]
    }

    /// Reads nothing yet.
    ///
    /// - Parameters:
    ///   - store: The data directory.
    ///   - reader: Reads what is kept.
    ///   - loaded: What has been read already, of the same files.
    public init(_ store: any FileStore, _ reader: any DefinitionReader, _ loaded: LoadedDefinitions? = nil) {
        files = DefinitionFiles(store: store)
        self.reader = reader
        guard let loaded else { return }
        known[Key(file: SHA256.hexadecimal(of: loaded.file), models: loaded.modelHashes)] = loaded
    }

    /// The definitions that an activation has put in force.
    ///
    /// - Throws: ``RuntimeError/damaged(_:)`` if a file is not there or not whole.
    public func definitions(of activation: Activation) throws(RuntimeError) -> LoadedDefinitions {
        let key = Key(file: activation.pipelineFile, models: activation.models)
        if let found = known[key] { return found }
        let bytes = try RuntimeError.activating { () throws(ActivationError) in
            var models: [String: [UInt8]] = [:]
            for (name, hash) in activation.models { models[name] = try files.model(hash) }
            return (file: try files.pipeline(activation.pipelineFile), models: models)
        }
        let found = try reader.read(bytes.file, models: bytes.models)
        known[key] = found
        return found
    }

    /// What holds in each partition from which offset on.
    ///
    /// - Throws: ``RuntimeError``
    public func schedules(
        _ history: ActivationHistory,
        partitions: Int
    ) throws(RuntimeError) -> [DefinitionSchedule] {
        var definitions: [Int: Definitions] = [:]
        for activation in history.inForce {
            definitions[activation.number] = try self.definitions(of: activation).definitions(activation.number)
        }
        return (0..<partitions).map { partition in
            DefinitionSchedule(
                history.starts(partition: partition).compactMap { start in
                    definitions[start.number].map { DefinitionSchedule.Entry($0, from: start.offset) }
                }
            )
        }
    }
}

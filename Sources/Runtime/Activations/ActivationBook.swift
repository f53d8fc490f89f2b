public import Activations
import EventLog
import FileStore
import Models
import Partition
import Plan

/// What is and was in force in a data directory: its activations, with the definitions that they name, for whoever has
/// the directory's lock.
public final class ActivationBook {
    private let topic: ActivationTopic
    private let shelf: DefinitionShelf
    private let files: DefinitionFiles

    /// Opens the topic, made if it is missing; `loaded` need not be read again.
    init(
        _ store: any FileStore,
        _ reader: any DefinitionReader,
        _ loaded: LoadedDefinitions
    ) throws(RuntimeError) {
        topic = try RuntimeError.activating { () throws(ActivationError) in try ActivationTopic(store: store) }
        files = DefinitionFiles(store: store)
        shelf = DefinitionShelf(store, reader, loaded)
    }

    /// All activations.
    public var history: ActivationHistory { topic.history }

    /// What new events are judged under; nil if nothing has been activated.
    public func current() throws(RuntimeError) -> (activation: Activation, definitions: LoadedDefinitions)? {
        guard let activation = history.current else { return nil }
        return (activation, try shelf.definitions(of: activation))
    }

    /// What holds from the log's start on.
    func first() throws(RuntimeError) -> LoadedDefinitions? {
        guard let activation = history.inForce.first else { return nil }
        return try shelf.definitions(of: activation)
    }

    /// Makes a record of definitions and keeps all of it, durable on return: from now on they are in force.
    ///
    /// - Parameters:
    ///   - definitions: What is to hold.
    ///   - kind: From when on.
    ///   - offsets: By partition, the first event that they are for.
    ///   - note: Who wants it, when and why.
    /// - Returns: The record.
    /// - Throws: ``RuntimeError``; if it is no damage, nothing has changed.
    func add(
        _ definitions: LoadedDefinitions,
        _ kind: Activation.Kind,
        offsets: [Int: Int64],
        _ note: ActivationNote
    ) throws(RuntimeError) -> Activation {
        try RuntimeError.activating { () throws(ActivationError) in
            let activation = Activation(
                number: history.nextNumber,
                kind: kind,
                atMilliseconds: note.atMilliseconds,
                author: note.author,
                note: note.words,
                pipeline: definitions.plan.name,
                pipelineFile: try files.keep(pipeline: definitions.file),
                pipelineIdentity: definitions.identity.pipeline,
                models: try keep(definitions.modelFiles),
                offsets: offsets,
                detectors: definitions.detectors
            )
            try topic.append(activation)
            return activation
        }
    }

    private func keep(_ models: [String: [UInt8]]) throws(ActivationError) -> [String: String] {
        var hashes: [String: String] = [:]
        for (name, bytes) in models { hashes[name] = try files.keep(model: bytes) }
        return hashes
    }

    /// What holds in each partition from which offset on.
    func schedules(partitions: Int) throws(RuntimeError) -> [DefinitionSchedule] {
        try shelf.schedules(history, partitions: partitions)
    }

    /// Completes the topic's files.
    func close() throws(RuntimeError) {
        try RuntimeError.activating { () throws(ActivationError) in try topic.close() }
    }
}

/// Who puts something in force, and why.
public struct ActivationNote: Sendable, Equatable {
    public var author: String
    public var words: String
    /// By the wall clock: no result depends on it.
    public var atMilliseconds: Int64

    /// Who, why, and when by the wall clock.
    public init(author: String, words: String, atMilliseconds: Int64) {
        (self.author, self.words, self.atMilliseconds) = (author, words, atMilliseconds)
    }
}

extension LoadedDefinitions {
    /// The detectors as an activation lists them.
    var detectors: [Activation.Detector] {
        var hasher = PartHasher(plan)
        return plan.detectors.indices.map { index in
            let model = bindings[index]
            let hash = hasher.alerts(of: index, model: model?.id, inputs: model?.features)
            return Activation.Detector(
                name: plan.detectors[index].name,
                version: String(hash.prefix(12)),
                mode: .active,
                model: model?.id
            )
        }
    }

    /// Whether an activation has put the very same in force.
    public func isSame(as activation: Activation) -> Bool {
        activation.pipelineIdentity == identity.pipeline
            && activation.models == modelHashes
    }
}

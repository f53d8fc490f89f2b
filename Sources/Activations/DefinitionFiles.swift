import Base
public import FileStore

/// The pipelines and models that activations name: files that are known by the hash of their bytes and never change.
///
/// Calls that keep something are one thread's at a time.
public struct DefinitionFiles: Sendable {
    public static let directory = "definitions"

    private enum Kind: CaseIterable {
        case pipeline, model

        var folder: String {
            DefinitionFiles.directory + (self == .pipeline ? "/pipelines" : "/models")
        }

        func file(_ hash: String) -> String {
            folder + "/" + hash + (self == .pipeline ? ".yaml" : ".json")
        }
    }

    /// No definition is larger.
    private static let bytesMax = 1 << 31

    private let store: any FileStore

    /// Touches nothing: the folders are made when something is kept.
    public init(store: any FileStore) {
        self.store = store
    }

    /// Keeps a pipeline's file, durable on return.
    ///
    /// - Returns: The hash that it is known by.
    /// - Throws: ``ActivationError/file(_:)``
    public func keep(pipeline bytes: [UInt8]) throws(ActivationError) -> String { try keep(bytes, .pipeline) }

    /// Keeps a model's file, durable on return.
    ///
    /// - Returns: The hash that it is known by.
    /// - Throws: ``ActivationError/file(_:)``
    public func keep(model bytes: [UInt8]) throws(ActivationError) -> String { try keep(bytes, .model) }

    /// The bytes of a pipeline's file.
    ///
    /// - Throws: ``ActivationError/missingDefinition(file:)``, ``ActivationError/damagedDefinition(file:)``; what the
    ///   disk says.
    public func pipeline(_ hash: String) throws(ActivationError) -> [UInt8] { try read(hash, .pipeline) }

    /// The bytes of a model's file.
    ///
    /// - Throws: ``ActivationError/missingDefinition(file:)``, ``ActivationError/damagedDefinition(file:)``; what the
    ///   disk says.
    public func model(_ hash: String) throws(ActivationError) -> [UInt8] { try read(hash, .model) }

    /// What is wrong with the definitions that some activations name: each file once.
    ///
    /// - Throws: What the disk says.
    public func faults(of activations: [Activation]) throws(ActivationError) -> [ActivationError] {
        var faults: [ActivationError] = []
        for (hash, kind) in Self.named(activations) {
            do throws(ActivationError) { _ = try read(hash, kind) } catch {
                guard error.isDamage else { throw error }
                faults.append(error)
            }
        }
        return faults
    }

    /// How many files some activations name.
    public static func count(of activations: [Activation]) -> (pipelines: Int, models: Int) {
        let named = Self.named(activations)
        let models = named.count { $0.kind == .model }
        return (named.count - models, models)
    }

    /// Refuses an activation of which something is not kept.
    func checkKept(_ activation: Activation) throws(ActivationError) {
        for (hash, kind) in Self.named([activation]) {
            let file = kind.file(hash)
            let size = try ActivationError.files { () throws(FileError) in try store.size(of: file) }
            guard size != nil else { throw .missingDefinition(file: file) }
        }
    }

    private static func named(_ activations: [Activation]) -> [(hash: String, kind: Kind)] {
        let pipelines = Set(activations.map(\.pipelineFile)).sorted().map { ($0, Kind.pipeline) }
        return pipelines + Set(activations.flatMap { $0.models.values }).sorted().map { ($0, Kind.model) }
    }

    private func keep(_ bytes: [UInt8], _ kind: Kind) throws(ActivationError) -> String {
        let hash = SHA256.hexadecimal(of: bytes)
        let file = kind.file(hash)
        try ActivationError.files { () throws(FileError) in
            try store.createDirectory(kind.folder)
            // One that is damaged is put right: there is only one content that it can have.
            if try isThere(file, bytes) { try store.sync(file) } else { try store.replace(file, with: bytes) }
            // Whoever has made a file or a folder before may have ended before it was durable.
            for folder in [kind.folder, Self.directory, ""] { try store.syncDirectory(folder) }
        }
        return hash
    }

    private func isThere(_ file: String, _ bytes: [UInt8]) throws(FileError) -> Bool {
        guard try store.size(of: file) == bytes.count else { return false }
        return try store.contents(of: file, max: Self.bytesMax) == bytes
    }

    private func read(_ hash: String, _ kind: Kind) throws(ActivationError) -> [UInt8] {
        let file = kind.file(hash)
        // A name that is no hash leads to no file of ours.
        guard Activation.isHash(hash) else { throw .missingDefinition(file: file) }
        let bytes = try ActivationError.files { () throws(FileError) in
            try store.contents(of: file, max: Self.bytesMax)
        }
        guard let bytes else { throw .missingDefinition(file: file) }
        guard SHA256.hexadecimal(of: bytes) == hash else { throw .damagedDefinition(file: file) }
        return bytes
    }
}

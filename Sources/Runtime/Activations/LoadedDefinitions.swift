public import AlertStore
import Base
public import Models
public import Partition
public import Plan

/// A pipeline and its models as a person names them: read, checked, and tied to one another.
public struct LoadedDefinitions: Sendable {
    public let plan: PipelinePlan
    /// By the detector's position in the plan.
    public let bindings: [Int: ModelBinding]
    /// The models, as the alerts file lists them.
    public let records: [ModelRecord]
    /// The pipeline's file, as it was written.
    public let file: [UInt8]
    /// The models' files, by the names that detectors have for them.
    public let modelFiles: [String: [UInt8]]
    /// The hashes of the models' files, by the same names.
    public let modelHashes: [String: String]
    /// What the plan's parts are known by.
    public let identity: PlanIdentity

    public init(
        plan: PipelinePlan,
        bindings: [Int: ModelBinding],
        records: [ModelRecord],
        file: [UInt8],
        modelFiles: [String: [UInt8]]
    ) {
        self.plan = plan
        self.bindings = bindings
        self.records = records
        self.file = file
        self.modelFiles = modelFiles
        modelHashes = modelFiles.mapValues { SHA256.hexadecimal(of: $0) }
        identity = plan.identity
    }

    /// The models' ids, one behind the other in the order of the detectors; nil without any.
    public var modelID: String? { records.isEmpty ? nil : records.map(\.id).joined(separator: " ") }

    /// The same under the number of an activation.
    public func definitions(_ activation: Int) -> Definitions {
        Definitions(activation: activation, plan: plan, models: bindings)
    }
}

/// Reads definitions again from the files that a data directory keeps of them. Who knows pipeline files and models does
/// that; what runs them does not.
public protocol DefinitionReader: Sendable {
    /// - Parameters:
    ///   - file: The bytes of a pipeline's file.
    ///   - models: The bytes of the models' files, by the names that detectors have for them.
    /// - Returns: The same as when a person named them.
    /// - Throws: ``RuntimeError/plan(_:)`` if this program cannot read what an earlier one has kept.
    func read(_ file: [UInt8], models: [String: [UInt8]]) throws(RuntimeError) -> LoadedDefinitions
}

import Base
public import Bytes
import Forest
import ForestFormats
import Foundation
public import Models
public import Plan

/// A model of another library, renamed, checked and translated into our own format, ready to be taken in.
public struct ModelImport: Sendable {
    /// What its user calls things, where the file does not say it.
    public struct Names: Sendable {
        /// The model.
        public var name: String
        /// In the model's order.
        public var features: [String]?
        public var classes: [String]?
        /// The class that is not fraud.
        public var negative: String?

        public init(name: String, features: [String]?, classes: [String]?, negative: String?) {
            self.name = name
            self.features = features
            self.classes = classes
            self.negative = negative
        }
    }

    /// As it will be read from ``bytes``.
    public let model: ScoringModel
    public let metadata: JSONValue
    /// The model file.
    public let bytes: [UInt8]

    /// - Parameters:
    ///   - source: The model as it was read.
    ///   - file: Where it came from, as messages name it.
    ///   - names: What things are called.
    ///   - plan: The pipeline whose features the model's must be, if there is one.
    /// - Throws: ``LearningError/plan(_:)`` if names, model and pipeline do not fit.
    public init(
        _ source: ModelDirectory,
        file: String,
        names: Names,
        plan: PipelinePlan?
    ) throws(LearningError) {
        let renamed = try Self.renamed(source.model, file, names, plan)
        let origin: [JSONValue.Member] = [
            .init("file", .text(URL(fileURLWithPath: file).lastPathComponent)),
            .init("format", .text(source.format.rawValue)),
            .init("sha256", .text(source.sha256)),
        ]
        var metadata: [JSONValue.Member] = [.init("name", .text(names.name)), .init("source", .object(origin))]
        let negative = try Self.notFraud(among: renamed.classNames, file, names, plan)
        if let negative { metadata.append(.init("negative", .text(negative))) }
        if case .object(let members) = source.metadata {
            metadata += members.filter { member in !metadata.contains { $0.key == member.key } }
        }
        bytes = ImportedModel.encode(renamed, metadata: .object(metadata))
        // What will be read is what is tested.
        let read: ImportedModel
        do throws(ForestError) { read = try ImportedModel(decoding: bytes) } catch { throw .plan(error.description) }
        model = read.model
        self.metadata = read.metadata
        guard var plan else { return }
        try ModelDirectory.nameCategories(of: &plan, by: model, place: file)
        try ModelDirectory.requireNames(plan)
        do throws(ModelError) {
            _ = try ModelBinding(
                id: names.name,
                model: model,
                typical: nil,
                features: plan.features.map(\.name),
                negative: negative ?? ModelDirectory.usualNegative
            )
        } catch {
            throw .plan("\(file): error: \(error.description)")
        }
    }

    /// Writes it as the newest version in a model's folder, unless that is this model already.
    ///
    /// - Returns: The version's folder.
    public func write(into folder: String) throws(LearningError) -> (path: String, isNew: Bool) {
        let versions = ModelDirectory.versions(in: folder)
        if let last = versions.last, FileManager.default.contents(atPath: "\(folder)/\(last)/model.json") == Data(bytes)
        {
            return ("\(folder)/\(last)", false)
        }
        let target = "\(folder)/\((versions.last ?? 0) + 1)"
        try ModelDirectory.write(model, metadata: metadata, bytes: bytes, to: target)
        return (target, true)
    }

    /// The class that is not fraud; nil where the pipeline that will use the model has to say so.
    private static func notFraud(
        among classes: [String],
        _ file: String,
        _ names: Names,
        _ plan: PipelinePlan?
    ) throws(LearningError) -> String? {
        if let negative = names.negative {
            guard classes.contains(negative) else {
                throw .plan("\(file): error: there is no class \(negative) among \(classes.joined(separator: ", "))")
            }
            return negative
        }
        if let known = plan?.labels?.negative { return known }
        if classes.contains(ModelDirectory.usualNegative) { return ModelDirectory.usualNegative }
        return classes.count == 2 ? classes[0] : nil
    }

    private static func renamed(
        _ model: ScoringModel,
        _ file: String,
        _ names: Names,
        _ plan: PipelinePlan?
    ) throws(LearningError) -> ScoringModel {
        var classNames = names.classes
        if classNames == nil, model.classNames == ["0", "1"], let plan {
            classNames = [plan.labels?.negative ?? ModelDirectory.usualNegative, "fraud"]
        }
        do throws(ForestError) {
            return try model.renamed(features: names.features, classes: classNames)
        } catch {
            throw .plan("\(file): error: \(error.description)")
        }
    }
}

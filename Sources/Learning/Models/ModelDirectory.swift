public import AlertStore
import Assets
import Base
public import Bytes
import FileStore
public import Forest
public import ForestFormats
import Foundation
public import Models
public import Plan

/// A model on disk: a folder that is written once and never changed, or the model that is part of the executable.
public struct ModelDirectory: Sendable {
    public let id: String
    public let path: String
    public let model: ScoringModel
    /// What its file says beside the model.
    public let metadata: JSONValue
    public let format: ModelFormat
    /// What a person should know before using it.
    public let notes: [String]
    public let sha256: String
    /// The file's bytes.
    public let bytes: [UInt8]

    /// Writes a new folder: `model.json`, and `card.json` with everything but the trees, to read and to diff.
    ///
    /// The folder appears under its name only when all of it is there.
    public static func write(
        _ model: ScoringModel,
        metadata: JSONValue,
        bytes: [UInt8],
        to path: String
    ) throws(LearningError) {
        var card: [UInt8] = []
        JSONValue.object([
            .init("features", .list(model.featureNames.map { .text($0) })),
            .init("classes", .list(model.classNames.map { .text($0) })),
            .init("model_sha256", .text(SHA256.hexadecimal(of: bytes))),
            .init("metadata", metadata),
        ]).write(into: &card)
        card.append(0x0A)
        let draft = scratchPath(for: path, ".new-\(ProcessInfo.processInfo.processIdentifier)")
        do {
            try FileManager.default.createDirectory(atPath: draft, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: draft + "/model.json"))
            try Data(card).write(to: URL(fileURLWithPath: draft + "/card.json"))
            try FileManager.default.moveItem(atPath: draft, toPath: path)
        } catch {
            throw .storage("cannot write the model to \(path): \(error.localizedDescription)")
        }
    }

    /// Reads a model file of any supported format, a model's folder, or a folder of its versions, of which the newest
    /// is taken; without a path the built-in model of that name.
    ///
    /// - Parameters:
    ///   - path: A file or folder.
    ///   - name: What the model is called.
    ///   - upToBest: Only the trees up to the iteration that training noted as its best.
    /// - Returns: The model, checked.
    /// - Throws: ``LearningError/plan(_:)`` if there is none, or none that can be used.
    public static func load(
        _ path: String?,
        name: String,
        upToBest: Bool = false
    ) throws(LearningError) -> ModelDirectory {
        let bytes: [UInt8]
        var place = path ?? "built-in model \(name)"
        if let path {
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            if isFolder.boolValue {
                let version = versions(in: path).last.map { "/\($0)" } ?? ""
                place = path + version + "/model.json"
            }
            guard exists, let data = FileManager.default.contents(atPath: place) else {
                throw .plan("\(place): error: there is no such model; train one with `patternalarm train`")
            }
            bytes = Array(data)
        } else {
            guard let asset = Assets.bytes("models/\(name).json") else {
                throw .plan(
                    "there is no built-in model \"\(name)\": train one with `patternalarm train`, then use --model"
                )
            }
            bytes = asset
        }
        return try decode(bytes, name: name, place: place, upToBest: upToBest)
    }

    /// Reads the bytes of a model's file; `place` is what mistakes in it are told of.
    public static func decode(
        _ bytes: [UInt8],
        name: String,
        place: String,
        upToBest: Bool = false
    ) throws(LearningError) -> ModelDirectory {
        do throws(ForestError) {
            let model = try ImportedModel(decoding: bytes, upToBest: upToBest)
            let sha256 = SHA256.hexadecimal(of: bytes)
            return ModelDirectory(
                id: "\(name)@\(sha256.prefix(12))",
                path: place,
                model: model.model,
                metadata: model.metadata,
                format: model.format,
                notes: model.notes,
                sha256: sha256,
                bytes: bytes
            )
        } catch {
            throw .plan("\(place): error: \(error.description)")
        }
    }

    /// The versions in a model's folder, ascending: folders whose names are numbers.
    public static func versions(in path: String) -> [Int] {
        let names = FileManager.default.enumerator(atPath: path)
        names?.skipDescendants()
        var versions: [Int] = []
        while let name = names?.nextObject() as? String {
            names?.skipDescendants()
            if let version = Int(name), version > 0, String(version) == name { versions.append(version) }
        }
        return versions.sorted()
    }

    /// What is not fraud is called so where neither the pipeline nor the model says it.
    public static let usualNegative = "regular"

    /// Ties the models that a plan's detectors name to its features, and gives its categories the models' names: the
    /// one at a path for all of them, or the built-in ones.
    public static func bind(
        _ plan: inout PipelinePlan,
        path: String?
    ) throws(LearningError) -> (
        bindings: [Int: ModelBinding], models: [ModelDirectory]
    ) {
        try bind(&plan) { name, detector, plan throws(LearningError) in
            try load(path, name: name, of: detector, plan)
        }
    }

    /// Reads the model of a detector; without a path it is the built-in one.
    public static func load(
        _ path: String?,
        name: String,
        of detector: Detector,
        _ plan: PipelinePlan
    ) throws(LearningError) -> ModelDirectory {
        guard path != nil || isBuiltIn(name) else { throw .plan(missing(name, of: detector, plan)) }
        return try load(path, name: name)
    }

    /// The same with the models that a body finds for the names that detectors have for them.
    public static func bind(
        _ plan: inout PipelinePlan,
        _ find: (String, Detector, PipelinePlan) throws(LearningError) -> ModelDirectory
    ) throws(LearningError) -> (
        bindings: [Int: ModelBinding], models: [ModelDirectory]
    ) {
        var bindings: [Int: ModelBinding] = [:]
        var models: [ModelDirectory] = []
        for (index, detector) in plan.detectors.enumerated() {
            guard case .model(let name, _, _) = detector.kind else { continue }
            let model = try find(name, detector, plan)
            try nameCategories(of: &plan, by: model.model, place: model.path)
            let negative = plan.labels?.negative ?? model.metadata["negative"]?.text ?? usualNegative
            do throws(ModelError) {
                bindings[index] = try ModelBinding(
                    id: model.id,
                    model: model.model,
                    typical: model.typical,
                    features: plan.features.map(\.name),
                    negative: negative
                )
            } catch {
                throw .plan("\(model.path): error: \(error.description)")
            }
            models.append(model)
        }
        try requireNames(plan)
        return (bindings, models)
    }

    /// Ties a model to a plan's features, to judge it alone: the one at a path, else that of the plan's first model
    /// detector.
    public static func judged(
        of plan: inout PipelinePlan,
        path: String?,
        negative: String
    ) throws(LearningError) -> ModelBinding {
        var name = plan.name
        for detector in plan.detectors.reversed() { if case .model(let model, _, _) = detector.kind { name = model } }
        let model = try load(path, name: name)
        try nameCategories(of: &plan, by: model.model, place: model.path)
        try requireNames(plan)
        do throws(ModelError) {
            return try ModelBinding(
                id: model.id,
                model: model.model,
                typical: nil,
                features: plan.features.map(\.name),
                negative: negative
            )
        } catch {
            throw .plan("\(model.path): error: \(error.description)")
        }
    }

    /// Gives the features that are `category(x)` without a list the names that a model has for them.
    public static func nameCategories(
        of plan: inout PipelinePlan,
        by model: ScoringModel,
        place: String
    ) throws(LearningError) {
        for (index, name) in model.featureNames.enumerated() {
            guard let names = model.categories[index],
                let feature = plan.features.firstIndex(where: { $0.name == name })
            else { continue }
            guard plan.name(category: feature, names.names, areNumbers: names.areNumbers) else {
                throw .plan(
                    "\(place): error: the categories of \(name) are texts (\(names.names.prefix(3).joined(separator: ", "))), "
                        + "but the pipeline's feature \(name) is the category of a number"
                )
            }
        }
    }

    /// Refuses a plan with categories that no model has names for.
    public static func requireNames(_ plan: PipelinePlan) throws(LearningError) {
        guard let open = plan.openCategories.first else { return }
        let feature = plan.features[open]
        let words = plan.words(feature.expression).dropLast()
        throw .plan(
            "the pipeline \(plan.name): error: the feature \(feature.name) is \(words)) without a list, and no model has "
                + "names for its categories; write them: \(words), \"a\", \"b\")"
        )
    }

    private static func isBuiltIn(_ name: String) -> Bool { Assets.bytes("models/\(name).json") != nil }

    /// Says where the pipeline names the model, as every mistake in it is told.
    private static func missing(_ name: String, of detector: Detector, _ plan: PipelinePlan) -> String {
        let known = Assets.names("models/", suffix: ".json")
        return Diagnostic(
            file: plan.file.isEmpty ? plan.name : plan.file,
            position: detector.position ?? SourcePosition(line: 1, column: 1),
            message:
                "there is no built-in model \"\(name)\": name a trained one with --model (`patternalarm train` makes it)",
            suggestion: closestName(to: name, among: known)
        ).description
    }

    /// The model, for what needs a forest alone.
    public func forest() throws(LearningError) -> ForestModel {
        guard case .forest(let forest) = model else {
            throw .plan("\(path): error: it is a graph of operators around trees, not a forest alone")
        }
        return forest
    }

    private var typical: [Double]? {
        let count = model.featureNames.count
        switch metadata["typical"] {
        case .numbers(let numbers) where numbers.count == count: return numbers
        case .list(let values) where values.count == count: return values.map { $0.number ?? .nan }
        default: return nil
        }
    }
}

extension ModelDirectory {
    /// As the alerts file notes it.
    public var record: ModelRecord {
        var metadata: [UInt8] = []
        self.metadata.write(into: &metadata)
        return ModelRecord(
            id: id,
            name: String(id.prefix { $0 != "@" }),
            sha256: sha256,
            classes: model.classNames.joined(separator: ", "),
            features: model.featureNames.joined(separator: ", "),
            metadata: String(decoding: metadata, as: UTF8.self)
        )
    }
}

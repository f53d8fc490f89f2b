import Base
import Bytes
import EventLog

/// A record's bytes: one JSON object. Its members are in a fixed order, and the members of `models` and `offsets` are
/// sorted, so that the same activation has the same bytes. Numbers of 64 bits are texts: a JSON number holds 53. A
/// reader passes over members that it does not know; a change that it must not pass over gets another `format`.
extension Activation {
    /// The format that this program writes, and the last that it reads.
    public static let format = 1
    /// No record is larger.
    public static let bytesMax = 1 << 20
    /// What a JSON number holds exactly.
    private static let numberMax = 1 << 53

    /// The record's bytes.
    public var encoded: [UInt8] {
        var out: [UInt8] = []
        JSONValue.object([
            .init("format", .number(Double(Self.format))),
            .init("number", .number(Double(number))),
            .init("kind", .text(kind.rawValue)),
            .init("at", .text(String(atMilliseconds))),
            .init("author", .text(author)),
            .init("note", .text(note)),
            .init("pipeline", .text(pipeline)),
            .init("pipeline_file", .text(pipelineFile)),
            .init("pipeline_identity", .text(pipelineIdentity)),
            .init("models", .object(sortedModels.map { .init($0.key, .text($0.value)) })),
            .init("offsets", .object(sortedOffsets.map { .init(String($0.key), .text(String($0.value))) })),
            .init("detectors", .list(detectors.map(\.value))),
        ]).write(into: &out)
        return out
    }

    /// By the bytes of their names: what a character is changes with versions of Unicode.
    private var sortedModels: [(key: String, value: String)] {
        models.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    private var sortedOffsets: [(key: Int, value: Int64)] { offsets.sorted { $0.key < $1.key } }

    /// Reads a record's bytes.
    ///
    /// - Throws: ``ActivationError/malformed(_:)`` for what is no activation; ``ActivationError/newer(format:)``.
    public init(_ bytes: [UInt8]) throws(ActivationError) {
        guard bytes.count <= Self.bytesMax else { throw .malformed("it has more than \(Self.bytesMax) bytes") }
        guard bytes.withUnsafeBufferPointer({ UTF8Check.isValid($0) }) else { throw .malformed("it is no text") }
        let value: JSONValue
        do throws(JSONFault) { value = try JSONValue.parse(bytes) } catch {
            throw .malformed("it is no JSON (byte \(error.position))")
        }
        let members = Members(value)
        let format = try members.whole("format", 1...Self.numberMax)
        guard format <= Self.format else { throw .newer(format: format) }
        let kind = try members.text("kind")
        guard let kind = Kind(rawValue: kind) else { throw .malformed("\"kind\" is neither begin nor activate") }
        self.init(
            number: try members.whole("number", 1...Self.numberMax),
            kind: kind,
            atMilliseconds: try members.integer("at", Int64.min...Int64.max),
            author: try members.text("author"),
            note: try members.text("note"),
            pipeline: try members.text("pipeline", isNeeded: true),
            pipelineFile: try members.hash("pipeline_file"),
            pipelineIdentity: try members.hash("pipeline_identity"),
            models: try Self.models(try members.object("models")),
            offsets: try Self.offsets(try members.object("offsets")),
            detectors: try Self.detectors(members.value["detectors"])
        )
    }

    private static func models(_ members: Members) throws(ActivationError) -> [String: String] {
        var found: [String: String] = [:]
        for name in members.names {
            guard !name.isEmpty else { throw .malformed("a model has no name") }
            guard found.updateValue(try members.hash(name), forKey: name) == nil else {
                throw .malformed("a model is named twice")
            }
        }
        return found
    }

    private static func offsets(_ members: Members) throws(ActivationError) -> [Int: Int64] {
        var found: [Int: Int64] = [:]
        for name in members.names {
            guard let partition = Int(name), (0...Int(Int32.max)).contains(partition), name == String(partition) else {
                throw .malformed("\"offsets\" names no partition")
            }
            let offset = try members.integer(name, 0...LogLimits.offset)
            guard found.updateValue(offset, forKey: partition) == nil else {
                throw .malformed("a partition is named twice")
            }
        }
        return found
    }

    private static func detectors(_ value: JSONValue?) throws(ActivationError) -> [Detector] {
        let items: [JSONValue]
        switch value {
        case .list(let values): items = values
        case .numbers(let numbers) where numbers.isEmpty: items = []
        default: throw .malformed("\"detectors\" is not a list")
        }
        var found: [Detector] = []
        found.reserveCapacity(items.count)
        for item in items {
            let members = Members(item)
            guard let mode = Detector.Mode(rawValue: try members.text("mode")) else {
                throw .malformed("a detector's mode is neither active, shadow nor off")
            }
            found.append(
                Detector(
                    name: try members.text("name", isNeeded: true),
                    version: try members.text("version"),
                    mode: mode,
                    model: members.value["model"] == nil ? nil : try members.text("model")
                )
            )
        }
        return found
    }
}

extension Activation.Detector {
    fileprivate var value: JSONValue {
        var members: [JSONValue.Member] = [
            .init("name", .text(name)), .init("version", .text(version)), .init("mode", .text(mode.rawValue)),
        ]
        if let model { members.append(.init("model", .text(model))) }
        return .object(members)
    }
}

/// The members of a JSON object, each of which must be what is asked for.
private struct Members {
    let value: JSONValue

    init(_ value: JSONValue) { self.value = value }

    var names: [String] {
        if case .object(let members) = value { members.map(\.key) } else { [] }
    }

    func text(_ name: String, isNeeded: Bool = false) throws(ActivationError) -> String {
        guard let text = value[name]?.text else { throw .malformed("\"\(name)\" is not there, or no text") }
        guard !isNeeded || !text.isEmpty else { throw .malformed("\"\(name)\" is empty") }
        return text
    }

    func whole(_ name: String, _ range: ClosedRange<Int>) throws(ActivationError) -> Int {
        guard let number = value[name]?.number.flatMap({ Int(exactly: $0) }), range.contains(number) else {
            throw .malformed("\"\(name)\" is not there, or no number that it can have")
        }
        return number
    }

    func integer(_ name: String, _ range: ClosedRange<Int64>) throws(ActivationError) -> Int64 {
        guard let number = Int64(try text(name)), range.contains(number) else {
            throw .malformed("\"\(name)\" is no number that it can have")
        }
        return number
    }

    func hash(_ name: String) throws(ActivationError) -> String {
        let text = try text(name)
        guard Activation.isHash(text) else { throw .malformed("\"\(name)\" is no hash") }
        return text
    }

    func object(_ name: String) throws(ActivationError) -> Members {
        guard let found = value[name], case .object = found else {
            throw .malformed("\"\(name)\" is not there, or no object")
        }
        return Members(found)
    }
}

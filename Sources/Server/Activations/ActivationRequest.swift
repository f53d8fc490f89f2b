import Bytes
public import Foundation

/// What a client asks to be put in force: a whole pipeline file, and models by the hashes that the data directory keeps
/// them under.
public struct ActivationRequest: Sendable, Equatable {
    /// The file's text; nil = the pipeline stays.
    public var pipeline: String?
    /// By the names that detectors have for them; what is not named stays as it is in force.
    public var models: [String: String] = [:]
    public var author: String?
    public var note: String?
    /// Instead of all these: the number of an activation that is to be in force again.
    public var rollback: Int?
    /// Whether the body is the pipeline's file itself.
    package var isPlain = false

    /// A request for a pipeline and its models.
    public init(pipeline: String, models: [String: String], author: String, note: String) {
        (self.pipeline, self.models, self.author, self.note) = (pipeline, models, author, note.isEmpty ? nil : note)
    }

    init(pipeline: String?, models: [String: String], author: String?, note: String?, rollback: Int?) {
        (self.pipeline, self.models, self.author) = (pipeline, models, author)
        (self.note, self.rollback) = (note, rollback)
    }

    /// The body of a request.
    public var encoded: [UInt8] {
        var members: [JSONValue.Member] = []
        if let pipeline { members.append(.init("pipeline", .text(pipeline))) }
        if !models.isEmpty {
            let sorted = models.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            members.append(.init("models", .object(sorted.map { .init($0.key, .text($0.value)) })))
        }
        if let author { members.append(.init("author", .text(author))) }
        if let note { members.append(.init("note", .text(note))) }
        if let rollback { members.append(.init("rollback", .number(Double(rollback)))) }
        var out: [UInt8] = []
        JSONValue.object(members).write(into: &out)
        return out
    }

    /// What an answer says, for a person: what has come of it, or all that is wrong.
    public static func words(of answer: Data) -> String {
        let value: JSONValue
        do throws(JSONFault) { value = try JSONValue.parse(Array(answer)) } catch {
            return String(decoding: answer.prefix(1000), as: UTF8.self)
        }
        if let words = value["words"]?.text { return words }
        var lines = [value["detail"]?.text ?? value["title"]?.text ?? ""]
        if case .list(let errors) = value["errors"] { lines += errors.compactMap(Self.words) }
        return lines.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    /// A mistake, with its place if that is one in a file.
    private static func words(of mistake: JSONValue) -> String? {
        guard let detail = mistake["detail"]?.text else { return nil }
        guard let line = mistake["line"]?.number, let column = mistake["column"]?.number else { return detail }
        return "\(Int(line)):\(Int(column)): \(detail)"
    }
}

import Activations
import Bytes
import HTTPTypes

extension ActivationRequest {
    /// Bytes of a pipeline's file at most.
    package static let pipelineMax = 1 << 20
    private static let modelsMax = 64

    /// The body of `POST /activations`, as JSON.
    ///
    /// - Throws: ``Problem`` with everything that is wrong.
    package init(_ body: JSONValue) throws(Problem) {
        var reader = try ObjectReader(body, known: ["pipeline", "models", "author", "note", "rollback"])
        let pipeline = Self.pipeline(body["pipeline"], &reader)
        let models = Self.models(body["models"], &reader)
        self.init(
            pipeline: pipeline,
            models: models,
            author: reader.text("author", limit: TriageRequest.nameLimit),
            note: reader.text("note", limit: TriageRequest.noteLimit, hasLines: true),
            rollback: reader.integer("rollback", in: 1...Int(Int32.max))
        )
        if rollback != nil, reader.has("pipeline") || reader.has("models") {
            reader.refuse("rollback", "stands alone: the activation says which pipeline and which models")
        }
        try reader.finish()
        guard pipeline != nil || !models.isEmpty || rollback != nil else {
            throw Problem(.badRequest, "name at least one of pipeline, models and rollback")
        }
        try Self.checkSize(pipeline?.utf8.count ?? 0)
    }

    /// A body that is a pipeline's file itself.
    ///
    /// - Parameters:
    ///   - file: The body.
    ///   - query: What the address says beside it.
    /// - Throws: ``Problem`` with everything that is wrong.
    package init(file: [UInt8], _ query: QueryParameters) throws(Problem) {
        var query = query
        let author = query.text("author", limit: TriageRequest.nameLimit)
        let note = query.text("note", limit: Self.addressNoteLimit)
        try query.finish()
        try Self.checkSize(file.count)
        try RequestBody.check(file)
        // Editors may put a mark in front.
        let text = file.starts(with: [0xEF, 0xBB, 0xBF]) ? file.dropFirst(3) : file[...]
        self.init(
            pipeline: String(decoding: text, as: UTF8.self),
            models: [:],
            author: author,
            note: note,
            rollback: nil
        )
        isPlain = true
    }

    /// Characters of a note in an address: with the longest name beside it, each character in its longest spelling
    /// (four bytes, percent-encoded), it stays below ``RequestHead/targetMax``.
    package static let addressNoteLimit = 400

    private static func checkSize(_ count: Int) throws(Problem) {
        guard count <= pipelineMax else {
            throw Problem(.contentTooLarge, "the pipeline has more than \(pipelineMax) bytes")
        }
    }

    private static func pipeline(_ value: JSONValue?, _ reader: inout ObjectReader) -> String? {
        guard let value else { return nil }
        guard let text = value.text, !text.isEmpty else {
            reader.refuse("pipeline", "is not the text of a pipeline's file")
            return nil
        }
        return text
    }

    private static func models(_ value: JSONValue?, _ reader: inout ObjectReader) -> [String: String] {
        guard let value else { return [:] }
        guard case .object(let members) = value, members.count <= modelsMax else {
            reader.refuse("models", "is not an object of \(modelsMax) models at most")
            return [:]
        }
        var models: [String: String] = [:]
        for member in members {
            guard let hash = member.value.text, Activation.isHash(hash) else {
                let words = "is not the hash of a model's file: 64 lower-case hexadecimal digits"
                reader.refuse("models/" + RequestBody.escaped(member.key), words)
                continue
            }
            models[member.key] = hash
        }
        return models
    }
}

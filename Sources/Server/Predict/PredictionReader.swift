import HTTPTypes
import Plan

/// One actor whose events are to be judged.
package struct PredictionRequest {
    package var actorID: String
    package var requestID: String?
    /// The transactions as events of the pipeline's schema.
    package var events: [ArraySlice<UInt8>]
}

/// Reads the bodies of `/predict` and `/predict/batch`. A transaction's bytes go on as they came, so that they mean
/// what they would mean in the stream; only the request's actor and domain are put in where a transaction lacks them.
package struct PredictionReader {
    /// Keys of a transaction that the request's `actor_id` and `domain` fill.
    private let actorKey: String?
    private let domainKey: String?

    static let actorsMax = 1000
    private static let nameLimit = 500
    private static let keys = ["actor_id", "domain", "transactions", "request_id"]

    package init(_ plan: PipelinePlan) {
        func key(_ name: String) -> String? {
            guard let index = plan.schema.index(of: name) else { return nil }
            let field = plan.schema.fields[index]
            return field.isList || field.path.contains(".") ? nil : field.path
        }
        actorKey = key("actor_id")
        domainKey = key("domain")
    }

    /// The body of `/predict`.
    package func single(_ bytes: [UInt8]) throws(Problem) -> PredictionRequest {
        let outline = try JSONOutline(bytes)
        return try read(outline, outline.whole)
    }

    /// An actor of `/predict/batch`: what is wrong with one does not touch the others.
    package typealias Item = (actorID: String?, requestID: String?, request: Result<PredictionRequest, Problem>)

    /// The body of `/predict/batch`.
    package func batch(_ bytes: [UInt8]) throws(Problem) -> [Item] {
        let outline = try JSONOutline(bytes)
        let members = try Self.members(outline, outline.whole, known: ["predictions", "request_id"])
        if let id = members["request_id"], !outline.isNull(id) { _ = try Self.name(outline, id, "request_id") }
        guard let list = members["predictions"], let elements = outline.elements(of: list) else {
            throw Self.refused("/predictions", members["predictions"] == nil ? "is missing" : "is not a list")
        }
        guard (1...Self.actorsMax).contains(elements.count) else {
            throw Self.refused("/predictions", "has \(elements.count) actors, not 1 to \(Self.actorsMax)")
        }
        return elements.map { element in
            let members = outline.members(of: element) ?? []
            func text(_ key: String) -> String? {
                members.first { $0.key == key }.flatMap { outline.text($0.value) }
            }
            do throws(Problem) {
                let request = try read(outline, element)
                return (request.actorID, request.requestID, .success(request))
            } catch {
                return (text("actor_id"), text("request_id"), .failure(error))
            }
        }
    }

    private func read(_ outline: JSONOutline, _ range: Range<Int>) throws(Problem) -> PredictionRequest {
        let members = try Self.members(outline, range, known: Self.keys)
        guard let actor = members["actor_id"] else { throw Self.refused("/actor_id", "is missing") }
        let actorID = try Self.name(outline, actor, "actor_id")
        let domain = members["domain"].flatMap { outline.isNull($0) ? nil : $0 }
        if let domain { _ = try Self.name(outline, domain, "domain") }
        var requestID: String?
        if let id = members["request_id"], !outline.isNull(id) {
            requestID = try Self.name(outline, id, "request_id")
        }
        guard let list = members["transactions"] else { throw Self.refused("/transactions", "is missing") }
        guard let elements = outline.elements(of: list) else { throw Self.refused("/transactions", "is not a list") }
        guard !elements.isEmpty else { throw Self.refused("/transactions", "is empty") }
        var fillings: [(key: String, value: Range<Int>)] = []
        if let actorKey { fillings.append((actorKey, actor)) }
        if let domainKey, let domain { fillings.append((domainKey, domain)) }
        var events: [ArraySlice<UInt8>] = []
        events.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            events.append(try event(outline, element, index, fillings))
        }
        return PredictionRequest(actorID: actorID, requestID: requestID, events: events)
    }

    /// A transaction's bytes, with what it lacks.
    private func event(
        _ outline: JSONOutline,
        _ range: Range<Int>,
        _ index: Int,
        _ fillings: [(key: String, value: Range<Int>)]
    ) throws(Problem) -> ArraySlice<UInt8> {
        let pointer = "/transactions/\(index)"
        guard let members = outline.members(of: range) else { throw Self.refused(pointer, "is not an object") }
        if let key = Self.repeated(members) {
            throw Self.refused(pointer + "/" + RequestBody.escaped(key), "occurs twice")
        }
        let lacking = fillings.filter { filling in
            members.first { $0.key == filling.key }.map { outline.isNull($0.value) } ?? true
        }
        guard !lacking.isEmpty else { return outline.bytes[range] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count + 128)
        func append(_ part: some Sequence<UInt8>) {
            bytes.append(bytes.isEmpty ? 0x7B : 0x2C)
            bytes.append(contentsOf: part)
        }
        for filling in lacking {
            append("\"\(filling.key)\":".utf8)
            bytes.append(contentsOf: outline.bytes[filling.value])
        }
        for member in members where !lacking.contains(where: { $0.key == member.key }) {
            append(outline.bytes[member.whole])
        }
        bytes.append(0x7D)
        return bytes[...]
    }

    // MARK: - Parts

    private static func members(
        _ outline: JSONOutline,
        _ range: Range<Int>,
        known: [String]
    ) throws(Problem) -> [String: Range<Int>] {
        guard let members = outline.members(of: range) else { throw refused("", "is not an object") }
        if let key = repeated(members) { throw refused("/" + RequestBody.escaped(key), "occurs twice") }
        var found: [String: Range<Int>] = [:]
        for member in members {
            guard known.contains(member.key) else {
                let detail = "is not known; known are " + known.joined(separator: ", ")
                throw refused("/" + RequestBody.escaped(member.key), detail)
            }
            found[member.key] = member.value
        }
        return found
    }

    private static func name(_ outline: JSONOutline, _ range: Range<Int>, _ key: String) throws(Problem) -> String {
        guard let text = outline.text(range) else { throw refused("/" + key, "is not a text") }
        guard !text.isEmpty, text.unicodeScalars.count <= nameLimit else {
            throw refused("/" + key, text.isEmpty ? "is empty" : "has more than \(nameLimit) characters")
        }
        guard !text.unicodeScalars.contains(where: ObjectReader.Text.isControl) else {
            throw refused("/" + key, "has control characters")
        }
        return text
    }

    /// A key that an object has twice.
    private static func repeated(_ members: [JSONOutline.Member]) -> String? {
        guard members.count > 24 else {
            for (index, member) in members.enumerated() {
                if members[..<index].contains(where: { $0.key == member.key }) { return member.key }
            }
            return nil
        }
        var seen: Set<String> = []
        return members.first { !seen.insert($0.key).inserted }?.key
    }

    private static func refused(_ pointer: String, _ detail: String) -> Problem {
        Problem(.badRequest, errors: [.init(pointer: pointer, detail: detail)])
    }
}

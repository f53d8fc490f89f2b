import AlertStore
import Bytes
import HTTPTypes

/// What a person decides about an alert.
package struct TriageRequest: Sendable, Equatable {
    package var status: String?
    package var label: String?
    /// Empty: nobody.
    package var assignee: String?
    package var note: String?
    package var author: String

    static let noteLimit = 10_000
    package static let nameLimit = 200

    /// The body of `PATCH /alerts/{id}`.
    package static func change(_ body: JSONValue) throws(Problem) -> TriageRequest {
        var reader = try ObjectReader(body, known: ["status", "assignee", "note", "author"])
        let status = reader.choice("status", among: AlertQuery.statuses)
        var assignee = reader.text("assignee", limit: nameLimit, allowsNull: true)
        if body["assignee"] == .null { assignee = "" }
        let request = TriageRequest(
            status: status,
            assignee: assignee,
            note: reader.text("note", limit: noteLimit, hasLines: true),
            author: reader.text("author", limit: nameLimit) ?? "api"
        )
        try reader.finish()
        guard request.status != nil || request.assignee != nil || request.note != nil else {
            throw Problem(.badRequest, "name at least one of status, assignee and note")
        }
        return request
    }

    /// The body of `POST /alerts/{id}/label`.
    package static func label(_ body: JSONValue) throws(Problem) -> TriageRequest {
        var reader = try ObjectReader(body, known: ["label", "note", "author"])
        let label = reader.choice("label", among: AlertQuery.labels)
        if !reader.has("label") { reader.refuse("label", "is missing") }
        let request = TriageRequest(
            label: label,
            note: reader.text("note", limit: noteLimit, hasLines: true),
            author: reader.text("author", limit: nameLimit) ?? "api"
        )
        try reader.finish()
        return request
    }

    func record(of id: String, atMilliseconds now: Int64) -> TriageRecord {
        TriageRecord(
            alertID: id,
            atMilliseconds: now,
            author: author,
            status: status,
            label: label,
            assignee: assignee,
            note: note
        )
    }
}

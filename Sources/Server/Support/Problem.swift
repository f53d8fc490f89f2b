import Bytes
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Why a request was not done, as RFC 9457 has it. Says what is wrong with the request, nothing of the program's
/// inside.
package struct Problem: Error, Encodable, HTTPResponseError {
    /// One thing that is wrong, and where.
    package struct Item: Encodable, Sendable {
        /// JSON pointer into the body.
        package var pointer: String?
        /// Name of the query parameter or header.
        package var parameter: String?
        /// The place in a file that the body is or has, both counted from 1.
        package var line: Int?
        package var column: Int?
        package var detail: String

        package init(
            pointer: String? = nil,
            parameter: String? = nil,
            line: Int? = nil,
            column: Int? = nil,
            detail: String
        ) {
            (self.pointer, self.parameter, self.line, self.column) = (pointer, parameter, line, column)
            self.detail = detail
        }
    }

    package var type = "about:blank"
    package var title: String
    package var status: HTTPResponse.Status
    package var detail: String?
    package var errors: [Item]?
    /// Headers that the answer needs, such as Retry-After.
    package var headers: HTTPFields = [:]

    package init(
        _ status: HTTPResponse.Status,
        _ detail: String? = nil,
        errors: [Item]? = nil,
        headers: HTTPFields = [:]
    ) {
        title = status.reasonPhrase
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers
    }

    private enum CodingKeys: String, CodingKey {
        case type, title, status, detail, errors
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type, forKey: .type)
        try container.encode(title, forKey: .title)
        try container.encode(status.code, forKey: .status)
        try container.encodeIfPresent(detail, forKey: .detail)
        try container.encodeIfPresent(errors, forKey: .errors)
    }

    /// The same, as a part of a larger answer.
    var json: JSONValue {
        .object([
            .init("type", .text(type)), .init("title", .text(title)), .init("status", .integer(status.code)),
            .init("detail", .text(detail)),
            .init(
                "errors",
                .list(
                    (errors ?? []).map { item in
                        .object([
                            .init(
                                item.parameter == nil ? "pointer" : "parameter",
                                .text(item.parameter ?? item.pointer)
                            ),
                            .init("detail", .text(item.detail)),
                        ])
                    }
                )
            ),
        ])
    }

    package func response(from request: Request, context: some RequestContext) throws -> Response {
        var response = try Answer.json(self, status: status, type: "application/problem+json")
        for field in headers { response.headers[field.name] = field.value }
        return response
    }
}

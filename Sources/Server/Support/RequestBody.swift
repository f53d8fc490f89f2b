import Bytes
import HTTPTypes
import Hummingbird
import NIOCore

/// Reads JSON that a request carries, strictly: what is not exactly as it should be is refused, and the answer says
/// where.
///
/// The scanner takes RFC 8259 and nothing else (no comments, no comma at the end, no raw control characters); here
/// duplicate keys and invalid UTF-8 are refused, too.
package enum RequestBody {
    /// Bytes at most.
    static let sizeMax = RouteRule.Body().bytesMax

    /// The bytes of a body that says it is JSON.
    static func bytes(of request: Request, limit: Int = sizeMax) async throws -> [UInt8] {
        guard isJSON(request.headers[.contentType]) else {
            throw Problem(.unsupportedMediaType, "send the body as Content-Type: application/json")
        }
        return try await collect(request, limit: limit)
    }

    /// The bytes of a body, whatever it says of itself.
    static func collect(_ request: Request, limit: Int) async throws -> [UInt8] {
        let encoding = request.headers[.contentEncoding]?.lowercased() ?? "identity"
        guard encoding == "identity" else {
            throw Problem(.unsupportedMediaType, "this route takes bodies without a Content-Encoding only")
        }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge(limit) }
        var bytes: [UInt8] = []
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= limit else { throw tooLarge(limit) }
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }

    /// The value that a body holds.
    static func json(of request: Request, limit: Int = sizeMax) async throws -> JSONValue {
        try value(try await bytes(of: request, limit: limit))
    }

    package static func value(_ bytes: [UInt8]) throws(Problem) -> JSONValue {
        try check(bytes)
        let value: JSONValue
        do throws(JSONFault) { value = try JSONValue.parse(bytes) } catch {
            throw Problem(.badRequest, error.words)
        }
        if let pointer = repeatedKey(value, at: "") {
            throw Problem(.badRequest, errors: [.init(pointer: pointer, detail: "occurs twice")])
        }
        return value
    }

    /// Whether there is anything, and in UTF-8.
    static func check(_ bytes: [UInt8]) throws(Problem) {
        guard !bytes.isEmpty else { throw Problem(.badRequest, "the body is empty") }
        guard bytes.withUnsafeBufferPointer({ UTF8Check.isValid($0) }) else {
            throw Problem(.badRequest, "the body is not UTF-8")
        }
    }

    package static func isJSON(_ header: String?) -> Bool {
        guard let header else { return false }
        let parts = header.lowercased().split(separator: ";", omittingEmptySubsequences: false)
            .map { String($0.trimmingSpace) }
        guard parts.first == "application/json" else { return false }
        return parts.dropFirst().allSatisfy { $0 == "charset=utf-8" || $0 == "charset=\"utf-8\"" }
    }

    private static func tooLarge(_ limit: Int) -> Problem {
        Problem(.contentTooLarge, "the body has more than \(limit) bytes")
    }

    /// Where an object names a member twice; nil if none does.
    private static func repeatedKey(_ value: JSONValue, at pointer: String) -> String? {
        switch value {
        case .object(let members):
            var seen: Set<String> = []
            for member in members {
                let place = pointer + "/" + escaped(member.key)
                if !seen.insert(member.key).inserted { return place }
                if let found = repeatedKey(member.value, at: place) { return found }
            }
        case .list(let values):
            for (index, value) in values.enumerated() {
                if let found = repeatedKey(value, at: pointer + "/\(index)") { return found }
            }
        default: break
        }
        return nil
    }

    /// A key as a part of a JSON pointer.
    static func escaped(_ key: String) -> String {
        var out = ""
        for character in key.unicodeScalars {
            switch character {
            case "~": out += "~0"
            case "/": out += "~1"
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }
}

extension Substring {
    fileprivate var trimmingSpace: Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}

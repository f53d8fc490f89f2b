/// Why a connection's bytes are not taken for a request. The connection is closed behind the answer: what follows on it
/// cannot be told apart any more.
public struct Refusal: Error, Equatable, Sendable {
    public var status: Int
    public var reason: String
    public var detail: String

    public init(_ status: Int, _ reason: String, _ detail: String) {
        self.status = status
        self.reason = reason
        self.detail = detail
    }

    static func malformed(_ detail: String) -> Refusal { Refusal(400, "Bad Request", detail) }

    static let tooManyFields = Refusal(
        431,
        "Request Header Fields Too Large",
        "at most \(RequestHead.fieldsMax) header fields in \(RequestHead.bytesMax) bytes are taken"
    )
    static let targetTooLong = Refusal(414, "URI Too Long", "a target has at most \(RequestHead.targetMax) bytes")
    static let tooLarge = Refusal(413, "Content Too Large", "the body is larger than this address takes")
    static let tooSlow = Refusal(408, "Request Timeout", "the request did not arrive in time")
    static let busy = Refusal(503, "Service Unavailable", "too many connections are open")

    /// The whole answer.
    var bytes: [UInt8] {
        let body = """
            {"detail":"\(detail)","status":\(status),"title":"\(reason)","type":"about:blank"}
            """
        var head = "HTTP/1.1 \(status) \(reason)\r\n"
        for (name, value) in SecurityHeaders.all { head += "\(name): \(value)\r\n" }
        if status == 503 { head += "Retry-After: 1\r\n" }
        head +=
            "Content-Type: application/problem+json\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
        return Array((head + body).utf8)
    }
}

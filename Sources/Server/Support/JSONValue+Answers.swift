import Bytes

/// Values as answers have them: what is not there is null, an instant is ISO 8601 text with milliseconds, and a number
/// that JSON cannot say is null.
extension JSONValue {
    static func text(_ text: String?) -> JSONValue { text.map { .text($0) } ?? .null }

    static func real(_ number: Double?) -> JSONValue {
        guard let number, number.isFinite else { return .null }
        return .exact(number)
    }

    static func integer(_ number: some BinaryInteger) -> JSONValue { .number(Double(number)) }

    static func time(_ milliseconds: Int64?) -> JSONValue {
        milliseconds.map { .text(TimeParser.text(milliseconds: $0)) } ?? .null
    }

    static func texts(_ texts: [String]) -> JSONValue { .list(texts.map { .text($0) }) }
}

import Bytes
import HTTPTypes
import Hummingbird

/// The parameters behind a request's `?`: each known, named once, and of its type, or the answer says which is not.
package struct QueryParameters {
    private var values: [String: String] = [:]
    package private(set) var errors: [Problem.Item] = []

    init(_ request: Request, known: [String]) {
        self.init(request.uri.query ?? "", known: known)
    }

    /// - Parameters:
    ///   - query: As it came, percent-encoded; a plus means a space.
    ///   - known: The parameters that there are.
    package init(_ query: String, known: [String]) {
        for part in query.split(separator: "&") {
            let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.decoded(pieces[0])
            guard let name, known.contains(name) else {
                let shown = name ?? String(pieces[0])
                let detail =
                    known.isEmpty
                    ? "is not known: this route takes no parameters"
                    : "is not known; known are " + known.joined(separator: ", ")
                errors.append(.init(parameter: shown, detail: detail))
                continue
            }
            guard let value = Self.decoded(pieces.count > 1 ? pieces[1] : ""),
                !value.unicodeScalars.contains(where: ObjectReader.Text.isControl)
            else {
                refuse(name, "is not text in percent-encoded UTF-8, or has control characters")
                continue
            }
            if values[name] != nil { refuse(name, "is named twice") }
            values[name] = value
        }
    }

    package mutating func refuse(_ name: String, _ detail: String) {
        errors.append(.init(parameter: name, detail: detail))
    }

    /// A text of 1…`limit` characters.
    package mutating func text(_ name: String, limit: Int = 500) -> String? {
        guard let value = values[name] else { return nil }
        guard !value.isEmpty, value.unicodeScalars.count <= limit else {
            refuse(name, value.isEmpty ? "is empty" : "has more than \(limit) characters")
            return nil
        }
        return value
    }

    package mutating func choice(_ name: String, among words: [String]) -> String? {
        guard let value = values[name] else { return nil }
        guard words.contains(value) else {
            refuse(name, "is not one of " + words.joined(separator: ", "))
            return nil
        }
        return value
    }

    package mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = values[name] else { return nil }
        guard let number = Int(value), range.contains(number), value.first != "+" else {
            refuse(name, "is not a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    package mutating func number(_ name: String, in range: ClosedRange<Double>) -> Double? {
        guard let value = values[name] else { return nil }
        let bytes = Array(value.utf8)
        let number = bytes.withUnsafeBufferPointer { buffer -> Double? in
            guard let base = buffer.baseAddress else { return nil }
            var position = 0
            guard let number = NumberParser.parse(base, &position, end: buffer.count) else { return nil }
            return position == buffer.count ? number : nil
        }
        guard let number, range.contains(number) else {
            refuse(name, "is not a number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// An instant as RFC 3339 has it, with its offset from UTC; milliseconds since 1970.
    package mutating func time(_ name: String) -> Int64? {
        guard let value = values[name] else { return nil }
        guard let instant = Self.instant(value) else {
            refuse(name, "is not a time such as 2026-11-21T10:00:00Z, of the years 1900 to 2199")
            return nil
        }
        // Rounded towards the past.
        return instant >= 0 ? instant / 1000 : -((999 - instant) / 1000)
    }

    /// Microseconds since 1970. The parser takes more than is asked for here: days, blanks, times of no offset.
    private static func instant(_ value: String) -> Int64? {
        var bytes = Array(value.utf8)
        guard bytes.count >= 20, bytes[10] | 0x20 == 0x74, bytes[16] == 0x3A, !bytes.contains(0x2C) else { return nil }
        // The plus of an offset that nobody has encoded came as a space.
        if bytes.dropFirst(11).contains(0x20) {
            for index in 19..<bytes.count where bytes[index] == 0x20 { bytes[index] = 0x2B }
        }
        let isUTC = bytes[bytes.count - 1] | 0x20 == 0x7A
        let sign = bytes[bytes.count - 6]
        guard isUTC || (sign == 0x2B || sign == 0x2D) && bytes[bytes.count - 3] == 0x3A else { return nil }
        return bytes.withUnsafeBufferPointer { TimeParser.iso8601($0) }
    }

    /// Ends the reading.
    package func finish() throws(Problem) {
        guard errors.isEmpty else { throw Problem(.badRequest, errors: errors) }
    }

    /// Text without its percent signs; nil if it is not UTF-8 or a percent sign stands alone.
    static func decoded(_ text: Substring, plusIsSpace: Bool = true) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case 0x2B where plusIsSpace: bytes.append(0x20)
            case 0x25:
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}

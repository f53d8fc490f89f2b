import Bytes
import HTTPTypes

/// Where the parts of a JSON document are, for values that go on as they came, byte by byte.
///
/// The document has been checked to its end before: what is found broken here cannot be.
struct JSONOutline {
    struct Member {
        var key: String
        /// From the key's quote to the value's end.
        var whole: Range<Int>
        var value: Range<Int>
    }

    let bytes: [UInt8]

    /// - Throws: ``Problem`` if the bytes are not one JSON value in UTF-8.
    init(_ bytes: [UInt8]) throws(Problem) {
        try RequestBody.check(bytes)
        self.bytes = bytes
        var fault: JSONFault?
        bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            do throws(JSONFault) {
                try scanner.skipValue()
                scanner.skipSpace()
                if scanner.position < scanner.end { fault = JSONFault(.trailingBytes, at: scanner.position) }
            } catch {
                fault = error
            }
        }
        if let fault { throw Problem(.badRequest, fault.words) }
    }

    var whole: Range<Int> { bytes.indices }

    func isNull(_ range: Range<Int>) -> Bool { bytes[range].first == 0x6E }

    /// The members of an object, in their order; nil for any other value.
    func members(of range: Range<Int>) -> [Member]? {
        parts(of: range, opening: 0x7B, closing: 0x7D) { (scanner) throws(JSONFault) in
            _ = try scanner.peek()
            let start = scanner.position
            let content = try scanner.string()
            let key =
                content.hasEscapes
                ? String(decoding: scanner.unescaped(from: content.start, to: content.end), as: UTF8.self)
                : String(decoding: bytes[content.start..<content.end], as: UTF8.self)
            try scanner.take(0x3A)
            _ = try scanner.peek()
            let value = scanner.position
            try scanner.skipValue()
            return Member(key: key, whole: start..<scanner.position, value: value..<scanner.position)
        }
    }

    /// The elements of a list; nil for any other value.
    func elements(of range: Range<Int>) -> [Range<Int>]? {
        parts(of: range, opening: 0x5B, closing: 0x5D) { (scanner) throws(JSONFault) in
            _ = try scanner.peek()
            let start = scanner.position
            try scanner.skipValue()
            return start..<scanner.position
        }
    }

    /// The value of a text; nil for any other value.
    func text(_ range: Range<Int>) -> String? {
        do throws(JSONFault) { return try JSONValue.parse(Array(bytes[range])).text } catch { return nil }
    }

    private func parts<Part>(
        of range: Range<Int>,
        opening: UInt8,
        closing: UInt8,
        _ part: (inout JSONScanner) throws(JSONFault) -> Part
    ) -> [Part]? {
        bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            scanner.position = range.lowerBound
            var found: [Part] = []
            do throws(JSONFault) {
                guard try scanner.peek() == opening else { return nil }
                scanner.position += 1
                if try scanner.peek() == closing { return found }
                while true {
                    found.append(try part(&scanner))
                    guard try scanner.peek() == 0x2C else { return found }
                    scanner.position += 1
                }
            } catch {
                return nil
            }
        }
    }
}

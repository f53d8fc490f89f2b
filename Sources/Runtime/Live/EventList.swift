import Bytes

/// Events that came together, cut out of the body that carried them.
public struct EventList: Sendable {
    package struct Entry: Sendable, BitwiseCopyable {
        package var start: Int
        package var count: Int
        /// Counted from 1: the line, or the place in the array.
        package var line: Int
    }

    package let bytes: [UInt8]
    package let entries: [Entry]

    /// How many events there are.
    public var count: Int { entries.count }
    public var byteCount: Int { bytes.count }

    /// A longer event is refused, its first bytes kept.
    public static let eventLimit = 1 << 20
    static let keptOfOversize = 200

    /// One event a line; empty lines count as lines and are no events.
    public init(lines body: [UInt8]) {
        let bytes = Self.withoutMark(body)
        var entries: [Entry] = []
        var start = 0
        var line = 0
        bytes.withUnsafeBufferPointer { buffer in
            while start < buffer.count {
                let rest = UnsafeBufferPointer(rebasing: buffer[start...])
                var end = rest.firstIndex(of: 0x0A) ?? rest.count
                let next = start + end + 1
                line += 1
                if end > 0, rest[end - 1] == 0x0D { end -= 1 }
                let isBlank = rest[..<end].allSatisfy { $0 == 0x20 || $0 == 0x09 }
                if !isBlank { entries.append(Entry(start: start, count: end, line: line)) }
                start = next
            }
        }
        self.bytes = bytes
        self.entries = entries
    }

    /// One event, an array of events, or several objects behind one another, with space between them or without.
    ///
    /// - Throws: ``Bytes/JSONFault`` if the body is not JSON as a whole; an element that is no event is told later, as
    ///   a line would be.
    public init(json body: [UInt8]) throws(JSONFault) {
        let bytes = Self.withoutMark(body)
        var entries: [Entry] = []
        var fault: JSONFault?
        bytes.withUnsafeBufferPointer { buffer in
            do throws(JSONFault) { entries = try Self.elements(buffer) } catch { fault = error }
        }
        if let fault { throw fault }
        // The log keeps one event a line. In JSON a line feed is only space between tokens.
        self.bytes = bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
        self.entries = entries
    }

    /// Some programs put a byte order mark in front of UTF-8, where it says nothing (RFC 8259, 8.1).
    private static func withoutMark(_ body: [UInt8]) -> [UInt8] {
        body.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(body.dropFirst(3)) : body
    }

    private static func elements(_ buffer: UnsafeBufferPointer<UInt8>) throws(JSONFault) -> [Entry] {
        var scanner = JSONScanner(buffer)
        var entries: [Entry] = []
        func element() throws(JSONFault) {
            scanner.skipSpace()
            let start = scanner.position
            try scanner.skipValue()
            entries.append(Entry(start: start, count: scanner.position - start, line: entries.count + 1))
        }
        if try scanner.peek() == 0x5B {
            try scanner.take(0x5B)
            if try scanner.peek() == 0x5D {
                try scanner.take(0x5D)
            } else {
                try element()
                while try scanner.peek() == 0x2C {
                    try scanner.take(0x2C)
                    try element()
                }
                try scanner.take(0x5D)
            }
        } else {
            repeat {
                try element()
                scanner.skipSpace()
            } while scanner.position < buffer.count && buffer[scanner.position] == 0x7B
        }
        scanner.skipSpace()
        guard scanner.position == buffer.count else { throw JSONFault(.trailingBytes, at: scanner.position) }
        return entries
    }
}

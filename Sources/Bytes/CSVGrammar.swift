/// The grammar of CSV, once: whatever cuts records or fields asks here.
///
/// RFC 4180, and what Python's `csv`, pandas and DuckDB make of files that keep it loosely: a quote opens a field only
/// as its first byte; inside of a quoted field two quotes are one; a quote anywhere else, and what follows the closing
/// quote, belongs to the field as it is. In one thing it is stricter than they are: a field over several lines must end
/// with its closing quote. Else one quote too many, forgotten or typed on purpose, would hide the lines up to the next
/// quote.
public struct CSVGrammar: Sendable, Equatable {
    /// What stands between two fields; one byte of ASCII.
    public let separator: UInt8

    /// Fields with that byte between them.
    public init(separator: UInt8 = 0x2C) { self.separator = separator }

    /// What ended a search for the end of a field.
    public enum Stop: Sendable {
        case separator, lineEnd
        /// The bytes are at their end; more of them may belong to the field.
        case exhausted
        /// The field goes over several lines and has text behind its closing quote: the quote was not meant to open it.
        case unclosed
    }

    /// Where inside of a field a search is, so that it can go on when there are more bytes.
    public struct Place: Sendable, Equatable {
        enum State: Sendable { case start, plain, quoted, closed, closedAndReturn }

        var state = State.start
        /// Line feeds inside of the field's quotes.
        public internal(set) var lineFeeds = 0

        public init() {}

        /// Whether a quote has been opened and not closed.
        public var isInsideQuotes: Bool { state == .quoted }
    }

    /// Goes from `position` to the byte that ends the field: its separator or line feed.
    ///
    /// - Parameters:
    ///   - bytes: Of the recording.
    ///   - position: Where the field begins, or where the search before has stopped.
    ///   - end: Where the bytes end.
    ///   - place: A new one for a new field, or as the search before has left it.
    /// - Returns: what the position is at.
    public func endOfField(
        _ bytes: UnsafePointer<UInt8>,
        _ position: inout Int,
        end: Int,
        _ place: inout Place
    ) -> Stop {
        while position < end {
            let byte = bytes[position]
            switch place.state {
            case .quoted:
                if byte == Self.quote { place.state = .closed } else if byte == 0x0A { place.lineFeeds += 1 }
                position += 1
                continue
            case .closed where byte == Self.quote:
                place.state = .quoted
                position += 1
                continue
            case .start where byte == Self.quote:
                place.state = .quoted
                position += 1
                continue
            case .closedAndReturn where byte != 0x0A && place.lineFeeds > 0: return .unclosed
            case .start, .plain, .closed, .closedAndReturn: break
            }
            if byte == separator { return .separator }
            if byte == 0x0A { return .lineEnd }
            switch place.state {
            case .closed where byte == 0x0D: place.state = .closedAndReturn
            case .closed where place.lineFeeds > 0: return .unclosed
            default:
                place.state = .plain
                if let stop = endOfPlain(bytes, &position, end: end) { return stop }
                continue
            }
            position += 1
        }
        return .exhausted
    }

    /// The rest of a field in which quotes mean nothing.
    @inline(__always)
    private func endOfPlain(_ bytes: UnsafePointer<UInt8>, _ position: inout Int, end: Int) -> Stop? {
        var index = position
        defer { position = index }
        while index < end {
            let byte = bytes[index]
            if byte == separator { return .separator }
            if byte == 0x0A { return .lineEnd }
            index += 1
        }
        return nil
    }

    /// Whether a field's bytes are not its content.
    public static func isQuoted(_ field: UnsafeBufferPointer<UInt8>) -> Bool { field.first == quote }

    /// Appends the content of a field that begins with a quote.
    public static func unquote(_ field: UnsafeBufferPointer<UInt8>, into content: inout [UInt8]) {
        var index = 1
        while index < field.count {
            if field[index] == quote {
                index += 1
                guard index < field.count, field[index] == quote else { break }
            }
            content.append(field[index])
            index += 1
        }
        content.append(contentsOf: field[min(index, field.count)...])
    }

    private static let quote: UInt8 = 0x22
}

extension CSVGrammar {
    /// Why a record is refused.
    public enum Fault: Error, Sendable, Equatable, CustomStringConvertible {
        case unclosedQuote
        case fieldCount(expected: Int)
        /// One empty field more than the header has: a separator behind each record, which the header lacks.
        case trailingSeparator(expected: Int)

        public var description: String {
            switch self {
            case .unclosedQuote: "a quote opens a field of this line and does not close it"
            case .fieldCount(let expected): "not a CSV record of \(expected) fields"
            case .trailingSeparator(let expected):
                "not a CSV record of \(expected) fields: it has a separator behind its last one; if all records have, put one "
                    + "behind the header, too"
            }
        }
    }

    /// What is wrong with a record that has more fields than expected; `position` is behind the last one that is.
    public func wrongCount(_ record: UnsafeBufferPointer<UInt8>, _ position: Int, _ expected: Int) -> Fault {
        position + 1 == record.count ? .trailingSeparator(expected: expected) : .fieldCount(expected: expected)
    }

    /// The field that begins at `position` of a record without its line's end, with its quotes. Leaves the position
    /// behind it, at its separator or the end.
    public func field(
        of record: UnsafeBufferPointer<UInt8>,
        _ position: inout Int
    ) throws(Fault) -> UnsafeBufferPointer<UInt8> {
        guard let bytes = record.baseAddress else { return record }
        let start = position
        var place = Place()
        switch endOfField(bytes, &position, end: record.count, &place) {
        case .separator: break
        case .exhausted where !place.isInsideQuotes: break
        case .exhausted, .unclosed, .lineEnd: throw .unclosedQuote
        }
        return UnsafeBufferPointer(start: bytes + start, count: position - start)
    }

    /// The same field's content.
    public func content(
        of record: UnsafeBufferPointer<UInt8>,
        _ position: inout Int
    ) throws(Fault) -> [UInt8] {
        let field = try field(of: record, &position)
        guard Self.isQuoted(field) else { return Array(field) }
        var content: [UInt8] = []
        Self.unquote(field, into: &content)
        return content
    }

    /// The contents of a record's fields, for whoever needs few of them.
    public func fields(of record: UnsafeBufferPointer<UInt8>) throws(Fault) -> [[UInt8]] {
        var fields: [[UInt8]] = []
        var position = 0
        while true {
            fields.append(try content(of: record, &position))
            guard position < record.count else { return fields }
            position += 1
        }
    }
}

import Bytes
import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where a reader is in a recording: behind a whole line, so that reading can go on from there.
public struct RecordingPosition: Sendable, Equatable {
    /// Lines before the position, empty ones included.
    public var line = 0
    /// Bytes before it, of the decompressed recording.
    public var byte = 0
    /// CRC-32C of those bytes: tells whether a file is the one that was read before.
    public var checksum: UInt32 = 0

    public init() {}

    public init(line: Int, byte: Int, checksum: UInt32) {
        self.line = line
        self.byte = byte
        self.checksum = checksum
    }
}

/// Cuts a source into lines, in bounded memory, whatever the lines are.
///
/// A line ends with LF or CRLF; the last one may lack it. In CSV a line feed inside quotes does not end a record, which
/// so has several lines. A quote that is not closed within the limit, or before the recording's end, costs its own
/// line: the record that it would have opened is delivered up to its first line feed, and reading goes on behind that.
/// A line longer than the limit is delivered cut, marked as oversize. A byte order mark at the start is dropped, of
/// JSON one at any line's start.
///
/// A recording may be one that is still being written: see ``Tail``.
public struct LineReader<Source: ByteSource>: ~Copyable {
    public struct Line {
        public var bytes: UnsafeBufferPointer<UInt8>
        /// Of the first of its lines.
        public var number: Int
        /// The line's real size if it is longer than the limit; `bytes` then holds its first ones.
        public var oversize: Int?
    }

    /// What becomes of a last line that has no end.
    public enum Tail: Sendable {
        /// The recording is finished: the line is whole.
        case take
        /// It is left, and the position stays in front of it, because more of it may come; but a whole JSON object is
        /// taken, to which nothing can be added.
        case leave
    }

    /// A longer line is refused, its first ``keptOfOversize`` bytes kept.
    public static var lineLimit: Int { 1 << 20 }
    public static var keptOfOversize: Int { 200 }

    private var source: Source
    private let csv: CSVGrammar?
    private let isChecked: Bool
    private let buffer: UnsafeMutablePointer<UInt8>
    private let kept: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private var start = 0
    private var filled = 0
    private var isAtEnd = false
    private var hasBegun = false
    /// Behind the last line that was delivered.
    public private(set) var position = RecordingPosition()
    /// The last read gave less than was asked for: a live source has nothing more just now.
    public private(set) var hasPaused = false

    /// How the recording's end is taken.
    public var tail = Tail.take
    /// How many columns a record has, where that is known.
    public var columnCount: Int?
    /// What was left at the end: the line that has no end, and the bytes from its start.
    public private(set) var unended: (line: Int, bytes: Int)?

    /// Whether a last line without an end was taken only because the recording is finished: ``Tail/leave`` would have
    /// left it.
    public private(set) var lacksEnd = false

    /// A line that was taken before it had its end, and the bytes that came to it later: they are passed over.
    public private(set) var lateEnd: (line: Int, bytes: Int)?
    private var isInsideLine = false
    /// Where lines were cut before, the first one last; `nextCut` is that one.
    private var cuts: [Int] = []
    private var nextCut = Int.max

    /// Whether the next call finds a whole line without reading.
    public var hasBufferedLine: Bool { lineFeed(from: start) != nil }

    /// - Parameters:
    ///   - source: The recording's bytes.
    ///   - csv: The grammar that tells which line feeds belong to a record; nil: each one ends a line.
    ///   - isChecked: Whether positions carry a checksum, for going on from them another time.
    public init(_ source: Source, csv: CSVGrammar? = nil, isChecked: Bool = true) {
        self.source = source
        self.isChecked = isChecked
        self.csv = csv
        capacity = Self.lineLimit + (1 << 18)
        buffer = .allocate(capacity: capacity)
        kept = .allocate(capacity: Self.keptOfOversize)
    }

    deinit {
        buffer.deallocate()
        kept.deallocate()
    }

    /// Passes over what an earlier run has taken, up to a position behind this one.
    ///
    /// - Throws: ``InputError/changed(line:path:)`` if the bytes are not the ones that were taken.
    public mutating func skip(to target: RecordingPosition, path: String) throws(InputError) {
        guard target.byte > 0 else { return }
        hasBegun = true
        var last: UInt8 = 0x0A
        while position.byte < target.byte {
            if start == filled {
                (start, filled) = (0, 0)
                try fill()
                guard filled > 0 else { throw .changed(line: target.line, path: path) }
            }
            let count = min(filled - start, target.byte - position.byte)
            last = buffer[start + count - 1]
            consume(count)
        }
        guard position == RecordingPosition(line: position.line, byte: target.byte, checksum: target.checksum) else {
            throw .changed(line: target.line, path: path)
        }
        position = target
        // The file has grown behind a line that had no end: what follows is still that line.
        isInsideLine = last != 0x0A && target.line > 0
    }

    /// A line over one of these bytes ends there, as it did when the recording was shorter; the rest of it is passed
    /// over.
    public mutating func cut(at bytes: [Int]) {
        cuts = bytes.sorted(by: >)
        nextCut = cuts.popLast() ?? .max
    }

    /// The bytes up to the next cut, if it is inside of the line that takes so many.
    private mutating func bytesToCut(in count: Int) -> Int? {
        while nextCut <= position.byte { nextCut = cuts.popLast() ?? .max }
        return nextCut < position.byte + count ? nextCut - position.byte : nil
    }

    /// The next line that is not empty, valid until the next call; nil at the end.
    public mutating func next() throws(InputError) -> Line? {
        if !hasBegun { try begin() }
        while true {
            guard var (end, next, lineFeeds) = try findEnd() else {
                guard unended == nil, filled - start > Self.lineLimit, let line = try passOversize() else { return nil }
                guard isInsideLine else { return line }
                endLine(line.oversize ?? line.bytes.count)
                continue
            }
            let cut = nextCut < position.byte + next - start ? bytesToCut(in: next - start) : nil
            if let cut {
                next = start + cut
                end = min(end, next)
                lineFeeds = 0
            }
            let size = end - start
            var text = UnsafeBufferPointer(start: UnsafePointer(buffer + start), count: size)
            consume(next - start)
            if let last = text.last, last == 0x0D { text = UnsafeBufferPointer(rebasing: text.dropLast()) }
            // Of a file that was appended to another one.
            if csv == nil, text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF {
                text = UnsafeBufferPointer(rebasing: text.dropFirst(3))
            }
            if isInsideLine {
                endLine(text.count)
                isInsideLine = cut != nil
                continue
            }
            let number = position.line + 1
            position.line = number + lineFeeds
            isInsideLine = cut != nil
            if text.isEmpty { continue }
            if text.count > Self.lineLimit {
                let prefix = UnsafeBufferPointer(rebasing: text[..<Self.keptOfOversize])
                return Line(bytes: prefix, number: number, oversize: text.count)
            }
            return Line(bytes: text, number: number, oversize: nil)
        }
    }

    /// Passes over a byte order mark.
    private mutating func begin() throws(InputError) {
        hasBegun = true
        while filled < 3, !isAtEnd { try fill() }
        if filled >= 3, buffer[0] == 0xEF, buffer[1] == 0xBB, buffer[2] == 0xBF { consume(3) }
    }

    private mutating func endLine(_ bytes: Int) {
        isInsideLine = false
        if bytes > 0 { lateEnd = (position.line, bytes) }
    }

    private mutating func consume(_ count: Int) {
        if isChecked { position.checksum = pa_crc32c(position.checksum, buffer + start, count) }
        position.byte += count
        start += count
    }

    /// Where the line at `start` ends and the next one begins, after reading as much as that needs, and how many line
    /// feeds are inside of it. Nil at the end of the recording, and for a line beyond the limit.
    private mutating func findEnd() throws(InputError) -> (end: Int, next: Int, lineFeeds: Int)? {
        if let csv, !isInsideLine { return try findRecordEnd(csv) }
        var searched = start
        while true {
            if let end = lineFeed(from: searched) { return (end, end + 1, 0) }
            searched = filled
            if isAtEnd { return takesTail ? (filled, filled, 0) : nil }
            if filled - start > Self.lineLimit { return nil }
            let shift = start
            try fill()
            if start != shift { searched -= shift }
        }
    }

    private mutating func findRecordEnd(
        _ csv: CSVGrammar
    ) throws(InputError) -> (end: Int, next: Int, lineFeeds: Int)? {
        var searched = start
        var place = CSVGrammar.Place()
        var lineFeeds = 0
        while true {
            switch csv.endOfField(buffer, &searched, end: filled, &place) {
            case .separator:
                lineFeeds += place.lineFeeds
                place = CSVGrammar.Place()
                searched += 1
                continue
            case .lineEnd: return (searched, searched + 1, lineFeeds + place.lineFeeds)
            case .unclosed: return firstLine
            case .exhausted: break
            }
            if isAtEnd {
                if place.isInsideQuotes, let line = firstLine {
                    if tail == .take || isRecord(from: line.next, csv) { return line }
                }
                return takesTail ? (filled, filled, lineFeeds + place.lineFeeds) : nil
            }
            if filled - start > Self.lineLimit { return firstLine }
            let shift = start
            try fill()
            if start != shift { searched -= shift }
        }
    }

    /// At the end: whether what is left is a line that may be taken; notes it if there is something and it may not.
    private var takesTail: Bool {
        mutating get {
            guard start < filled else { return false }
            if isInsideLine || csv == nil && isObject { return true }
            let isBlank = (start..<filled).allSatisfy { [0x20, 0x09, 0x0D].contains(buffer[$0]) }
            if tail == .take {
                lacksEnd = !isBlank
                return true
            }
            if isBlank { return false }
            unended = (position.line + 1, filled - start)
            return false
        }
    }

    /// Whether what is left begins with a whole JSON object: then the line is right or wrong, whatever comes behind it.
    private var isObject: Bool {
        var scanner = JSONScanner(UnsafeBufferPointer(start: UnsafePointer(buffer + start), count: filled - start))
        do throws(JSONFault) {
            guard try scanner.peek() == 0x7B else { return false }
            try scanner.skipValue()
            return true
        } catch { return false }
    }

    /// Whether a line is a record by itself: then the quote before it was not meant to open a field.
    private func isRecord(from position: Int, _ csv: CSVGrammar) -> Bool {
        guard let columnCount, columnCount > 1, let end = lineFeed(from: position) else { return false }
        let line = UnsafeBufferPointer(start: UnsafePointer(buffer + position), count: end - position)
        do throws(CSVGrammar.Fault) { return try csv.fields(of: line).count == columnCount } catch { return false }
    }

    /// Up to the next line feed, whatever it is inside of.
    private var firstLine: (end: Int, next: Int, lineFeeds: Int)? {
        lineFeed(from: start).map { ($0, $0 + 1, 0) }
    }

    private func lineFeed(from position: Int) -> Int? {
        guard position < filled, let hit = memchr(buffer + position, 0x0A, filled - position) else { return nil }
        return hit - UnsafeMutableRawPointer(buffer)
    }

    private mutating func fill() throws(InputError) {
        if start > 0, capacity - filled < 1 << 17 {
            buffer.update(from: buffer + start, count: filled - start)
            filled -= start
            start = 0
        }
        let room = UnsafeMutableRawBufferPointer(start: buffer + filled, count: capacity - filled)
        let read = try source.read(into: room)
        hasPaused = read < room.count
        isAtEnd = read == 0
        filled += read
    }

    /// Runs over a line that is too long, in bounded memory: every byte is counted, the first ones are kept.
    private mutating func passOversize() throws(InputError) -> Line? {
        let before = position
        kept.update(from: buffer + start, count: Self.keptOfOversize)
        var size = 0
        while true {
            let rest = UnsafeRawPointer(buffer + start)
            let hit = filled > start ? memchr(rest, 0x0A, filled - start) : nil
            let end = hit.map { UnsafeRawPointer($0) - rest } ?? (filled - start)
            size += end
            consume(hit == nil ? end : end + 1)
            if hit != nil { break }
            if isAtEnd {
                guard tail == .leave, !isInsideLine else { break }
                unended = (before.line + 1, size)
                position = before
                return nil
            }
            try fill()
        }
        if !isInsideLine { position.line += 1 }
        let bytes = UnsafeBufferPointer(start: UnsafePointer(kept), count: Self.keptOfOversize)
        return Line(bytes: bytes, number: position.line, oversize: size)
    }
}

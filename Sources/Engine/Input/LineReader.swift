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
/// A line ends with LF or CRLF; the last one may lack it. In CSV a line feed inside quotes does not end a record. A line
/// longer than the limit is delivered cut, marked as oversize. A byte order mark at the start is dropped.
public struct LineReader<Source: ByteSource>: ~Copyable {
    public struct Line {
        public var bytes: UnsafeBufferPointer<UInt8>
        public var number: Int
        /// The line's real size if it is longer than the limit; `bytes` then holds its first ones.
        public var oversize: Int?
    }

    /// A longer line is refused, its first ``keptOfOversize`` bytes kept.
    public static var lineLimit: Int { 1 << 20 }
    public static var keptOfOversize: Int { 200 }

    private var source: Source
    private let quoted: Bool
    private let isChecked: Bool
    private let buffer: UnsafeMutablePointer<UInt8>
    private let kept: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private var start = 0
    private var filled = 0
    private var isAtEnd = false
    /// Behind the last line that was delivered.
    public private(set) var position = RecordingPosition()
    /// The last read gave less than was asked for: a live source has nothing more just now.
    public private(set) var hasPaused = false

    /// A line that was taken before it had its end, and the bytes that came to it later: they are passed over.
    public private(set) var lateEnd: (line: Int, bytes: Int)?
    private var isInsideLine = false
    /// Where lines were cut before, the first one last; `nextCut` is that one.
    private var cuts: [Int] = []
    private var nextCut = Int.max

    /// Whether the next call finds a whole line without reading.
    public var hasBufferedLine: Bool {
        filled > start && memchr(buffer + start, 0x0A, filled - start) != nil
    }

    /// - Parameters:
    ///   - source: The recording's bytes.
    ///   - quoted: Whether line feeds inside double quotes belong to the record (CSV).
    ///   - isChecked: Whether positions carry a checksum, for going on from them another time.
    public init(_ source: Source, quoted: Bool = false, isChecked: Bool = true) {
        self.source = source
        self.isChecked = isChecked
        self.quoted = quoted
        capacity = Self.lineLimit + (1 << 18)
        buffer = .allocate(capacity: capacity)
        kept = .allocate(capacity: Self.keptOfOversize)
    }

    deinit {
        buffer.deallocate()
        kept.deallocate()
    }

    /// Passes over what an earlier run has taken.
    ///
    /// - Throws: ``InputError/changed(line:path:)`` if the bytes are not the ones that were taken.
    public mutating func skip(to target: RecordingPosition, path: String) throws(InputError) {
        var rest = target.byte
        var checksum: UInt32 = 0
        var last: UInt8 = 0x0A
        while rest > 0 {
            let read = try source.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: min(capacity, rest)))
            guard read > 0 else { throw .changed(line: target.line, path: path) }
            checksum = pa_crc32c(checksum, buffer, read)
            last = buffer[read - 1]
            rest -= read
        }
        guard checksum == target.checksum else { throw .changed(line: target.line, path: path) }
        position = target
        // The file has grown behind a line that had no end: what follows is still that line.
        isInsideLine = last != 0x0A
    }

    /// A line over one of these bytes ends there, as it did when the recording was shorter; the rest of it is passed over.
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
        while true {
            guard var (end, next) = try findEnd() else {
                guard filled - start > Self.lineLimit else { return nil }
                let line = try passOversize()
                guard isInsideLine else { return line }
                endLine(line.oversize ?? line.bytes.count)
                continue
            }
            let cut = nextCut < position.byte + next - start ? bytesToCut(in: next - start) : nil
            if let cut {
                next = start + cut
                end = min(end, next)
            }
            let size = end - start
            var text = UnsafeBufferPointer(start: UnsafePointer(buffer + start), count: size)
            consume(next - start)
            if !isInsideLine { position.line += 1 }
            if position.line == 1, text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF {
                text = UnsafeBufferPointer(rebasing: text[3...])
            }
            if let last = text.last, last == 0x0D { text = UnsafeBufferPointer(rebasing: text.dropLast()) }
            if isInsideLine {
                endLine(text.count)
                isInsideLine = cut != nil
                continue
            }
            isInsideLine = cut != nil
            if text.isEmpty { continue }
            if text.count > Self.lineLimit {
                let prefix = UnsafeBufferPointer(rebasing: text[..<Self.keptOfOversize])
                return Line(bytes: prefix, number: position.line, oversize: text.count)
            }
            return Line(bytes: text, number: position.line, oversize: nil)
        }
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

    /// Where the line at `start` ends and the next one begins, after reading as much as that needs. Nil at the end of the
    /// recording, and for a line beyond the limit.
    private mutating func findEnd() throws(InputError) -> (end: Int, next: Int)? {
        var searched = start
        var isInQuotes = false
        while true {
            if quoted {
                while searched < filled {
                    let byte = buffer[searched]
                    if byte == 0x22 { isInQuotes.toggle() }
                    if byte == 0x0A, !isInQuotes { return (searched, searched + 1) }
                    searched += 1
                }
            } else if searched < filled, let hit = memchr(buffer + searched, 0x0A, filled - searched) {
                let end = hit - UnsafeMutableRawPointer(buffer)
                return (end, end + 1)
            }
            searched = filled
            if isAtEnd {
                return start < filled ? (filled, filled) : nil
            }
            if filled - start > Self.lineLimit { return nil }
            let shift = start
            try fill()
            if start != shift { searched -= shift }
        }
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
    private mutating func passOversize() throws(InputError) -> Line {
        kept.update(from: buffer + start, count: Self.keptOfOversize)
        var size = 0
        while true {
            let rest = UnsafeRawPointer(buffer + start)
            let hit = filled > start ? memchr(rest, 0x0A, filled - start) : nil
            let end = hit.map { UnsafeRawPointer($0) - rest } ?? (filled - start)
            size += end
            consume(hit == nil ? end : end + 1)
            if hit != nil || isAtEnd { break }
            try fill()
        }
        if !isInsideLine { position.line += 1 }
        let bytes = UnsafeBufferPointer(start: UnsafePointer(kept), count: Self.keptOfOversize)
        return Line(bytes: bytes, number: position.line, oversize: size)
    }
}

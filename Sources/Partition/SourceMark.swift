import Bytes
public import Engine
public import EventLog
public import Ingest

/// Which recording a record batch came from and how far it had been read: kept in the log itself, in headers of the
/// batch's first record, so that a killed replay goes on exactly behind its last durable batch.
///
/// `source`: input number, line, byte, CRC-32C of the bytes so far (hexadecimal), path, separated by spaces. Where only
/// a range of event time is taken, the number is followed by `/FROM/TO/LEFT/READING`: microseconds, nothing where it is
/// open; how many events were left out so far; how the pipeline reads lines (hexadecimal). Where an event clock has
/// judged the events, that is followed by `/CLOCK`, see ``ClockMark``. `lines`: the line number of every record
/// of the batch, as LEB128 differences.
public struct SourceMark: Equatable, Sendable {
    /// 1 for the first recording that went into this data directory.
    public var input: Int
    public var position: RecordingPosition
    public var path: String
    /// The event times that are taken.
    public var range: TimeRange
    /// How many of the partition's events up to the position no run has taken, because they are not in its range.
    public package(set) var leftOut = 0
    /// The first of ``Plan/PipelinePlan/readingChecksums`` that the range was applied with; 0 without one.
    public package(set) var reading: UInt32 = 0
    /// What the event clock knew behind the batch; nil if it was not asked.
    public var clock: ClockMark?

    public init(
        input: Int,
        position: RecordingPosition,
        path: String,
        range: TimeRange = .all,
        clock: ClockMark? = nil
    ) {
        self.clock = clock
        self.input = input
        self.position = position
        self.path = path
        self.range = range
    }

    static let name = "source"
    static let linesName = "lines"
    /// On a record whose line could not be stored whole: why.
    static let rejectName = "reject"
    /// On a record that was too far ahead: of which time, in microseconds, and `clock` if a computer's clock said that.
    static let aheadName = "ahead"

    /// The headers of a batch whose records came from these lines.
    public func headers(lines: [Int]) -> [RecordHeader] {
        let checksum = String(position.checksum, radix: 16)
        let text = "\(input)\(part) \(position.line) \(position.byte) \(checksum) \(path)"
        return [RecordHeader(Self.name, Array(text.utf8)), RecordHeader(Self.linesName, Self.encode(lines))]
    }

    /// Reads the headers of a batch's first record; nil if another program wrote it.
    public static func read(_ headers: [RecordHeader]) -> (mark: SourceMark, lines: [Int])? {
        guard let source = headers.first(where: { $0.name == name }) else { return nil }
        let parts = String(decoding: source.value, as: UTF8.self).split(separator: " ", maxSplits: 4)
        guard parts.count == 5, let line = count(parts[1]), let byte = count(parts[2]),
            let checksum = UInt32(parts[3], radix: 16)
        else { return nil }
        let position = RecordingPosition(line: line, byte: byte, checksum: checksum)
        var mark = SourceMark(input: 0, position: position, path: String(parts[4]))
        guard mark.readNumber(parts[0]) else { return nil }
        let lines = headers.first { $0.name == linesName }.map { decode($0.value) } ?? []
        return (mark, lines)
    }

    /// What follows the number of a recording that is taken in part.
    private var part: String {
        guard range != .all || clock != nil else { return "" }
        let from = range.from == .min ? "" : String(range.from)
        let to = range.to == .max ? "" : String(range.to)
        let text = "/\(from)/\(to)/\(leftOut)/\(String(reading, radix: 16))"
        return clock.map { text + "/" + $0.text } ?? text
    }

    /// Reads the number and what follows it; false if it is something else.
    private mutating func readNumber(_ text: Substring) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let number = Self.count(parts[0]) else { return false }
        input = number
        guard parts.count > 1 else { return true }
        let (from, to) = (Int64(parts[1]), parts.count > 2 ? Int64(parts[2]) : nil)
        guard (5...6).contains(parts.count), from != nil || parts[1].isEmpty, to != nil || parts[2].isEmpty,
            let leftOut = Self.count(parts[3]), let reading = UInt32(parts[4], radix: 16)
        else { return false }
        range = TimeRange(from: from, to: to)
        self.leftOut = leftOut
        self.reading = reading
        guard parts.count == 6 else { return true }
        clock = ClockMark(parts[5])
        return clock != nil
    }

    /// A number that can be counted on from: another program may have written anything.
    private static func count(_ text: Substring) -> Int? {
        guard let number = Int(text), (0..<1 << 60).contains(number) else { return nil }
        return number
    }

    private static func encode(_ lines: [Int]) -> [UInt8] {
        var out: [UInt8] = []
        var last = 0
        for line in lines {
            var rest = line - last
            last = line
            while rest >= 0x80 {
                out.append(UInt8(rest & 0x7F) | 0x80)
                rest >>= 7
            }
            out.append(UInt8(rest))
        }
        return out
    }

    private static func decode(_ bytes: [UInt8]) -> [Int] {
        var lines: [Int] = []
        var last = 0
        var value = 0
        var shift = 0
        for byte in bytes {
            value |= Int(byte & 0x7F) << shift
            shift += 7
            guard byte < 0x80 || shift > 56 else { continue }
            // Whatever another program has written there.
            last &+= value
            lines.append(last)
            value = 0
            shift = 0
        }
        return lines
    }

    /// The section of a checkpoint that holds them.
    static let section = "recordings"

    /// Marks as bytes of a checkpoint: each as the text of its header, with a 32-bit count in front.
    package static func encode(_ recordings: [Int: RecordingMarks]) -> [UInt8] {
        var writer = ByteWriter()
        for mark in recordings.sorted(by: { $0.key < $1.key }).flatMap(\.value.marks) {
            let text = mark.headers(lines: [])[0].value
            writer.appendLittleEndian(UInt32(text.count))
            writer.append(text)
        }
        return Array(writer.bytes)
    }

    /// Nil if the bytes are not marks.
    package static func decodeMarks(_ bytes: [UInt8]) -> [Int: RecordingMarks]? {
        bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            var recordings: [Int: RecordingMarks] = [:]
            do throws(ByteError) {
                while reader.remaining > 0 {
                    let text = Array(try reader.read(count: Int(try reader.readLittleEndian(UInt32.self))))
                    guard let mark = read([RecordHeader(name, text)])?.mark else { return nil }
                    recordings[mark.input, default: RecordingMarks()].note(mark)
                }
            } catch {
                return nil
            }
            return recordings
        }
    }
}

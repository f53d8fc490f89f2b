import Bytes
public import EventLog

/// Which recording a record batch came from and how far it had been read: kept in the log itself, in headers of the
/// batch's first record, so that a killed replay goes on exactly behind its last durable batch.
///
/// `source`: input number, line, byte, CRC-32C of the bytes so far (hexadecimal), path, separated by spaces. `lines`: the
/// line number of every record of the batch, as LEB128 differences.
public struct SourceMark: Equatable, Sendable {
    /// 1 for the first recording that went into this data directory.
    public var input: Int
    public var position: RecordingPosition
    public var path: String

    public init(input: Int, position: RecordingPosition, path: String) {
        self.input = input
        self.position = position
        self.path = path
    }

    static let name = "source"
    static let linesName = "lines"
    /// On a record whose line could not be stored whole: why.
    static let rejectName = "reject"

    /// The headers of a batch whose records came from these lines.
    public func headers(lines: [Int]) -> [RecordHeader] {
        let checksum = String(position.checksum, radix: 16)
        let text = "\(input) \(position.line) \(position.byte) \(checksum) \(path)"
        return [RecordHeader(Self.name, Array(text.utf8)), RecordHeader(Self.linesName, Self.encode(lines))]
    }

    /// Reads the headers of a batch's first record; nil if another program wrote it.
    public static func read(_ headers: [RecordHeader]) -> (mark: SourceMark, lines: [Int])? {
        guard let source = headers.first(where: { $0.name == name }) else { return nil }
        let parts = String(decoding: source.value, as: UTF8.self).split(separator: " ", maxSplits: 4)
        guard parts.count == 5, let input = Int(parts[0]), let line = Int(parts[1]), let byte = Int(parts[2]),
            let checksum = UInt32(parts[3], radix: 16), line >= 0, byte >= 0
        else { return nil }
        let position = RecordingPosition(line: line, byte: byte, checksum: checksum)
        let lines = headers.first { $0.name == linesName }.map { decode($0.value) } ?? []
        return (SourceMark(input: input, position: position, path: String(parts[4])), lines)
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

    /// Marks as bytes of a checkpoint: each as the text of its header, with a 32-bit count in front.
    static func encode(_ marks: [Int: SourceMark]) -> [UInt8] {
        var writer = ByteWriter()
        for mark in marks.values.sorted(by: { $0.input < $1.input }) {
            let text = mark.headers(lines: [])[0].value
            writer.appendLittleEndian(UInt32(text.count))
            writer.append(text)
        }
        return Array(writer.bytes)
    }

    /// Nil if the bytes are not marks.
    static func decodeMarks(_ bytes: [UInt8]) -> [Int: SourceMark]? {
        bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            var marks: [Int: SourceMark] = [:]
            do throws(ByteError) {
                while reader.remaining > 0 {
                    let text = Array(try reader.read(count: Int(try reader.readLittleEndian(UInt32.self))))
                    guard let mark = read([RecordHeader(name, text)])?.mark else { return nil }
                    marks[mark.input] = mark
                }
            } catch {
                return nil
            }
            return marks
        }
    }
}

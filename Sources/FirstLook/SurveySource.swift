import Bytes
import Ingest
import Recordings

/// A recording's bytes, of which the first ones are looked at before they are read.
final class SurveySource: ByteSource {
    private let file: FileSource
    private var source: RecordingSource
    private var ahead: [UInt8] = []
    private var taken = 0
    /// Whether the text is no UTF-8 and says of itself nothing else.
    private(set) var isGuessed = false

    /// Bytes that a shape is told by.
    private static let prefixSize = 1 << 18

    init(_ path: String, reading: RecordingReading) throws(RecordingError) {
        do throws(InputError) {
            var file = try FileSource(path)
            var source = try Self.source(file, reading.format, reading.encoding)
            var ahead = try Self.prefix(&source)
            if reading.encoding == nil, source.foundEncoding == nil, path != "-", !Self.isUTF8(ahead) {
                // What programs write that know no UTF-8; every byte is a character of it.
                isGuessed = true
                file = try FileSource(path)
                source = try Self.source(file, reading.format, .windows1252)
                ahead = try Self.prefix(&source)
            }
            (self.file, self.source, self.ahead) = (file, source, ahead)
        } catch {
            throw .unreadable(error.description)
        }
    }

    /// The text of a file; what it is made of is told by its bytes, not by its name.
    private static func source(
        _ file: FileSource,
        _ format: RecordingFormat?,
        _ encoding: TextEncoding?
    ) throws(InputError) -> RecordingSource {
        var source = RecordingSource(file, format: format, encoding: encoding)
        if format == nil {
            let first = try source.head().first { ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }
            source.format = first == 0x7B || first == 0x5B ? .jsonl : .csv
        }
        return source
    }

    private static func prefix(_ source: inout RecordingSource) throws(InputError) -> [UInt8] {
        var ahead: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: prefixSize)
        while ahead.count < prefixSize {
            var count = 0
            var fault: InputError?
            chunk.withUnsafeMutableBytes { buffer in
                do throws(InputError) { count = try source.read(into: buffer) } catch { fault = error }
            }
            if let fault { throw fault }
            guard count > 0 else { break }
            ahead += chunk[..<count]
        }
        return ahead
    }

    /// Whether all whole lines are UTF-8.
    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        let end = bytes.lastIndex(of: 0x0A) ?? bytes.count
        return bytes[..<end].withUnsafeBufferPointer { UTF8Check.isValid($0) }
    }

    var size: Int? { file.size }

    var fraction: Double? { file.size.map { $0 == 0 ? 1 : Double(file.bytesRead) / Double($0) } }

    /// Which format was told by the first bytes, if no option has said it.
    var format: RecordingFormat? { source.format }

    var encoding: TextEncoding { isGuessed ? .windows1252 : source.foundEncoding ?? .utf8 }

    var isSequence: Bool { source.isSequence }

    var container: String? { source.container?.rawValue.lowercased() }

    /// Calls the body with the first bytes, which are read again later.
    func withPrefix<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        ahead.withUnsafeBufferPointer(body)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
        guard taken < ahead.count else { return try source.read(into: buffer) }
        let count = min(buffer.count, ahead.count - taken)
        buffer.copyBytes(from: ahead[taken..<taken + count])
        taken += count
        return count
    }
}

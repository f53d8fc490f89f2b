import Base
import Bytes
import Console
import Dispatch
import Ingest
import Plan
import Recordings
import Survey

extension SurveyedFile {
    /// Why there is nothing to tell of it.
    var nothingRead: CommandError {
        profile.refused == 0
            ? CommandError(RecordingError.noEvent(in: [path]))
            : .input("\(Output.safe(path)): none of its records can be read")
    }
}

/// Reads files for a survey, each of its bytes once.
struct SurveyReader {
    /// What is known of how the files are to be read.
    let reading: RecordingReading
    let isQuiet: Bool

    /// Looks at each file by itself.
    func surveyEach(_ paths: [String]) throws(CommandError) -> [SurveyedFile] {
        var files: [SurveyedFile] = []
        for path in paths { files.append(try survey([path])) }
        return files
    }

    /// Looks at files one after another as at one; its shape is that of the first.
    func survey(_ paths: [String]) throws(CommandError) -> SurveyedFile {
        var survey: Survey?
        var shape: FileShape?
        var size: Int? = 0
        var lacksEnd = false
        let block = RecordBlock()
        let progress = ProgressBar("inspect", isQuiet: isQuiet)
        for path in paths {
            let file = try SurveySource(path, reading: reading)
            let own = try sniff(file, path)
            shape = shape ?? own
            size = size.flatMap { sum in file.size.map { sum + $0 } }
            let whole = survey ?? Survey(hasDecimalComma: own.hasDecimalComma)
            survey = whole
            if let line = own.headerLine {
                let words =
                    "the names of the columns are probably in line \(line), and everything here is from there on; a replay "
                    + "needs them in the first line: \(SourceWords(path, own).belowPreamble(line))"
                whole.note(Profile.Problem(words))
            }
            if try read(file, own, path, whole, block, progress) { lacksEnd = true }
        }
        progress.finish()
        guard let survey, let shape else { throw .usage("name a file") }
        return SurveyedFile(
            path: paths[0],
            shape: shape,
            size: size,
            profile: survey.profile(),
            lacksEnd: lacksEnd
        )
    }

    private func sniff(_ file: SurveySource, _ path: String) throws(CommandError) -> FileShape {
        if reading.format == nil, file.withPrefix(FileShape.isWebLog) {
            throw .input("\(path): \(Self.webLogWords(path))")
        }
        let format = file.format.map { $0 == .csv ? FileShape.Format.csv : .jsonl }
        var shape = file.withPrefix { bytes in
            FileShape.sniff(
                bytes,
                format: format,
                separator: reading.separator?.grammar.separator,
                hasDecimalComma: reading.decimal == .comma ? true : nil
            )
        }
        shape.encoding = file.encoding.rawValue
        shape.encodingIsGuessed = file.isGuessed
        shape.container = file.container
        shape.isSequence = file.isSequence
        return shape
    }

    /// Whether the last line has no end.
    private func read(
        _ file: SurveySource,
        _ shape: FileShape,
        _ path: String,
        _ survey: Survey,
        _ block: RecordBlock,
        _ progress: ProgressBar
    ) throws(CommandError) -> Bool {
        let grammar = shape.format == .csv ? CSVGrammar(separator: shape.separator) : nil
        var reader = LineReader(file, csv: grammar, isChecked: false)
        var csv: CSVRecords?
        var json = JSONRecords(block: block)
        var records = 0
        do throws(InputError) {
            while let line = try reader.next() {
                if let place = shape.headerLine, line.number < place { continue }
                if let grammar, csv == nil {
                    let names = try columns(line.bytes, grammar, shape, path)
                    if shape.header != nil { survey.noteHeader(names) }
                    reader.columnCount = names.count
                    csv = CSVRecords(names: FileShape.columnNames(names), grammar: grammar, block: block)
                    if shape.header != nil { continue }
                }
                add(line, &csv, &json, survey)
                guard block.isFull else { continue }
                records += block.count
                take(block, survey)
                progress.update("\(grouped(records)) records", fraction: file.fraction)
            }
        } catch {
            throw .input(error.description)
        }
        if block.count > 0 || records == 0 { take(block, survey) }
        if json.hasMoreColumns {
            survey.note(
                Profile.Problem("it has more than \(grouped(JSONRecords.columnLimit)) columns: keys that are data?")
            )
        }
        return reader.lacksEnd
    }

    private func columns(
        _ line: UnsafeBufferPointer<UInt8>,
        _ grammar: CSVGrammar,
        _ shape: FileShape,
        _ path: String
    ) throws(InputError) -> [String] {
        do throws(CSVGrammar.Fault) {
            let fields = try grammar.fields(of: line)
            if shape.header == nil { return fields.indices.map { "column_\($0 + 1)" } }
            return fields.map { SimilarName.trimmed(String(decoding: $0, as: UTF8.self)) }
        } catch {
            throw .unreadable(path: path, errno: 0, words: "its first line is no CSV header: \(error)")
        }
    }

    private func add(
        _ line: LineReader<SurveySource>.Line,
        _ csv: inout CSVRecords?,
        _ json: inout JSONRecords,
        _ survey: Survey
    ) {
        if let size = line.oversize { return survey.refuse(line: line.number, "a line of \(size) bytes") }
        guard UTF8Check.isValid(line.bytes) else { return survey.refuse(line: line.number, "invalid UTF-8") }
        if csv != nil {
            do throws(CSVGrammar.Fault) {
                try csv?.add(line.bytes, line: line.number)
            } catch {
                survey.refuse(line: line.number, error.description)
            }
        } else {
            do throws(JSONFault) {
                try json.add(line.bytes, line: line.number)
            } catch {
                survey.refuse(line: line.number, error.words)
            }
        }
    }

    private func take(_ block: RecordBlock, _ survey: Survey) {
        survey.take(block) { count, body in DispatchQueue.concurrentPerform(iterations: count, execute: body) }
        block.removeAll()
    }

    private static func webLogWords(_ path: String) -> String {
        let fields = #"(\S+) \S+ (\S+) \[([^]]+)\] "(\S+) (\S+)[^"]*" ([0-9]+) ([0-9]+|-).*"#
        return """
            it is a web server's log as text. Have the server write JSON lines (nginx: log_format with escape=json; Apache: \
            LogFormat), or make CSV of it:
              (echo host,user,time,method,path,status,bytes
               sed -nE 's/^\(fields)/\\1,\\2,\\3,\\4,"\\5",\\6,\\7/p' \(shellWord(path))) > log.csv
            """
    }
}

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

    init(_ path: String, reading: RecordingReading) throws(CommandError) {
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
            throw .input(error.description)
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

import Base
import Bytes
import Dispatch
import Ingest
import Plan
public import Recordings
public import Survey

extension SurveyedFile {
    /// Why there is nothing to tell of it.
    public var nothingRead: RecordingError {
        profile.refused == 0
            ? RecordingError.noEvent(in: [path])
            : .nothing("\(TerminalText.escaped(path)): none of its records can be read")
    }
}

/// Reads files for a survey, each of its bytes once.
public struct SurveyReader {
    /// What is known of how the files are to be read.
    let reading: RecordingReading
    /// Told how many records of a file have been read, and how much of the file, if its size is known.
    let progress: (Int, Double?) -> Void

    public init(reading: RecordingReading, progress: @escaping (Int, Double?) -> Void) {
        self.reading = reading
        self.progress = progress
    }

    /// Looks at files one after another as at one; its shape is that of the first.
    public func survey(_ paths: [String]) throws(RecordingError) -> SurveyedFile {
        var survey: Survey?
        var shape: FileShape?
        var size: Int? = 0
        var lacksEnd = false
        let block = RecordBlock()
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
            if try read(file, own, path, whole, block) { lacksEnd = true }
        }
        guard let survey, let shape else { throw .nothing("name a file") }
        return SurveyedFile(
            path: paths[0],
            shape: shape,
            size: size,
            profile: survey.profile(),
            lacksEnd: lacksEnd
        )
    }

    private func sniff(_ file: SurveySource, _ path: String) throws(RecordingError) -> FileShape {
        if reading.format == nil, file.withPrefix(FileShape.isWebLog) {
            throw .unreadable("\(path): \(Self.webLogWords(path))")
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
        _ block: RecordBlock
    ) throws(RecordingError) -> Bool {
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
                progress(records, file.fraction)
            }
        } catch {
            throw .unreadable(error.description)
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

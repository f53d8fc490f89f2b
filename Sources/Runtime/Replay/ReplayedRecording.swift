public import AlertStore
import Base
import Bytes
public import Ingest
public import Partition
public import Recordings

/// What came of a recording in one run, and what a person should know of it.
public struct ReplayedRecording {
    public var path: String
    /// Its number in the data directory.
    public var input: Int
    /// How far it was read.
    public var position: RecordingPosition
    public var range: TimeRange
    /// Events that this run has taken of it.
    public var taken: Int
    /// Events up to the position that no run has taken, because they are not in the range.
    public var leftOut: Int
    /// Whether it was read to its end.
    public var isAtEnd: Bool
    public var lateEnd: (line: Int, bytes: Int)?
    public var unended: (line: Int, bytes: Int)?
    /// Whether this run has read it from its beginning.
    public var isWhole: Bool
    /// Events that this run has taken and that were late, or not accepted for any reason.
    public var late: Int
    public var duplicates: Int
    public var refused: Int
    public var format: RecordingFormat
    /// When its bytes were read first, and whether as CSV, where this run has found nothing new.
    public var firstReading: (milliseconds: Int64, isCSV: Bool?)?
    public var findings: RecordingFindings
    /// The newest event time of the recordings before it in this run.
    public var newestBefore: Int64?

    public var record: InputRecord {
        InputRecord(
            path: path,
            recording: input,
            lines: position.line,
            bytes: position.byte,
            checksum: position.checksum,
            // A run over everything leaves out nothing once it is at the end.
            leftOut: isAtEnd || range != .all ? leftOut : nil,
            // What was read before was perhaps read otherwise.
            isCSV: taken > 0 ? format == .csv : nil
        )
    }

    private var name: String { path == "-" ? "standard input" : path }

    /// Whether it had events and none was accepted.
    public var isRefused: Bool { taken > 0 && refused >= taken }

    /// Whether it had events and all of them had been taken before, from elsewhere: nothing new, as of a file that is
    /// read again.
    public var isRepeated: Bool { taken > 0 && duplicates >= taken }

    /// Words for a file in which no event is, and none has ever been; nil for others.
    public var emptiness: String? {
        guard isAtEnd, isWhole, findings.lines == 0 else { return nil }
        if let unended { return "no event in \(name): \(Self.words(unended))" }
        let why =
            position.line == 0
            ? "it is empty" : format == .csv ? "it has no line behind its header" : "its lines are empty"
        return "no event in \(name): \(why)"
    }

    private static func words(_ unended: (line: Int, bytes: Int)) -> String {
        "line \(unended.line) has no end yet: its \(grouped(unended.bytes)) bytes are left for a later run, because more of it "
            + "may come; if the file is finished, add --finished"
    }

    /// Why the run is no success because of this recording; nil if it is one.
    public var failure: String? {
        if isRefused, !isRepeated { return "\(name): none of its \(grouped(taken)) events was accepted" }
        guard isWhole, let wrong = findings.absent().misnamed.first(where: \.isSame) else { return nil }
        return "\(name): it has \(TerminalText.escaped(wrong.name)), but the field of the pipeline is \(wrong.field)"
    }

    /// One line each.
    public var words: [String] {
        var lines: [String] = []
        if isAtEnd, taken == 0, emptiness == nil { lines.append("\(name): nothing new\(whyNothing)") }
        if isRepeated {
            lines.append(
                "\(name): nothing new: all of its \(grouped(taken)) events are duplicates, of ids that were taken before"
            )
        }
        lines += refusedWords + similarWords + absentWords
        if leftOut > 0 {
            let next = path == "-" ? "the same command with --resume and without them" : "the same command without them"
            lines.append("\(name): \(grouped(leftOut)) events outside of --from/--to were left out; \(next) takes them")
        }
        if let lateEnd {
            lines.append(
                "\(name): line \(lateEnd.line) had no end when it was read and was taken as it was then; the "
                    + "\(grouped(lateEnd.bytes)) bytes that have come to it since are passed over"
            )
        }
        if let unended, emptiness == nil { lines.append("\(name): \(Self.words(unended))") }
        return lines
    }

    private var whyNothing: String {
        if position.line == 0 { return "" }
        if range != .all { return " in --from/--to" }
        if isWhole { return ", it has no events" }
        let words = ", all of its \(grouped(position.line)) lines have been taken before"
        guard let firstReading else { return words + "; --again takes them once more" }
        func kind(_ isCSV: Bool) -> String { isCSV ? "CSV" : "JSON lines" }
        let read = firstReading.isCSV.map { ", as \(kind($0))" } ?? ""
        let when = TimeParser.text(milliseconds: firstReading.milliseconds).prefix(16)
        return "\(words): \(when)Z\(read); --again takes them once more, as \(kind(format == .csv))"
    }

    /// Of JSON; a header of CSV is spoken of before it is read.
    private var similarWords: [String] {
        guard isWhole, format != .csv else { return [] }
        return findings.similarNames.map {
            "\(name): \(TerminalText.escaped($0.name)) is taken as the field \($0.field)"
        }
    }

    private var refusedWords: [String] {
        var lines: [String] = []
        if !findings.reasons.isEmpty {
            let more = refused - late > findings.reasons.count ? "; …" : ""
            lines.append("\(name): rejected: \(findings.reasons.joined(separator: "; "))\(more)")
        }
        if let words = findings.aheadWords { lines.append("\(name): \(words)") }
        guard late > 0, let first = findings.firstTime else { return lines }
        if let newestBefore, first < newestBefore {
            lines.append(
                "\(name): begins at \(time(first)), when the files before it had come to \(time(newestBefore)): "
                    + "\(grouped(late)) of its events are late; --order time reads files by the times of their first events"
            )
        } else if late == taken {
            lines.append("\(name): all of its events are late: newer ones had been taken before")
        } else if let words = findings.lateWords(late, of: taken) {
            lines.append("\(name): \(words)")
        }
        return lines
    }

    private var absentWords: [String] { isWhole ? findings.absentWords(of: name) : [] }

    private func time(_ microseconds: Int64) -> String {
        TimeParser.text(milliseconds: microseconds.floorDivided(by: 1000).quotient)
    }
}

import AlertStore
import Engine

/// What came of a recording in one run, and what a person should know of it.
struct ReplayedRecording {
    var path: String
    /// Its number in the data directory.
    var input: Int
    /// How far it was read.
    var position: RecordingPosition
    var range: TimeRange
    /// Events that this run has taken of it.
    var taken: Int
    /// Events up to the position that no run has taken, because they are not in the range.
    var leftOut: Int
    /// Whether it was read to its end.
    var isAtEnd: Bool
    var lateEnd: (line: Int, bytes: Int)?
    var unended: (line: Int, bytes: Int)?

    var record: InputRecord {
        InputRecord(
            path: path,
            recording: input,
            lines: position.line,
            bytes: position.byte,
            checksum: position.checksum,
            // A run over everything leaves out nothing once it is at the end.
            leftOut: isAtEnd || range != .all ? leftOut : nil
        )
    }

    /// One line each.
    var words: [String] {
        let name = path == "-" ? "standard input" : path
        var lines: [String] = []
        if isAtEnd, taken == 0 { lines.append("\(name): nothing new\(whyNothing)") }
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
        if let unended {
            lines.append(
                "\(name): line \(unended.line) has no end yet: its \(grouped(unended.bytes)) bytes are left for a later run, "
                    + "because more of it may come; if the file is finished, add --finished"
            )
        }
        return lines
    }

    private var whyNothing: String {
        if position.line == 0 { return unended == nil ? ", it is empty" : "" }
        if range != .all { return " in --from/--to" }
        return ", all of its \(grouped(position.line)) lines have been taken before"
    }
}

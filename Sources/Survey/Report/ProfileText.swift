import Base
import Bytes

/// A profile for people: 80 columns wide, with nothing of the file in it that a terminal would obey.
public struct ProfileText {
    private let file: SurveyedFile
    private var profile: Profile { file.profile }

    private static let width = 80

    public init(_ file: SurveyedFile) {
        self.file = file
    }

    public var text: String {
        let parts = [shape, table, time, roles, problems]
        return TerminalText.escaped(file.path) + "\n" + parts.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    // MARK: - The file

    private var shape: String {
        var words: [String] = []
        switch file.shape.format {
        case .jsonl: words.append(file.shape.isSequence ? "JSON, not one object a line" : "JSON lines")
        case .csv:
            words.append("CSV, separated by \(Self.separatorWords(file.shape.separator))")
            words.append(file.shape.header == nil ? "no header: its first line is a record" : "a header")
            if file.shape.hasDecimalComma { words.append("decimal commas") }
        }
        words.append(encoding)
        if let container = file.shape.container { words.append("packed with \(container)") }
        var counts = "\(grouped(profile.records)) records"
        if profile.refused > 0 { counts += " and \(grouped(profile.refused)) that cannot be read" }
        if let size = file.size { counts += ", \(grouped(size)) bytes" }
        return wrapped("  ", [words.joined(separator: ", ") + ";", counts])
    }

    private var encoding: String {
        let name = file.shape.encoding.uppercased()
        if file.shape.encodingIsGuessed { return "no UTF-8: read as \(name)" }
        return file.shape.hasByteOrderMark ? "\(name) with a byte order mark" : name
    }

    private static func separatorWords(_ separator: UInt8) -> String {
        switch separator {
        case 0x2C: "commas"
        case 0x3B: "semicolons"
        case 0x09: "tabs"
        default: "|"
        }
    }

    // MARK: - Columns

    private var table: String {
        let names = profile.columns.map { Self.cut(TerminalText.escaped($0.path), 24) }
        let width = max(6, names.map(\.count).max() ?? 0)
        let rest = Self.width - width - 30
        var text = "  " + Self.padded("column", width) + "  type    null   distinct  values\n"
        for (name, column) in zip(names, profile.columns) {
            let distinct = (column.distinctIsExact ? "" : "~") + grouped(column.distinct)
            let share = Self.percent(column.nulls, of: profile.records)
            let line =
                "  " + Self.padded(name, width) + "  " + Self.padded(column.type.rawValue, 6)
                + Self.leading(share, 6) + Self.leading(distinct, 11) + "  " + Self.cut(values(column), rest)
            text += Self.trimmed(line) + "\n"
        }
        return text
    }

    private func values(_ column: ColumnProfile) -> String {
        switch column.type {
        case .number, .time:
            if let range = column.timeRange {
                return ProfileWords.time(range.lowerBound, isDate: column.isDate) + " to "
                    + ProfileWords.time(range.upperBound, isDate: column.isDate)
            }
            guard column.quantiles.count == 5 else { return "" }
            let words = [0, 2, 4].map { ProfileWords.number(column.quantiles[$0]) }
            return "\(words[0]) … \(words[1]) … \(words[2])"
        default:
            let repeats = column.top.first.map { $0.count * 100 >= column.count } ?? false
            return column.top.prefix(6).map { frequency in
                let value = Self.cut(TerminalText.escaped(frequency.value), 20)
                return repeats ? value + " " + Self.percent(frequency.count, of: column.count) : value
            }.joined(separator: ", ")
        }
    }

    // MARK: - What columns are good for

    private var time: String {
        guard let time = profile.time else {
            return wrapped("  time      ", ["no column has the times of the events: a pipeline needs one"])
        }
        var lines = ["\(TerminalText.escaped(time.column)): \(ProfileWords.spelling(time))"]
        switch time.spelling {
        case .form:
            lines.append(
                "\(ProfileWords.time(time.least, isDate: time.isDate)) to "
                    + "\(ProfileWords.time(time.largest, isDate: time.isDate)), \(ProfileWords.duration(time.span))"
            )
        case .relative:
            lines.append(
                "\(ProfileWords.duration(time.least)) to \(ProfileWords.duration(time.largest)) after an origin that the "
                    + "file does not say"
            )
        }
        lines.append(order(time))
        if let gap = time.gaps.first, gap.to - gap.from > 0 {
            lines.append("longest gap: \(ProfileWords.duration(gap.to - gap.from)), before line \(grouped(gap.line))")
        }
        if !profile.otherTimes.isEmpty { lines.append("also times: \(names(profile.otherTimes))") }
        let text = lines.enumerated().map { wrapped($0.offset == 0 ? "  time      " : "            ", [$0.element]) }
            .joined()
        // A command is one line, however long.
        return time.isReversed ? text + "  \(SourceWords(file.path, file.shape).turning)\n" : text
    }

    private func order(_ time: TimeProfile) -> String {
        guard time.late > 0 else { return "in order" }
        if time.isReversed { return "the newest first: turn the file round before a replay, with the command below" }
        let share = Self.percent(time.late, of: time.events)
        return "\(grouped(time.late)) events (\(share)) are earlier than one before them, by "
            + "\(ProfileWords.duration(time.lateness)) at most (line \(grouped(time.latestLine))), 99 % of them by "
            + "\(ProfileWords.duration(Int64(time.latenessTail * 1e6))) or less"
    }

    private var roles: String {
        var text = ""
        func add(_ label: String, _ lines: [String]) {
            for (index, line) in lines.enumerated() {
                text += wrapped("  " + Self.padded(index == 0 ? label : "", 10), [line])
            }
        }
        if !profile.ids.isEmpty { add("id", [names(profile.ids)]) }
        add("entity", profile.entities.prefix(6).map(words))
        if !profile.amounts.isEmpty { add("amount", [names(profile.amounts)]) }
        add(
            "label",
            profile.labels.prefix(4).map { label in
                let values = label.values.prefix(4).map {
                    TerminalText.escaped($0.value) + " " + Self.percent($0.count, of: profile.records)
                }
                return TerminalText.escaped(label.column) + ": " + values.joined(separator: ", ")
            }
        )
        if !profile.categories.isEmpty { add("kinds", [names(profile.categories)]) }
        return text
    }

    private func words(_ entity: EntityProfile) -> String {
        let exactly = entity.keysAreExact ? "" : "~"
        var text =
            "\(TerminalText.escaped(entity.column)): \(exactly)\(grouped(entity.keys)) keys; events of a key: \(grouped(entity.median)) "
            + "(median), \(grouped(entity.most)) at most"
        if entity.onceShare >= 0.005 { text += ", \(Self.percent(entity.onceShare)) of the keys once" }
        if let gap = entity.gapMedian { text += "; \(ProfileWords.duration(Int64(gap * 1e6))) between two of them" }
        if entity.late > 0 { text += "; out of order by \(ProfileWords.duration(entity.lateness)) at most" }
        return text
    }

    private func names(_ paths: [String]) -> String {
        paths.prefix(12).map { TerminalText.escaped($0) }.joined(separator: ", ") + (paths.count > 12 ? ", …" : "")
    }

    // MARK: - Problems

    private var problems: String {
        var lines: [String] = []
        for problem in profile.problems.prefix(20) {
            let first = problem.lines.map(grouped).joined(separator: ", ")
            let place =
                problem.lines.isEmpty
                ? "" : " (line \(first)\((problem.count ?? 0) > problem.lines.count ? ", …" : ""))"
            lines.append(
                (problem.count.map { "\(grouped($0)) × " } ?? "") + TerminalText.escaped(problem.words) + place
            )
        }
        if profile.problems.count > 20 { lines.append("and \(profile.problems.count - 20) more kinds") }
        return lines.enumerated().map { wrapped($0.offset == 0 ? "  problems  " : "            ", [$0.element]) }
            .joined()
    }

    // MARK: - Layout

    /// Words behind a label, on lines of 80 columns.
    private func wrapped(_ label: String, _ texts: [String]) -> String {
        let margin = String(repeating: " ", count: label.count)
        var out = ""
        var line = label
        var isFresh = true
        for word in texts.joined(separator: " ").split(separator: " ") {
            if !isFresh, line.count + 1 + word.count > Self.width {
                out += line + "\n"
                line = margin
                isFresh = true
            }
            line += (isFresh ? "" : " ") + word
            isFresh = false
        }
        return out + line + "\n"
    }

    private static func cut(_ text: String, _ width: Int) -> String {
        text.count <= width ? text : String(text.prefix(max(0, width - 1))) + "…"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func leading(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }

    private static func percent(_ part: Int, of whole: Int) -> String {
        percent(whole == 0 ? 0 : Double(part) / Double(whole))
    }

    private static func percent(_ share: Double) -> String {
        let value = share * 100
        if value == 0 { return "0 %" }
        if value < 0.01 { return "<.01 %" }
        if value < 0.995 { return fixed(value, 2).dropFirst() + " %" }
        if value < 9.95 || value > 99 && value < 100 { return fixed(min(value, 99.9), 1) + " %" }
        return fixed(value, 0) + " %"
    }
}

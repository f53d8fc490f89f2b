import Base
import Bytes
public import Plan
import Survey

/// What a run notices in a recording while it reads it, for what a person should know in the end.
public struct RecordingFindings {
    private let schema: Schema
    /// The pipeline's `max_ahead`.
    private let maximumAhead: Int64?
    /// By how much the events were ahead at most that are refused for that; nil if none is.
    public private(set) var ahead: Int64?
    /// The first reasons why lines were rejected, each kind once, with its line.
    public private(set) var reasons: [String] = []
    private var kinds: Set<String> = []
    /// Fields that no event has had yet.
    private var unseen: [Int]
    /// Names in the first events, and how many these were.
    private var names: Set<String> = []
    private var namedEvents = 0
    public private(set) var events = 0
    /// Lines that have been looked at, rejected ones too.
    public private(set) var lines = 0
    public private(set) var firstTime: Int64?
    public private(set) var newestTime: Int64?
    /// Where that was first.
    private var newestLine = 0

    /// How many reasons are kept, and of how many events the names are looked at.
    private static let reasonLimit = 3
    private static let nameEvents = 100

    /// Nothing has been looked at yet.
    public init(_ plan: PipelinePlan) {
        schema = plan.schema
        maximumAhead = plan.maximumAhead
        unseen = plan.schema.fields.indices.filter { plan.schema.fields[$0].role != .label }
    }

    /// Looks at the next chunk, decoded and judged.
    public mutating func note(_ chunk: Chunk) {
        let batch = chunk.batch
        lines += batch.count
        let accepted = (0..<batch.count).lazy.filter { batch.status[$0] == 0 }
        for row in accepted {
            let time = batch.times[row]
            firstTime = firstTime ?? time
            if time > newestTime ?? .min { (newestTime, newestLine) = (time, chunk.lines[row]) }
            events += 1
        }
        noteNames(batch)
        unseen.removeAll { field in
            if let list = batch.columns[field].list { return !list.texts.isEmpty || !list.numbers.isEmpty }
            return accepted.contains { Self.has(batch, field, $0) }
        }
        guard !batch.rejections.isEmpty else { return }
        for row in 0..<batch.count where batch.status[row] > 0 {
            guard case .ahead(let other) = batch.rejections[Int(batch.status[row]) - 1].kind else { continue }
            let (distance, overflow) = batch.times[row].subtractingReportingOverflow(other.time)
            ahead = max(ahead ?? 0, overflow ? .max : distance)
        }
        guard reasons.count < Self.reasonLimit else { return }
        for row in 0..<batch.count where batch.status[row] > 0 && reasons.count < Self.reasonLimit {
            let rejection = batch.rejections[Int(batch.status[row]) - 1]
            let words = (rejection.field.map { $0 + " " } ?? "") + rejection.reason
            // "at byte 7" and "at byte 12" are one kind.
            guard kinds.insert(words.filter { !$0.isNumber }).inserted else { continue }
            let advice = rejection.field.flatMap { hint(of: $0, batch, row) } ?? Self.advice(rejection.reason)
            reasons.append("line \(grouped(chunk.lines[row])): \(TerminalText.escaped(words))\(advice)")
        }
    }

    /// What may be meant where a field is missing, or its text is no number.
    private func hint(of field: String, _ batch: ColumnBatch, _ row: Int) -> String? {
        let rejection = batch.rejections[Int(batch.status[row]) - 1]
        if rejection.reason == "is missing", let known = schema.index(of: field) {
            return meant(schema.fields[known].path, among: otherNames).map {
                "; did you mean \(TerminalText.escaped($0.name))?"
            }
        }
        // What is wrong with a value of the right kind is said by the reason.
        let isUnread = ["is not a number", "is not a time"].contains(rejection.reason)
        guard isUnread, let known = schema.index(of: field),
            let member = Self.members(batch, row).first(where: { $0.key == schema.fields[known].path })
        else { return nil }
        let text: String
        switch member.value {
        case .text(let content): text = content
        case .number(let number): text = "\(number)"
        default: return nil
        }
        return Array(text.utf8).withUnsafeBufferPointer { spelling in
            switch schema.fields[known].type {
            case .number: numberAdvice(spelling, text, schema.fields[known].values.numbers)
            case .time where schema.fields[known].times.isRelative:
                TextValue.number(spelling) == nil
                    ? " (the field has a unit or an origin, so that its times are numbers)"
                    : " (with the field's unit and origin it is none of the years 1900 to 2199)"
            case .time where !schema.fields[known].times.formats.isEmpty:
                " (the field's format is \(schema.fields[known].times.formats.map { "\"\($0)\"" }.joined(separator: ", ")))"
            case .time where TextValue.number(spelling) != nil:
                " (if \(text) counts from a time of its own, the field needs origin and unit in the schema)"
            case .time: " (if \(TerminalText.escaped(text)) is one, the field needs its format in the schema)"
            case .bool, .text, .json: nil
            }
        }
    }

    private func numberAdvice(
        _ spelling: UnsafeBufferPointer<UInt8>,
        _ text: String,
        _ own: NumberStyle
    ) -> String? {
        var plain: [UInt8] = []
        func isNumber(_ style: NumberStyle) -> Bool {
            style != own && style.spell(spelling, into: &plain)
                && plain.withUnsafeBufferPointer { TextValue.number($0) } != nil
        }
        var people = NumberStyle()
        (people.thousands, people.hasCurrency, people.isAccounting) = (0x2C, true, true)
        if isNumber(people) {
            return
                " (if \(TerminalText.escaped(text)) is one, the field needs numbers: {thousands, currency, accounting} in the schema)"
        }
        guard !own.hasDecimalComma, isNumber(.decimalComma) else { return nil }
        return " (if \(text) has a decimal comma, add --decimal , and --again)"
    }

    private static func advice(_ reason: String) -> String {
        reason == "invalid UTF-8" ? " (if the file is in Windows-1252, add --encoding windows-1252 and --again)" : ""
    }

    private static func has(_ batch: ColumnBatch, _ field: Int, _ row: Int) -> Bool {
        let column = batch.columns[field]
        if let numbers = column.numbers { return !numbers[row].isNaN }
        return column.texts.map { !$0[row].isAbsent } ?? true
    }

    private mutating func noteNames(_ batch: ColumnBatch) {
        for row in 0..<batch.count where namedEvents < Self.nameEvents {
            namedEvents += 1
            names.formUnion(Self.paths(Self.members(batch, row), depth: 0))
        }
    }

    /// What the members of an object are called, those of objects in it with their way.
    private static func paths(_ members: [JSONValue.Member], depth: Int) -> [String] {
        members.flatMap { member -> [String] in
            guard case .object(let inner) = member.value, depth < 4 else { return [member.key] }
            return [member.key] + paths(inner, depth: depth + 1).map { member.key + "." + $0 }
        }
    }

    /// The names that may be meant where a field's is not there.
    private var otherNames: [String] {
        let paths = schema.fields.map(\.path)
        let roots = paths.flatMap { path in
            path.indices.filter { path[$0] == "." || path[$0] == "[" }.map { String(path[..<$0]) }
        }
        let known = Set((paths + roots).map { SimilarName.folded($0) })
        return names.filter { !known.contains(SimilarName.folded($0)) }.sorted()
    }

    /// The name that is a field's in another spelling: with other signs, shortened, or nearly the same.
    private func meant(_ path: String, among names: [String]) -> (name: String, isSame: Bool)? {
        if let same = names.first(where: { SimilarName.letters($0) == SimilarName.letters(path) }) {
            return (same, true)
        }
        let short = names.first { SimilarName.isShort($0, of: path) || SimilarName.isShort(path, of: $0) }
        return (closestName(to: path, among: names) ?? short).map { ($0, false) }
    }

    /// Names that were taken as a field's though upper and lower case or spaces differ.
    public var similarNames: [(name: String, field: String)] {
        let paths = schema.fields.map(\.path)
        return paths.filter { !names.contains($0) }.flatMap { path in
            names.filter { !paths.contains($0) && SimilarName.folded($0) == SimilarName.folded(path) }.sorted().prefix(
                1
            )
            .map { ($0, path) }
        }
    }

    /// What an event has; nothing if it is no JSON object.
    private static func members(_ batch: ColumnBatch, _ row: Int) -> [JSONValue.Member] {
        let event = batch.events[row]
        let bytes = batch.payload[Int(event.start)..<Int(event.start + event.count)]
        do throws(JSONFault) {
            guard case .object(let members) = try JSONValue.parse(Array(bytes)) else { return [] }
            return members
        } catch {
            return []
        }
    }

    /// What is to be done where events were refused as too far ahead, if their times are right.
    public var aheadWords: String? {
        guard let ahead, let maximumAhead else { return nil }
        guard ahead > maximumAhead else {
            return
                "some times were refused although they are ahead by less than max_ahead: others contradict them. If they are right "
                + "(few sources, long between their events), set time: {max_ahead: none} in the pipeline and run this again: all "
                + "events are judged anew"
        }
        let gap = ProfileWords.duration(ahead)
        return
            "some times were refused as too far ahead, by \(gap) at most. If that gap is true (a closed shop, few sources), set "
            + "time: {max_ahead: …} in the pipeline to more than it, or to none, and run this again: all events are judged anew"
    }

    /// What is to be said where most events of a recording are late: which one is ahead of them.
    public func lateWords(_ late: Int, of count: Int) -> String? {
        guard late * 2 > count, let newestTime else { return nil }
        let time = TimeParser.text(milliseconds: newestTime.floorDivided(by: 1000).quotient)
        return "\(grouped(late)) of \(grouped(count)) events are late: the newest one is at \(time), line "
            + "\(grouped(newestLine)); is its clock right?"
    }

    /// Why a run over recordings of which nothing was accepted is no success.
    public func nothingAccepted(of count: Int) -> String {
        let why = reasons.isEmpty ? "" : ": \(reasons.joined(separator: "; "))"
        return "none of the \(grouped(count)) events was accepted\(why)"
    }

    /// A field that no event has, under another name that some have.
    public struct Misnamed {
        public var field: String
        public var name: String
        /// Only upper and lower case, spaces, or signs such as _ and - differ.
        public var isSame: Bool
    }

    /// One line for each field that the events have under another name.
    public var misnamedWords: [String] {
        absent().misnamed.map {
            "\($0.field) is in none of the \(grouped(events)) events; did you mean \(TerminalText.escaped($0.name))?"
        }
    }

    /// Fields that none of the events has, and those of them that the events may have under another name.
    public func absent() -> (fields: [String], misnamed: [Misnamed]) {
        guard events > 0 else { return ([], []) }
        let names = otherNames
        var fields: [String] = []
        var misnamed: [Misnamed] = []
        for index in unseen {
            let path = schema.fields[index].path
            if let meant = meant(path, among: names) {
                misnamed.append(Misnamed(field: path, name: meant.name, isSame: meant.isSame))
            } else {
                fields.append(path)
            }
        }
        return (fields, misnamed)
    }

    /// Fields that no event had, one line each or together.
    public func absentWords(of name: String) -> [String] {
        let fields = absent().fields
        let count = "none of the \(grouped(events)) events"
        var lines = misnamedWords.map { "\(name): \($0)" }
        if !fields.isEmpty {
            let shown = fields.prefix(8).joined(separator: ", ")
            let more = fields.count > 8 ? " and \(fields.count - 8) more" : ""
            lines.append("\(name): \(fields.count == 1 ? "the field" : "the fields") \(shown)\(more): in \(count)")
        }
        return lines
    }
}

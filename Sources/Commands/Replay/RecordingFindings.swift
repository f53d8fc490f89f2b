import Base
import Bytes
import Plan

/// What a run notices in a recording while it reads it, for what a person should know in the end.
struct RecordingFindings {
    private let schema: Schema
    /// The first reasons why lines were rejected, each kind once, with its line.
    private(set) var reasons: [String] = []
    private var kinds: Set<String> = []
    /// Fields that no event has had yet.
    private var unseen: [Int]
    /// Names in the first events that are no fields.
    private var otherNames: Set<String> = []
    private(set) var events = 0
    private(set) var firstTime: Int64?
    private(set) var newestTime: Int64?

    /// How many reasons are kept, and of how many events the names are looked at.
    private static let reasonLimit = 3
    private static let nameEvents = 100

    init(_ schema: Schema) {
        self.schema = schema
        unseen = schema.fields.indices.filter { schema.fields[$0].role != .label }
    }

    mutating func note(_ chunk: Chunk) {
        let batch = chunk.batch
        let accepted = (0..<batch.count).lazy.filter { batch.status[$0] == 0 }
        for row in accepted {
            let time = batch.times[row]
            firstTime = firstTime ?? time
            newestTime = max(newestTime ?? time, time)
            events += 1
            if events <= Self.nameEvents { noteNames(batch, row) }
        }
        unseen.removeAll { field in
            if let list = batch.columns[field].list { return !list.texts.isEmpty || !list.numbers.isEmpty }
            return accepted.contains { Self.has(batch, field, $0) }
        }
        guard reasons.count < Self.reasonLimit, !batch.rejections.isEmpty else { return }
        for row in 0..<batch.count where batch.status[row] > 0 && reasons.count < Self.reasonLimit {
            let rejection = batch.rejections[Int(batch.status[row]) - 1]
            let words = (rejection.field.map { $0 + " " } ?? "") + rejection.reason
            // "at byte 7" and "at byte 12" are one kind.
            guard kinds.insert(words.filter { !$0.isNumber }).inserted else { continue }
            let advice = rejection.field.flatMap { hint(of: $0, batch, row) } ?? Self.advice(rejection.reason)
            reasons.append("line \(grouped(chunk.lines[row])): \(Output.safe(words))\(advice)")
        }
    }

    /// What may be wrong where a text is no number.
    private func hint(of field: String, _ batch: ColumnBatch, _ row: Int) -> String? {
        guard let known = schema.index(of: field), schema.fields[known].type == .number,
            let member = Self.members(batch, row).first(where: { $0.key == schema.fields[known].path }),
            case .text(let text) = member.value
        else { return nil }
        var spelling: [UInt8] = []
        guard Array(text.utf8).withUnsafeBufferPointer({ TextValue.spellWithPoint($0, into: &spelling) }) else {
            return nil
        }
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

    private mutating func noteNames(_ batch: ColumnBatch, _ row: Int) {
        otherNames.formUnion(Self.members(batch, row).map(\.key))
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

    /// Why a run over recordings of which nothing was accepted is no success.
    func nothingAccepted(of count: Int) -> String {
        let why = reasons.isEmpty ? "" : ": \(reasons.joined(separator: "; "))"
        return "none of the \(grouped(count)) events was accepted\(why)"
    }

    /// A field that no event has, under another name that some have.
    struct Misnamed {
        var field: String
        var name: String
        /// Only upper and lower case, spaces, or signs such as _ and - differ.
        var isSame: Bool
    }

    /// Fields that none of the events has, and those of them that the events may have under another name.
    func absent() -> (fields: [String], misnamed: [Misnamed]) {
        guard events > 0 else { return ([], []) }
        let paths = schema.fields.map(\.path)
        let roots = paths.map { path in String(path.prefix { $0 != "." && $0 != "[" }) }
        let names = otherNames.subtracting(paths + roots).sorted()
        var fields: [String] = []
        var misnamed: [Misnamed] = []
        for index in unseen {
            let path = schema.fields[index].path
            let same = names.first { Self.letters($0) == Self.letters(path) }
            if let name = same ?? closestName(to: path, among: names) {
                misnamed.append(Misnamed(field: path, name: name, isSame: same != nil))
            } else {
                fields.append(path)
            }
        }
        return (fields, misnamed)
    }

    private static func letters(_ name: String) -> String {
        name.lowercased().filter { $0.isLetter || $0.isNumber }
    }
}

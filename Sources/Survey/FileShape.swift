import Bytes

/// How a file of events is laid out, told by its first bytes.
public struct FileShape: Sendable, Equatable {
    public enum Format: String, Sendable { case jsonl, csv }

    public var format: Format
    /// What stands between fields of CSV.
    public var separator: UInt8 = 0x2C
    /// Whether numbers are spelled `1.234,50`.
    public var hasDecimalComma = false
    /// The columns of CSV that its first line names; nil if that line is a record.
    public var header: [String]?
    /// Where the header is if lines of something else are above it: a title, or what tells a spreadsheet the separator.
    public var headerLine: Int?
    public var hasByteOrderMark = false
    /// How its characters are bytes, whether it says so itself, and what it is packed in.
    public var encoding = "utf-8"
    public var encodingIsGuessed = false
    public var container: String?
    /// Whether its JSON is an array, or objects that are not one a line.
    public var isSequence = false

    public init(format: Format) {
        self.format = format
    }

    /// Records that are looked at.
    private static let recordLimit = 300
    /// Records above a header at most.
    private static let preambleLimit = 40
    /// The separators of CSV, the more usual ones first.
    private static let separators: [UInt8] = [0x2C, 0x3B, 0x09, 0x7C]

    /// Tells the shape.
    ///
    /// - Parameters:
    ///   - bytes: The file's first ones; a record that they end in the middle of is not looked at.
    ///   - format: If it is known.
    ///   - separator: If it is known.
    ///   - hasDecimalComma: If it is known.
    /// - Returns: what the first records are best read by.
    public static func sniff(
        _ bytes: UnsafeBufferPointer<UInt8>,
        format: Format? = nil,
        separator: UInt8? = nil,
        hasDecimalComma: Bool? = nil
    ) -> FileShape {
        let hasMark = bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
        let text = UnsafeBufferPointer(rebasing: bytes[(hasMark ? 3 : 0)...])
        let first = text.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
        let isJSON = first == 0x7B || first == 0x5B
        var shape = FileShape(format: format ?? (isJSON ? .jsonl : .csv))
        shape.hasByteOrderMark = hasMark
        guard shape.format == .csv else { return shape }
        let told = toldSeparator(text)
        let candidates = (separator ?? told).map { [$0] } ?? separators
        var best: (share: Double, fields: Int, records: [Record])?
        for candidate in candidates {
            let records = records(text, CSVGrammar(separator: candidate))
            let (fields, share) = usualCount(records)
            // One field says nothing: any other separator that fits is better.
            let isBetter =
                best.map { fields > 1 && ($0.fields == 1 || (share, fields) > ($0.share, $0.fields)) } ?? true
            guard isBetter else { continue }
            best = (share, fields, records)
            shape.separator = candidate
        }
        guard let best else { return shape }
        let records = best.records.map(\.fields)
        let place = told == nil ? headerPlace(records, usual: best.fields) : records.indices.dropFirst().first
        let rest = records.dropFirst(place ?? 0)
        guard let top = rest.first else { return shape }
        let names = top.map { String(decoding: $0, as: UTF8.self) }
        if isHeader(top, names, over: rest.dropFirst()) {
            shape.header = names
            shape.headerLine = place.map { best.records[$0].line }
        }
        shape.hasDecimalComma = hasDecimalComma ?? hasComma(shape.header == nil ? records[...] : rest.dropFirst())
        return shape
    }

    /// A record's fields, and its first line.
    private typealias Record = (fields: [[UInt8]], line: Int)

    /// What a first line `sep=;` says, which spreadsheets write and read.
    private static func toldSeparator(_ text: UnsafeBufferPointer<UInt8>) -> UInt8? {
        let line = text.prefix(8).prefix { $0 != 0x0A && $0 != 0x0D }.filter { $0 != 0x22 }
        guard line.count == 5, line.prefix(3).map({ $0 | 0x20 }).elementsEqual("sep".utf8), line[3] == 0x3D else {
            return nil
        }
        return separators.first { $0 == line[4] }
    }

    /// Which record is the header if the first one is none: the first of as many fields as most records have, all of
    /// them names, behind others that have fewer. Nil if the first one may be.
    private static func headerPlace(_ records: [[[UInt8]]], usual: Int) -> Int? {
        func isFull(_ record: [[UInt8]]) -> Bool {
            record.count == usual && record.count { !$0.isEmpty } > usual / 2
        }
        guard usual > 1, let first = records.first, !isFull(first) else { return nil }
        let place = records.prefix(preambleLimit).firstIndex(where: isFull)
        return place.flatMap { records[$0].allSatisfy(isName) ? $0 : nil }
    }

    /// The whole records, in fields.
    private static func records(_ text: UnsafeBufferPointer<UInt8>, _ grammar: CSVGrammar) -> [Record] {
        guard let bytes = text.baseAddress else { return [] }
        var records: [Record] = []
        var start = 0
        var line = 1
        while records.count < recordLimit, let end = recordEnd(bytes, start, text.count, grammar) {
            var stop = end
            while stop > start, bytes[stop - 1] == 0x0D { stop -= 1 }
            let record = UnsafeBufferPointer(start: bytes + start, count: stop - start)
            let first = line
            line += text[start...end].count { $0 == 0x0A }
            start = end + 1
            guard !record.isEmpty else { continue }
            do throws(CSVGrammar.Fault) { records.append((try grammar.fields(of: record), first)) } catch { continue }
        }
        return records
    }

    /// Where the record's line feed is; nil if it is not there.
    private static func recordEnd(
        _ bytes: UnsafePointer<UInt8>,
        _ start: Int,
        _ end: Int,
        _ grammar: CSVGrammar
    ) -> Int? {
        var position = start
        var place = CSVGrammar.Place()
        while true {
            switch grammar.endOfField(bytes, &position, end: end, &place) {
            case .separator:
                position += 1
                place = CSVGrammar.Place()
            case .lineEnd: return position
            case .unclosed, .exhausted: return (start..<end).first { bytes[$0] == 0x0A }
            }
        }
    }

    /// The number of fields that most records have, and the share of those.
    private static func usualCount(_ records: [Record]) -> (fields: Int, share: Double) {
        var counts: [Int: Int] = [:]
        for record in records { counts[record.fields.count, default: 0] += 1 }
        guard let best = counts.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { return (1, 0) }
        return (best.key, Double(best.value) / Double(records.count))
    }

    /// Whether a record names columns: no number and no time is among its texts. Where they are not all different, or
    /// some are empty, the records behind it must be of another kind.
    private static func isHeader(_ record: [[UInt8]], _ names: [String], over rest: ArraySlice<[[UInt8]]>) -> Bool {
        guard record.contains(where: { !$0.isEmpty }), record.allSatisfy(isName) else { return false }
        if Set(names).count == names.count, record.count(where: \.isEmpty) <= 1 { return true }
        return rest.contains { !$0.allSatisfy(isName) }
    }

    private static func isName(_ field: [UInt8]) -> Bool {
        field.withUnsafeBufferPointer { field in
            let text = TextValue.trimmed(field)
            return TextValue.number(text) == nil && TimeParser.instant(text) == nil
        }
    }

    /// A header's columns with names for those that have none: `column_5` is the fifth one.
    public static func columnNames(_ header: [String]) -> [String] {
        header.indices.map { index in
            guard header[index].isEmpty else { return header[index] }
            var name = "column_\(index + 1)"
            while header.contains(name) { name += "_" }
            return name
        }
    }

    /// Whether more fields are numbers with a decimal comma only than with a decimal point only.
    private static func hasComma(_ records: ArraySlice<[[UInt8]]>) -> Bool {
        var (commas, points) = (0, 0)
        var spelling: [UInt8] = []
        for field in records.joined() where field.count < 30 {
            field.withUnsafeBufferPointer { field in
                let isPoint = TextValue.number(field) != nil
                var isComma = NumberStyle.decimalComma.spell(field, into: &spelling)
                if isComma { isComma = spelling.withUnsafeBufferPointer { TextValue.number($0) } != nil }
                if isComma, !isPoint { commas += 1 }
                if isPoint, !isComma { points += 1 }
            }
        }
        return commas > points
    }

    /// Whether bytes are a web server's log in the common format, which is neither JSON nor CSV.
    public static func isWebLog(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let line = String(decoding: bytes.prefix { $0 != 0x0A }.prefix(400), as: UTF8.self)
        return line.prefixMatch(of: #/\S+ \S+ .{1,60}? \[\d\d/\w\w\w/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "/#) != nil
    }
}

import Bytes

/// Rows of numbers from CSV: a header of names, then one number a field; empty, `nan` or another word for null =
/// missing.
///
/// Numbers are read in 64 bits. Rows are collected behind one another
/// until ``removeAll()``: whoever reads a large file does so in batches.
public struct NumberRows: Sendable {
    /// What is wrong with a row.
    public enum Fault: Error, Sendable, Equatable, CustomStringConvertible {
        case header
        case fieldCount(Int, expected: Int)
        case field(column: String, text: String)
        /// A number where names are known.
        case category(column: String, text: String, names: [String])

        public var description: String {
            switch self {
            case .header: "the header is not a line of CSV"
            case .fieldCount(let count, let expected): "\(count) fields, but the header has \(expected)"
            case .category(let column, let text, let names):
                "column \"\(column)\": \"\(text)\" is not one of its categories (\(names.prefix(8).joined(separator: ", "))"
                    + (names.count > 8 ? " and \(names.count - 8) more" : "") + "); if the rows hold the categories' "
                    + "numbers, in the order of training: --category-codes"
            case .field(let column, let text): "column \"\(column)\": \"\(text)\" is not a number"
            }
        }
    }

    public let names: [String]
    private static let grammar = CSVGrammar()

    /// [row][column].
    public private(set) var values: [Double] = []
    public private(set) var rowCount = 0
    /// By column: which number each name of a category has.
    private var categories: [Int: Categories] = [:]
    /// By column: names that are no category of it, which count as missing.
    public private(set) var unknown: [Int: (count: Int, example: String)] = [:]

    /// The names that stand in a column for numbers, each for its place among them; of two alike for the first one's.
    public struct Categories: Sendable {
        fileprivate let names: [String]
        fileprivate let areNumbers: Bool
        private var numbers: [String: Int] = [:]
        private var values: [Double: Int] = [:]

        /// - Parameters:
        ///   - names: In the order of their numbers, from 0.
        ///   - areNumbers: Whether the names are numbers, which may be spelled in other ways, too: 5, 5.0.
        public init(_ names: [String], areNumbers: Bool) {
            self.names = names
            self.areNumbers = areNumbers
            for (number, name) in names.enumerated() {
                if numbers[name] == nil { numbers[name] = number }
                if areNumbers, let value = Double(name), values[value] == nil { values[value] = number }
            }
        }

        /// Nil if it is none of them.
        fileprivate func number(of text: String) -> Int? {
            numbers[text] ?? (areNumbers ? Double(text).flatMap { values[$0] } : nil)
        }
    }

    /// Columns that hold names of categories; what is appended from now on are their numbers.
    public mutating func read(categories: [Int: Categories]) { self.categories = categories }

    /// - Parameter header: The first line, without its end.
    /// - Throws: ``Fault/header``
    public init(header: some Sequence<UInt8>) throws(Fault) {
        let fields: [[UInt8]]
        do throws(CSVGrammar.Fault) {
            fields = try Array(header).withUnsafeBufferPointer { header throws(CSVGrammar.Fault) in
                try Self.grammar.fields(of: header)
            }
        } catch { throw .header }
        guard !(fields.count == 1 && fields[0].isEmpty) else { throw .header }
        names = fields.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Forgets the rows and keeps their memory.
    public mutating func removeAll() {
        values.removeAll(keepingCapacity: true)
        rowCount = 0
    }

    /// Appends a row.
    ///
    /// - Parameter line: Without its end.
    /// - Throws: ``Fault``; nothing is appended then.
    public mutating func append(_ line: UnsafeBufferPointer<UInt8>) throws(Fault) {
        let start = values.count
        var column = 0
        var position = 0
        guard let base = line.baseAddress, line.count > 0 else {
            // A line of nothing is one missing value.
            guard names.count == 1 else { throw .fieldCount(1, expected: names.count) }
            values.append(.nan)
            rowCount += 1
            return
        }
        while true {
            let first = position
            if !categories.isEmpty, let known = categories[column] {
                do throws(Fault) { values.append(try number(line, &position, column, known)) } catch {
                    values.removeSubrange(start...)
                    throw error
                }
            } else if position == line.count || base[position] == Self.grammar.separator {
                values.append(.nan)
            } else if let number = NumberParser.parse(base, &position, end: line.count),
                position == line.count || base[position] == Self.grammar.separator
            {
                values.append(number)
            } else {
                position = first
                guard let number = Self.word(line, &position) else {
                    values.removeSubrange(start...)
                    let text = line[first...].prefix { $0 != Self.grammar.separator }.prefix(40)
                    throw .field(
                        column: column < names.count ? names[column] : String(column),
                        text: String(decoding: text, as: UTF8.self)
                    )
                }
                values.append(number)
            }
            column += 1
            guard position < line.count else { break }
            position += 1
        }
        guard column == names.count else {
            values.removeSubrange(start...)
            throw .fieldCount(column, expected: names.count)
        }
        rowCount += 1
    }

    /// The number of a category's name; NaN for nothing, and for a name that is none.
    private mutating func number(
        _ line: UnsafeBufferPointer<UInt8>,
        _ position: inout Int,
        _ column: Int,
        _ known: Categories
    ) throws(Fault) -> Double {
        let content: [UInt8]
        let name = column < names.count ? names[column] : String(column)
        do throws(CSVGrammar.Fault) { content = try Self.grammar.content(of: line, &position) } catch {
            throw .field(column: name, text: "\"")
        }
        let text = String(decoding: content, as: UTF8.self)
        if let number = known.number(of: text) { return Double(number) }
        if content.withUnsafeBufferPointer(ValueStyle().isNull) { return .nan }
        // A name that nobody has seen is missing; a number is more likely the number of a category.
        guard known.areNumbers || Double(text) == nil else {
            throw .category(column: name, text: text, names: known.names)
        }
        unknown[column] = ((unknown[column]?.count ?? 0) + 1, unknown[column]?.example ?? text)
        return .nan
    }

    /// Words that are numbers here, as programs write rows: a feature can be infinite, which an event's number cannot,
    /// and a column of conditions is one of numbers.
    private static let words: [(words: WordList, value: Double)] = [
        (WordList(["true"]), 1), (WordList(["false"]), 0),
        (WordList(["inf", "+inf", "infinity", "+infinity"]), .infinity),
        (WordList(["-inf", "-infinity"]), -.infinity),
    ]

    /// What is not JSON's number: quotes, spaces, words for missing, infinite, true and false, `.5` and `+1`.
    private static func word(_ line: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> Double? {
        let content: [UInt8]
        do throws(CSVGrammar.Fault) { content = try grammar.content(of: line, &position) } catch { return nil }
        return content.withUnsafeBufferPointer { text in
            if ValueStyle().isNull(text) { return .nan }
            if let number = TextValue.number(text) { return number }
            return words.first { $0.words.contains(TextValue.trimmed(text)) }?.value
        }
    }
}

import ArgumentParser
import Foundation

/// How a listing is written to standard output.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, csv, json, jsonl
}

/// One value of a listing.
enum Cell: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case number(Double, decimals: Int = 4)
    case null

    static func optional(_ text: String?) -> Cell { text.map { .text($0) } ?? .null }

    static func optional(_ number: Double?, decimals: Int = 4) -> Cell {
        number.map { .number($0, decimals: decimals) } ?? .null
    }
}

/// Rows under named columns, written in one of the formats. The order of rows and columns is the caller's.
struct Listing {
    var columns: [String]
    var rows: [[Cell]]

    func write(as format: OutputFormat) {
        switch format {
        case .table: Output.data(table())
        case .csv: Output.data(csv())
        case .json: Output.data("[" + objects().joined(separator: ",\n ") + "]\n")
        case .jsonl: Output.data(objects().map { $0 + "\n" }.joined())
        }
    }

    private func table() -> String {
        let texts = rows.map { row in row.map { shown($0) } }
        let widths = columns.indices.map { column in
            max(columns[column].count, texts.map { $0[column].count }.max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.indices.map { index -> String in
                let space = String(repeating: " ", count: widths[index] - cells[index].count)
                return isNumeric(index) ? space + cells[index] : cells[index] + space
            }
            var text = padded.joined(separator: "  ")
            while text.last == " " { text.removeLast() }
            return text + "\n"
        }
        return line(columns) + texts.map { line($0) }.joined()
    }

    private func isNumeric(_ column: Int) -> Bool {
        for row in rows {
            switch row[column] {
            case .text: return false
            case .integer, .number: return true
            case .null: continue
            }
        }
        return false
    }

    private func shown(_ cell: Cell) -> String {
        switch cell {
        case .text(let text): Output.safe(text)
        case .integer(let value): String(value)
        case .number(let value, let decimals): value.isFinite ? fixed(value, decimals) : ""
        case .null: ""
        }
    }

    private func csv() -> String {
        func field(_ cell: Cell) -> String {
            switch cell {
            case .text(let text): CSVText.field(text)
            case .integer(let value): String(value)
            case .number(let value, _): value.isFinite ? String(describing: value) : ""
            case .null: ""
            }
        }
        let header = columns.joined(separator: ",") + "\n"
        return header + rows.map { $0.map(field).joined(separator: ",") + "\n" }.joined()
    }

    private func objects() -> [String] {
        rows.map { row in
            let members = columns.indices.map { index -> String in
                let value =
                    switch row[index] {
                    case .text(let text): JSONText.quoted(text)
                    case .integer(let value): String(value)
                    case .number(let value, _): value.isFinite ? String(describing: value) : "null"
                    case .null: "null"
                    }
                return JSONText.quoted(columns[index]) + ":" + value
            }
            return "{" + members.joined(separator: ",") + "}"
        }
    }
}

/// A number with a fixed count of decimals, a point, and no grouping.
func fixed(_ value: Double, _ decimals: Int) -> String {
    String(format: "%.\(decimals)f", value)
}

/// A count with thousands separators, for people: 1,754,155.
func grouped(_ value: Int) -> String {
    var digits = String(value.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
        groups.insert(String(digits.suffix(3)), at: 0)
        digits.removeLast(3)
    }
    groups.insert(digits, at: 0)
    return (value < 0 ? "-" : "") + groups.joined(separator: ",")
}

/// CSV fields.
enum CSVText {
    /// RFC 4180, and a cell that a spreadsheet would run as a formula is made text.
    static func field(_ text: String) -> String {
        var text = text
        if let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) { text = "'" + text }
        let needsQuotes = text.unicodeScalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
        return needsQuotes ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
    }
}

/// JSON strings.
enum JSONText {
    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20: out += String(format: "\\u%04x", scalar.value)
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

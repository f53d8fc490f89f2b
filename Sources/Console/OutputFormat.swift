public import ArgumentParser
import Base
import Foundation
import Tables

/// How a listing is written to standard output.
public enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, csv
    case rawCSV = "csv-raw"
    case json, jsonl

    public static let allValueDescriptions = [
        "table": "columns of one width", "csv": CSVText.guardedWords, "csv-raw": CSVText.rawWords,
        "json": "a list of objects", "jsonl": "an object a line",
    ]
}

/// One value of a listing.
public enum Cell: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case number(Double, decimals: Int = 4)
    case null

    /// A text, or an empty cell.
    public static func optional(_ text: String?) -> Cell { text.map { .text($0) } ?? .null }

    /// A number, or an empty cell.
    public static func optional(_ number: Double?, decimals: Int = 4) -> Cell {
        number.map { .number($0, decimals: decimals) } ?? .null
    }
}

/// Rows under named columns, written in one of the formats. The order of rows and columns is the caller's.
public struct Listing {
    public var columns: [String]
    public var rows: [[Cell]]

    public init(columns: [String], rows: [[Cell]]) {
        self.columns = columns
        self.rows = rows
    }

    /// Writes the whole listing to standard output.
    public func write(as format: OutputFormat) {
        let writer = ListingWriter(columns, format, alignedRows: .max)
        for row in rows { writer.add(row) }
        writer.end()
    }
}

/// Writes a listing row by row, for lists that may be longer than memory.
public final class ListingWriter {
    private let columns: [String]
    private let format: OutputFormat
    private let alignedRows: Int
    /// The rows of a table that wait until its widths are known.
    private var waiting: [[Cell]] = []
    private var widths: [Int]?
    private var isNumeric: [Bool] = []
    private var isEmpty = true
    private let output: OutputBuffer

    /// - Parameters:
    ///   - columns: The columns' names.
    ///   - format: How rows are written.
    ///   - alignedRows: How many rows a table's widths are made for; a later, wider cell moves what is behind it.
    public init(_ columns: [String], _ format: OutputFormat, alignedRows: Int = 1000) {
        self.columns = columns
        self.format = format
        self.alignedRows = alignedRows
        output = OutputBuffer(format == .json || format == .jsonl ? .json : .visible)
        if format == .csv || format == .rawCSV { output.put(columns.joined(separator: ",") + "\n") }
        if format == .json { output.put("[") }
    }

    /// Adds a row: one cell a column.
    public func add(_ row: [Cell]) {
        switch format {
        case .table:
            if let widths { return output.put(line(row.map(shown), widths)) }
            waiting.append(row)
            if waiting.count == alignedRows { beginTable() }
        case .csv, .rawCSV: output.put(row.map(csvField).joined(separator: ",") + "\n")
        case .json: output.put((isEmpty ? "" : ",\n ") + object(row))
        case .jsonl: output.put(object(row) + "\n")
        }
        isEmpty = false
    }

    /// Writes what is left, and what ends the format.
    public func end() {
        if format == .table, widths == nil { beginTable() }
        if format == .json { output.put("]\n") }
        output.flush()
    }

    // MARK: - Table

    private func beginTable() {
        let texts = waiting.map { $0.map(shown) }
        let widths = columns.indices.map { column in
            max(columns[column].count, texts.map { $0[column].count }.max() ?? 0)
        }
        isNumeric = columns.indices.map { column in isNumeric(column) }
        self.widths = widths
        waiting.removeAll()
        output.put(line(columns, widths))
        for text in texts { output.put(line(text, widths)) }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = cells.indices.map { index -> String in
            let space = String(repeating: " ", count: max(0, widths[index] - cells[index].count))
            return isNumeric[index] ? space + cells[index] : cells[index] + space
        }
        var text = padded.joined(separator: "  ")
        while text.last == " " { text.removeLast() }
        return text + "\n"
    }

    private func isNumeric(_ column: Int) -> Bool {
        for row in waiting {
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

    // MARK: - CSV and JSON

    private func csvField(_ cell: Cell) -> String {
        switch cell {
        case .text(let text): CSVText.field(Output.cell(text), isRaw: format == .rawCSV)
        case .integer(let value): String(value)
        case .number(let value, _): value.isFinite ? String(describing: value) : ""
        case .null: ""
        }
    }

    private func object(_ row: [Cell]) -> String {
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

/// JSON strings.
public enum JSONText {
    /// A text as a JSON string, with its quotes.
    public static func quoted(_ text: String) -> String {
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

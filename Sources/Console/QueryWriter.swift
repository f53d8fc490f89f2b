public import ArgumentParser
import Base
import Bytes
import Foundation
public import Plan
public import Runtime
import Tables
public import Windows

/// How a query's rows are written to standard output.
public enum QueryFormat: String, ExpressibleByArgument, CaseIterable {
    case csv
    case rawCSV = "csv-raw"
    case jsonl, summary

    public static let allValueDescriptions = [
        "csv": CSVText.guardedWords, "csv-raw": CSVText.rawWords, "jsonl": "an object a line",
        "summary": "how many rows, and the sum of each column",
    ]
}

/// Writes the rows of one partition, in stretches: one for each chunk of the recording.
public final class QueryWriter: QueryStretches {
    private let format: QueryFormat
    private let keyNames: [String]
    private let columnNames: [String]
    private var bytes: [UInt8] = []
    /// Where each stretch ends in `bytes`, and how many have been written.
    private var marks: [Int] = []
    private var written = 0
    public private(set) var rowCount = 0
    private var sums: [Double]

    /// Writes one partition's rows of a query.
    public init(_ query: Query, plan: PipelinePlan, format: QueryFormat) {
        self.format = format
        let entity = plan.entities[query.entity]
        keyNames = entity.key.enumerated().map { part, expression in
            if case .field(let field, _) = expression { return plan.schema.fields[field].name }
            return entity.key.count == 1 ? entity.name : "\(entity.name)_\(part + 1)"
        }
        if case .windows(_, _, let columns) = query.kind { columnNames = columns.map(\.name) } else { columnNames = [] }
        sums = Array(repeating: 0, count: columnNames.count)
    }

    /// Writes the names of the columns, if the format has such a line.
    public func writeHeader() {
        guard format == .csv || format == .rawCSV else { return }
        Output.data((["start", "end"] + keyNames + columnNames).joined(separator: ",") + "\n")
    }

    // MARK: - Stretches

    /// Forgets what was written: the next stretch is the first one.
    public func begin() {
        bytes.removeAll(keepingCapacity: true)
        marks.removeAll(keepingCapacity: true)
        written = 0
    }

    /// Ends a stretch.
    public func mark() { marks.append(bytes.count) }

    /// Writes the stretches up to a number, if it has not been done.
    public func flush(through number: Int) {
        guard number < marks.count, marks[number] > written else { return }
        Output.data(Array(bytes[written..<marks[number]]), format == .jsonl ? .json : .visible)
        written = marks[number]
    }

    // MARK: - Rows

    /// Adds rows to the stretch, in their order.
    public func take(_ rows: QueryRows) {
        rowCount += rows.count
        switch format {
        case .csv, .rawCSV: for row in 0..<rows.count { writeCSV(rows, row) }
        case .jsonl: for row in 0..<rows.count { writeJSON(rows, row) }
        case .summary:
            for (column, lane) in rows.columns.enumerated() {
                for row in 0..<rows.count where !lane[row].isNaN { sums[column] += lane[row] }
            }
        }
    }

    private func writeCSV(_ rows: QueryRows, _ row: Int) {
        append(TimeParser.text(milliseconds: rows.starts[row] / 1000))
        bytes.append(0x2C)
        append(TimeParser.text(milliseconds: rows.ends[row] / 1000))
        for part in keyNames.indices {
            bytes.append(0x2C)
            rows.key(part, row) {
                append(CSVText.field(Output.cell(String(decoding: $0, as: UTF8.self)), isRaw: format == .rawCSV))
            }
        }
        for lane in rows.columns {
            bytes.append(0x2C)
            append(number: lane[row], null: "")
        }
        bytes.append(0x0A)
    }

    private func writeJSON(_ rows: QueryRows, _ row: Int) {
        append("{\"start\":\"\(TimeParser.text(milliseconds: rows.starts[row] / 1000))\"")
        append(",\"end\":\"\(TimeParser.text(milliseconds: rows.ends[row] / 1000))\"")
        for (part, name) in keyNames.enumerated() {
            append(",\(JSONText.quoted(name)):")
            rows.key(part, row) { append(JSONText.quoted(String(decoding: $0, as: UTF8.self))) }
        }
        for (lane, name) in zip(rows.columns, columnNames) {
            append(",\"\(name)\":")
            append(number: lane[row], null: "null")
        }
        append("}\n")
    }

    private func append(_ text: String) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    private func append(number: Double, null: String) {
        guard !number.isNaN else { return append(null) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberWriter.sizeMax) { digits in
            guard let base = digits.baseAddress else { return }
            bytes.append(contentsOf: UnsafeBufferPointer(start: base, count: NumberWriter.write(number, to: base)))
        }
    }

    /// Rows and the sum of each column, of all partitions.
    public static func summary(_ writers: [QueryWriter]) -> String {
        let rows = writers.reduce(0) { $0 + $1.rowCount }
        var text = "rows=\(rows)"
        for (column, name) in writers[0].columnNames.enumerated() {
            let sum = writers.reduce(0) { $0 + $1.sums[column] }
            text += " \(name)=\(sum == sum.rounded() && sum.magnitude < 9e15 ? String(Int(sum)) : fixed(sum, 2))"
        }
        return text + "\n"
    }
}

import Base
import Bytes
public import Ingest

/// A CSV file of numbers, read in batches.
public final class RowFile<Source: ByteSource> {
    /// Rows a batch: enough to score them together, little memory.
    public static var batchRows: Int { 4096 }

    private var reader: LineReader<Source>
    /// The file as messages name it.
    public let path: String
    /// The current batch.
    public private(set) var rows: NumberRows

    /// Reads the header.
    ///
    /// - Parameters:
    ///   - source: The file's text, in UTF-8.
    ///   - path: The file as messages name it.
    /// - Throws: ``TableError/unreadable(_:)``
    public init(_ source: Source, path: String) throws(TableError) {
        self.path = path
        var reader = LineReader(source, csv: CSVGrammar())
        do throws(InputError) {
            guard let line = try reader.next() else {
                throw .unreadable(path: path, errno: 0, words: "it is empty: a header of column names is needed")
            }
            rows = try Self.rows(header: line.bytes, path: path)
        } catch {
            throw .unreadable(error.description)
        }
        self.reader = reader
    }

    private static func rows(header: UnsafeBufferPointer<UInt8>, path: String) throws(InputError) -> NumberRows {
        do throws(NumberRows.Fault) {
            return try NumberRows(header: header)
        } catch {
            throw .unreadable(path: path, errno: 0, words: error.description)
        }
    }

    /// Replaces ``rows`` by the next batch; false at the end.
    public func next() throws(TableError) -> Bool {
        rows.removeAll()
        while rows.rowCount < Self.batchRows {
            let line: LineReader<Source>.Line?
            do throws(InputError) { line = try reader.next() } catch { throw .unreadable(error.description) }
            guard let line else { break }
            let place = "\(path):\(line.number)"
            if let size = line.oversize { throw .unreadable("\(place): a line of \(grouped(size)) bytes") }
            do throws(NumberRows.Fault) { try rows.append(line.bytes) } catch {
                throw .unreadable("\(place): \(error.description)")
            }
        }
        return rows.rowCount > 0
    }

    /// The columns that hold names of categories.
    public func read(categories: [Int: NumberRows.Categories]) { rows.read(categories: categories) }

    /// Names that are no categories, in sentences.
    public var unknownCategories: [String] {
        rows.unknown.sorted { $0.key < $1.key }.map { column, unknown in
            "\(path): \(grouped(unknown.count)) fields of column \"\(rows.names[column])\" are no category of the model, "
                + "such as \"\(unknown.example)\": they count as missing"
        }
    }

    /// Some columns of the current batch's rows: [row][column], in the order that is asked for.
    public func values(_ columns: [Int]) -> [Double] {
        [Double](unsafeUninitializedCapacity: rows.rowCount * columns.count) { buffer, count in
            for row in 0..<rows.rowCount {
                let first = row * rows.names.count
                for column in columns {
                    buffer[count] = rows.values[first + column]
                    count += 1
                }
            }
        }
    }
}

import Base
import Bytes
import Plan

/// The header of a CSV recording.
struct CSVHeader {
    /// One a column, as the file has it.
    let names: [String]
    /// What a person should know of columns that are taken under another name.
    private(set) var notes: [String] = []

    /// Why a header cannot be used.
    enum Fault: Error, CustomStringConvertible {
        case malformed(CSVGrammar.Fault)
        case separator(header: String, CSVSeparator, isUTF8: Bool)
        case repeated(String)
        case lineEnds
        case noField(header: String, [String])

        var description: String {
            switch self {
            case .malformed(let fault): "its first line is no CSV header: \(fault)"
            case .separator(let header, let other, let isUTF8):
                "its first line, \(header), has none of the pipeline's fields; are they separated by "
                    + "\(other == .tab ? "tabs" : other.rawValue)? Then add --separator '\(other.rawValue)'"
                    + (isUTF8 ? "" : " --encoding windows-1252, for it is no UTF-8")
                    + "; a pipeline that `init` has drafted has the whole command at its head"
            case .noField(let header, let paths):
                "its first line, \(header), has none of the pipeline's fields (\(paths.prefix(5).joined(separator: ", "))"
                    + "\(paths.count > 5 ? ", …" : "")): the first line of CSV names the columns; `inspect` says where they are"
            case .lineEnds: "its lines end with a carriage return alone: make them line feeds first (tr '\\r' '\\n')"
            case .repeated(let name): "its header has the column \"\(name)\" more than once"
            }
        }
    }

    /// - Parameters:
    ///   - line: The first line of the recording.
    ///   - separator: What its columns are separated by.
    ///   - schema: Whose fields are looked for.
    /// - Throws: ``Fault``
    init(_ line: UnsafeBufferPointer<UInt8>, separator: CSVSeparator, schema: Schema) throws(Fault) {
        do throws(CSVGrammar.Fault) { names = try Self.names(line, separator) } catch { throw .malformed(error) }
        if names.contains(where: { $0.unicodeScalars.contains("\r") }) { throw .lineEnds }
        let paths = schema.fields.map(\.path)
        if Self.found(names, paths) == 0 {
            let header = Self.shown(line)
            guard let other = Self.better(line, than: separator, paths) else { throw .noField(header: header, paths) }
            throw .separator(header: header, other, isUTF8: UTF8Check.isValid(line))
        }
        for path in Set(paths).sorted() where names.count(where: { $0 == path }) > 1 { throw .repeated(path) }
        for path in paths where !names.contains(path) { note(path, paths) }
    }

    /// Whether a line names a field as a column, with any separator.
    static func isHeader(_ line: UnsafeBufferPointer<UInt8>, of schema: Schema) -> Bool {
        let paths = schema.fields.map(\.path)
        return CSVSeparator.allCases.contains { separator in
            do throws(CSVGrammar.Fault) { return found(try names(line, separator), paths) > 0 } catch { return false }
        }
    }

    /// Says which column is a field's that differs by spaces around it, a byte order mark or upper and lower case only:
    /// it is the decoder's business to take it, as of any event.
    private mutating func note(_ path: String, _ paths: [String]) {
        let similar = names.filter { SimilarName.folded($0) == SimilarName.folded(path) && !paths.contains($0) }
        guard let column = similar.first else { return }
        guard similar.count == 1 else {
            let list = similar.map { "\"\($0)\"" }.joined(separator: ", ")
            return notes.append("the field \(path) is the first of the columns \(list) that has a value")
        }
        notes.append("the column \"\(column)\" is taken as the field \(path)")
    }

    private static func names(
        _ line: UnsafeBufferPointer<UInt8>,
        _ separator: CSVSeparator
    ) throws(CSVGrammar.Fault) -> [String] {
        try separator.grammar.fields(of: line).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func found(_ names: [String], _ paths: [String]) -> Int {
        let known = Set(names.map { SimilarName.folded($0) })
        return paths.count { known.contains(SimilarName.folded($0)) }
    }

    /// The separator that finds the most fields.
    private static func better(
        _ line: UnsafeBufferPointer<UInt8>,
        than separator: CSVSeparator,
        _ paths: [String]
    ) -> CSVSeparator? {
        var best: (separator: CSVSeparator, found: Int)?
        for other in CSVSeparator.allCases where other != separator {
            let columns: [String]
            do throws(CSVGrammar.Fault) { columns = try names(line, other) } catch { continue }
            let found = found(columns, paths)
            if found > best?.found ?? 0 { best = (other, found) }
        }
        return best?.separator
    }

    private static func shown(_ line: UnsafeBufferPointer<UInt8>) -> String {
        TerminalText.escaped(String(decoding: line.prefix(60), as: UTF8.self)) + (line.count > 60 ? "…" : "")
    }
}

import Assets
import Foundation
import Ingest
public import Plan
import Yams

/// A pipeline file, read and checked; the default one is part of the executable.
public struct PipelineFile {
    public let plan: PipelinePlan
    public let path: String
    /// The file as it was written, with the places of everything.
    public let root: ConfigNode
    /// Its bytes as UTF-8.
    public let bytes: [UInt8]

    /// The pipeline that runs when none is named.
    public static let defaultName = "patternalarm"

    /// Reads a file, or the embedded pipeline of that name.
    ///
    /// - Throws: ``PipelineFileError`` with everything that is wrong, as file:line:column.
    public static func load(_ path: String?) throws(PipelineFileError) -> PipelineFile {
        if let path, FileManager.default.fileExists(atPath: path) {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw .unreadable("\(path): error: the file cannot be read")
            }
            return try parse(text(of: data), path: path)
        }
        let name = path ?? defaultName
        if let bytes = Assets.bytes("pipelines/\(name).yaml") {
            return try parse(String(decoding: bytes, as: UTF8.self), path: "\(name).yaml")
        }
        let known = Assets.names("pipelines/", suffix: ".yaml").joined(separator: ", ")
        throw .unreadable(
            "\(name): error: there is no such pipeline file, and no built-in pipeline of that name (\(known))"
        )
    }

    /// Editors write text as UTF-8 with a byte order mark or without, and as UTF-16.
    private static func text(of data: Data) -> String {
        if let encoding = TextEncoding(data), encoding != .utf8, let text = String(data: data, encoding: .utf16) {
            return text
        }
        return String(decoding: data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data, as: UTF8.self)
    }

    /// Checks the text of a pipeline file.
    public static func parse(_ text: String, path: String) throws(PipelineFileError) -> PipelineFile {
        let root: ConfigNode
        do {
            guard let node = try Yams.compose(yaml: text) else {
                let start = SourcePosition(line: 1, column: 1)
                throw PipelineFileError.wrong([Diagnostic(file: path, position: start, message: "the file is empty")])
            }
            var conversion = NodeConversion(path: path)
            root = try conversion.convert(node)
        } catch let error as PipelineFileError {
            throw error
        } catch let error as YamlError {
            throw describe(error, text, path: path)
        } catch {
            throw .unreadable("\(path): error: \(error)")
        }
        do throws(PlanError) {
            let zones = ZoneFinder(zone: ZoneTable.zone, names: { ZoneTable.names })
            return PipelineFile(
                plan: try PipelinePlan.parse(root, file: path, zones: zones),
                path: path,
                root: root,
                bytes: Array(text.utf8)
            )
        } catch {
            throw .wrong(error.diagnostics)
        }
    }

    private static func describe(_ error: YamlError, _ text: String, path: String) -> PipelineFileError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            .wrong([
                Diagnostic(
                    file: path,
                    position: SourcePosition(line: mark.line, column: mark.column),
                    message: "not YAML: \(problem)"
                )
            ])
        case .duplicatedKeysInMapping(let duplicates, let context):
            .wrong([repeated(duplicates.sorted().first ?? "", context.mark, text, path: path)])
        default: .unreadable("\(path): error: \(error)")
        }
    }
}

extension PipelineFile {
    /// The reader tells where the first of two equal keys is; what has to go is the second.
    private static func repeated(_ key: String, _ first: Mark, _ text: String, path: String) -> Diagnostic {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let margin = String(repeating: " ", count: first.column - 1)
        let spellings = [key, "\"\(key)\"", "'\(key)'"].map { margin + $0 + ":" }
        let second = lines.indices.first { line in
            line >= first.line && spellings.contains { lines[line].hasPrefix($0) }
        }
        let place = SourcePosition(line: second.map { $0 + 1 } ?? first.line, column: first.column)
        let other = second == nil ? "" : "; the other is in line \(first.line)"
        return Diagnostic(file: path, position: place, message: "the key \"\(key)\" occurs twice\(other)")
    }
}

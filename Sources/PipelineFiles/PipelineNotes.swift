import Base
import Plan

/// What of a pipeline nothing uses, with its place in the file.
public struct PipelineNotes {
    public let lines: [String]

    /// Looks for what a pipeline has and does not use.
    public init(_ file: PipelineFile) {
        let unused = file.plan.unused
        var notes: [(position: SourcePosition, words: String)] = []
        func add(_ names: [String], in path: [String], _ what: String, _ words: String) {
            let entries = path.reduce(file.root as ConfigNode?) { $0?.child($1) }
            for name in names {
                let position = entries?.position(of: name) ?? file.root.position
                notes.append((position, "\(what) \"\(name)\" \(words)"))
            }
        }
        add(unused.fields, in: ["schema", "fields"], "the field", "is used by nothing")
        add(unused.entities, in: ["entities"], "the entity", "is used by nothing")
        add(file.unusedLists, in: ["lists"], "the list", "is used by nothing")
        add(
            unused.features,
            in: ["features"],
            "the feature",
            "is looked at by no rule and no model: alerts show it, `train` learns from it"
        )
        lines = notes.sorted { ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column) }
            .map {
                "\(TerminalText.escaped(file.path)):\($0.position.line):\($0.position.column): note: \(TerminalText.escaped($0.words))"
            }
    }
}

extension ConfigNode {
    /// The texts of all scalars below.
    fileprivate var scalars: [String] {
        switch self {
        case .scalar(let text, _, _): [text]
        case .list(let items, _): items.flatMap(\.scalars)
        case .map(let entries, _): entries.flatMap(\.value.scalars)
        }
    }

    private var entries: [ConfigNode.Entry] {
        guard case .map(let entries, _) = self else { return [] }
        return entries
    }

    /// What a key of a map stands for, or nil.
    fileprivate func child(_ key: String) -> ConfigNode? { entries.first { $0.key == key }?.value }

    /// Where a key of a map is, or nil.
    fileprivate func position(of key: String) -> SourcePosition? { entries.first { $0.key == key }?.keyPosition }
}

extension PipelineFile {
    /// The lists that no expression names.
    fileprivate var unusedLists: [String] {
        guard case .map(let entries, _)? = root.child("lists") else { return [] }
        let texts = root.scalars
        return entries.map(\.key).filter { name in
            !texts.contains { text in
                text.ranges(of: "@" + name).contains { range in
                    let next = text[range.upperBound...].first
                    return !(next.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false)
                }
            }
        }
    }
}

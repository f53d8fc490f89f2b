import Plan
import Yams

/// Makes what the plan reads of what the YAML reader has read.
struct NodeConversion {
    private let path: String
    private var count = 0

    /// What is written once can stand in many places, and so on: a small file could become a tree of any size.
    private static let nodesMax = 1 << 18

    init(path: String) {
        self.path = path
    }

    mutating func convert(_ node: Node) throws(PipelineFileError) -> ConfigNode {
        let position = SourcePosition(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        count += 1
        guard count <= Self.nodesMax else {
            let words = "the file has more than \(Self.nodesMax) parts, with those that stand for others (*)"
            throw .wrong([Diagnostic(file: path, position: position, message: words)])
        }
        switch node {
        case .scalar(let scalar):
            let isQuoted = scalar.style == .doubleQuoted || scalar.style == .singleQuoted
            return .scalar(scalar.string, position, contentColumns: isQuoted ? 1 : 0)
        case .sequence(let sequence):
            var items: [ConfigNode] = []
            for item in sequence { items.append(try convert(item)) }
            return .list(items, position)
        case .mapping(let mapping):
            var entries: [ConfigNode.Entry] = []
            for (key, value) in mapping {
                let place = SourcePosition(line: key.mark?.line ?? 1, column: key.mark?.column ?? 1)
                entries.append(.init(key: key.string ?? "", keyPosition: place, value: try convert(value)))
            }
            return .map(entries, position)
        case .alias:
            return .scalar("", position, contentColumns: 0)
        }
    }
}

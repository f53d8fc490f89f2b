import Bytes

/// A model as a file: the forest, and what a person wants to know about how it came to be.
///
/// JSON: `format`, `features`, `classes`, `metadata`, `trees`, and at the very end `crc32c`, the checksum of all bytes before
/// its comma (version 1 had none). A tree's nodes are listed depth first, left before right, so
/// the links need not be stored: `feature` of every node (-1 = leaf), `threshold` and `missing` ("l"/"r") of the inner
/// ones, `cover` of the leaves, and `leaves`: for each one the number of its classes, then class and probability of each.
/// The same model gives the same bytes.
public struct ModelFile: Sendable, Equatable {
    public static let format = "patternalarm-forest/2"
    private static let formatWithoutChecksum = "patternalarm-forest/1"

    public var forest: ForestModel
    public var metadata: JSONValue

    public init(forest: ForestModel, metadata: JSONValue) {
        self.forest = forest
        self.metadata = metadata
    }

    public func encoded() -> [UInt8] {
        let classes = forest.classNames.count
        let trees = forest.trees.map { tree -> JSONValue in
            var thresholds: [Double] = []
            var missing = ""
            var covers: [Double] = []
            for node in 0..<tree.nodeCount {
                if tree.feature[node] < 0 {
                    covers.append(Double(tree.cover[node]))
                } else {
                    thresholds.append(Double(tree.threshold[node]))
                    missing += tree.missingGoesLeft[node] ? "l" : "r"
                }
            }
            var leaves: [Double] = []
            for leaf in 0..<tree.leaves.count / classes {
                let present = (0..<classes).filter { tree.leaves[leaf * classes + $0] != 0 }
                leaves.append(Double(present.count))
                for index in present { leaves += [Double(index), Double(tree.leaves[leaf * classes + index])] }
            }
            return .object([
                .init("feature", .numbers(tree.feature.map { Double($0) })),
                .init("threshold", .numbers(thresholds)),
                .init("missing", .text(missing)),
                .init("cover", .numbers(covers)),
                .init("leaves", .numbers(leaves)),
            ])
        }
        var out: [UInt8] = []
        JSONValue.object([
            .init("format", .text(Self.format)),
            .init("features", .list(forest.featureNames.map { .text($0) })),
            .init("classes", .list(forest.classNames.map { .text($0) })),
            .init("metadata", metadata),
            .init("trees", .list(trees)),
        ]).write(into: &out)
        out.removeLast()
        out += Self.ending(of: out[...])
        return out
    }

    /// What follows the last member that the checksum covers.
    private static func ending(of body: ArraySlice<UInt8>) -> [UInt8] {
        let digits = String(Checksum.crc32c(Array(body)), radix: 16)
        return Array(",\"crc32c\":\"\(String(repeating: "0", count: 8 - digits.count))\(digits)\"}\n".utf8)
    }

    private static let endingBytes = 22

    /// Reads a model file, whoever wrote it: everything is checked, memory is proportional to the file.
    public init(decoding bytes: [UInt8]) throws(ForestError) {
        let root: JSONValue
        do throws(JSONFault) {
            root = try JSONValue.parse(bytes)
        } catch {
            throw .syntax(position: error.position, words: error.words)
        }
        switch root["format"]?.text {
        case Self.format:
            let body = bytes.dropLast(Self.endingBytes)
            guard Array(bytes[body.endIndex...]) == Self.ending(of: body) else {
                throw .invalid(part: "crc32c", words: "the file is not what was written: its checksum is wrong")
            }
        case Self.formatWithoutChecksum: break
        default: throw .invalid(part: "format", words: "it is not \"\(Self.format)\"")
        }
        guard let features = root["features"]?.textList else {
            throw .invalid(part: "features", words: "a list of names is missing")
        }
        guard let classes = root["classes"]?.textList else {
            throw .invalid(part: "classes", words: "a list of names is missing")
        }
        guard case .list(let sources)? = root["trees"] else {
            throw .invalid(part: "trees", words: "the list is missing")
        }
        var trees: [Tree] = []
        for (index, source) in sources.enumerated() {
            trees.append(try Self.tree(source, index, features: features.count, classes: classes.count))
        }
        forest = try ForestModel(featureNames: features, classNames: classes, trees: trees)
        metadata = root["metadata"] ?? .object([])
    }

    private static func tree(
        _ source: JSONValue,
        _ index: Int,
        features: Int,
        classes: Int
    ) throws(ForestError) -> Tree {
        func refuse(_ words: String) -> ForestError { .invalid(part: "tree \(index)", words: words) }
        guard let feature = source["feature"]?.numberList, let threshold = source["threshold"]?.numberList,
            let missing = source["missing"]?.text.map({ Array($0.utf8) }), let cover = source["cover"]?.numberList,
            let leaves = source["leaves"]?.numberList
        else { throw refuse("a part is missing") }
        var tree = Tree()
        var inner = 0
        var leaf = 0
        // Inner nodes that still wait for their right child: in depth-first order the innermost one is next.
        var open: [Int] = []
        for (node, value) in feature.enumerated() {
            guard value.rounded() == value, value >= -1, value < Double(features) else {
                throw refuse("node \(node) tests a feature that does not exist")
            }
            guard node == 0 || !open.isEmpty || tree.feature[node - 1] >= 0 else {
                throw refuse("node \(node) belongs to no subtree")
            }
            if node > 0, tree.feature[node - 1] < 0 {
                guard let parent = open.popLast() else { throw refuse("node \(node) belongs to no subtree") }
                tree.right[parent] = Int32(node)
            }
            tree.feature.append(Int32(value))
            if value < 0 {
                guard leaf < cover.count else { throw refuse("covers are missing") }
                tree.right.append(Int32(leaf))
                tree.threshold.append(0)
                tree.missingGoesLeft.append(true)
                tree.cover.append(Float(cover[leaf]))
                leaf += 1
            } else {
                guard inner < threshold.count, inner < missing.count else { throw refuse("thresholds are missing") }
                guard open.count < ForestModel.depthLimit else { throw refuse("it is too deep") }
                open.append(node)
                tree.right.append(0)
                tree.threshold.append(Float(threshold[inner]))
                tree.missingGoesLeft.append(missing[inner] == 0x6C)
                tree.cover.append(0)
                inner += 1
            }
        }
        guard open.isEmpty, inner == threshold.count, inner == missing.count, leaf == cover.count else {
            throw refuse("its arrays do not fit one another")
        }
        for node in (0..<tree.nodeCount).reversed() where tree.feature[node] >= 0 {
            tree.cover[node] = tree.cover[node + 1] + tree.cover[Int(tree.right[node])]
        }
        tree.leaves = try distributions(leaves, count: leaf, classes: classes, refuse)
        return tree
    }

    private static func distributions(
        _ source: [Double],
        count: Int,
        classes: Int,
        _ refuse: (String) -> ForestError
    ) throws(ForestError) -> [Float] {
        guard count <= source.count, count * classes <= ForestModel.nodeLimit else {
            throw refuse("leaves are missing")
        }
        var leaves = Array(repeating: Float(0), count: count * classes)
        var position = 0
        for leaf in 0..<count {
            guard position < source.count, source[position] >= 0, source[position] <= Double(classes) else {
                throw refuse("leaf \(leaf) is malformed")
            }
            let present = Int(source[position])
            position += 1
            guard position + 2 * present <= source.count else { throw refuse("leaf \(leaf) is cut off") }
            for _ in 0..<present {
                let name = source[position]
                guard name.rounded() == name, name >= 0, name < Double(classes) else {
                    throw refuse("leaf \(leaf) names a class that does not exist")
                }
                leaves[leaf * classes + Int(name)] = Float(source[position + 1])
                position += 2
            }
        }
        guard position == source.count else { throw refuse("there are more leaves than nodes") }
        return leaves
    }
}

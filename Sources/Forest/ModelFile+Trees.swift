import Bytes

extension ModelFile {
    static func value(of tree: Tree, _ forest: ForestModel) -> JSONValue {
        var thresholds: [Double] = []
        var missing = ""
        var tests = ""
        var leafCovers: [Double] = []
        for node in 0..<tree.nodeCount {
            if tree.feature[node] < 0 {
                leafCovers.append(Double(tree.cover[node]))
            } else {
                // JSON has no infinity: the largest number stands for it, or what is above a Float's range.
                let infinity = forest.rowPrecision == .single ? 1e300 : Double.greatestFiniteMagnitude
                thresholds.append(min(tree.threshold[node], infinity))
                missing += tree.missingGoesLeft[node] ? "l" : "r"
                tests += spelling[tree.test(node)] ?? ""
            }
        }
        let sums = tree.summingCovers()
        var members: [JSONValue.Member] = [.init("feature", .numbers(tree.feature.map { Double($0) }))]
        members.append(.init("threshold", numbers(thresholds, forest.rowPrecision)))
        members.append(.init("missing", .text(missing)))
        if !tree.tests.isEmpty { members.append(.init("tests", .text(tests))) }
        if !tree.categoryOffsets.isEmpty {
            let sets = zip(tree.categoryOffsets, tree.categoryOffsets.dropFirst()).map { first, end in
                JSONValue.numbers(tree.categoryWords[Int(first)..<Int(end)].map { Double($0) })
            }
            members.append(.init("sets", .list(sets)))
        }
        let areSums = sums == tree.cover
        members.append(.init("cover", .numbers(areSums ? leafCovers : tree.cover.map { Double($0) })))
        if tree.leafWidth == 1 {
            if forest.outputCount > 1 { members.append(.init("output", .number(Double(tree.output)))) }
            members.append(.init("leaves", numbers(tree.leaves, forest.precision)))
        } else {
            var leaves: [Double] = []
            for leaf in 0..<tree.leafCount {
                let values = tree.leaves[leaf * tree.leafWidth..<(leaf + 1) * tree.leafWidth]
                let present = values.indices.filter { values[$0] != 0 }
                leaves.append(Double(present.count))
                for index in present { leaves += [Double(index - values.startIndex), values[index]] }
            }
            members.append(.init("leaves", numbers(leaves, forest.precision)))
        }
        return .object(members)
    }

    fileprivate static let spelling: [NodeTest: String] = [.less: "<", .equal: "=", .inSet: "c"]
}

extension Tree {
    /// The covers, those of inner nodes replaced by the sums of their children's.
    fileprivate func summingCovers() -> [Float] {
        var sums = cover
        for node in (0..<nodeCount).reversed() where feature[node] >= 0 {
            sums[node] = sums[node + 1] + sums[Int(right[node])]
        }
        return sums
    }
}

/// Reads one tree of a model file; the model's own check comes after it.
struct TreeReader {
    let index: Int
    let features: Int
    let outputs: Int
    /// Whether the file is of a version that knows more than random forests.
    let isGeneral: Bool
    /// Whether leaves were spelled as numbers of 32 bits.
    let isSingle: Bool
    /// Whether thresholds are numbers of 32 bits.
    let hasSingleThresholds: Bool

    private func refuse(_ words: String) -> ForestError { .invalid(part: "tree \(index)", words: words) }

    private func limit(_ value: Double) -> Double {
        if hasSingleThresholds { return Double(Float(value)) }
        return value == .greatestFiniteMagnitude ? .infinity : value
    }

    private func narrowed(_ value: Double) -> Double { isSingle ? Double(Float(value)) : value }

    func tree(_ source: JSONValue, cells: inout Int) throws(ForestError) -> Tree {
        guard let feature = source["feature"]?.numberList, let threshold = source["threshold"]?.numberList,
            let missing = source["missing"]?.text.map({ Array($0.utf8) }), let cover = source["cover"]?.numberList,
            let leaves = source["leaves"]?.numberList
        else { throw refuse("a part is missing") }
        var tree = Tree()
        if isGeneral { tree = try frame(source) } else { tree.leafWidth = outputs }
        let tests = isGeneral ? source["tests"]?.text.map { Array($0.utf8) } : nil
        guard tests.map({ $0.count == threshold.count }) ?? true else { throw refuse("tests are missing") }
        let coversAll = cover.count == feature.count
        var inner = 0
        var leaf = 0
        // Inner nodes that still wait for their right child: in depth-first order the innermost one is next.
        var open: [Int] = []
        for (node, value) in feature.enumerated() {
            guard value.rounded() == value, value >= -1, value < Double(features) else {
                throw refuse("node \(node) tests a feature that does not exist")
            }
            if node > 0, tree.feature[node - 1] < 0 {
                guard let parent = open.popLast() else { throw refuse("node \(node) belongs to no subtree") }
                tree.right[parent] = Int32(node)
            }
            tree.feature.append(Int32(value))
            if value < 0 {
                guard coversAll || leaf < cover.count else { throw refuse("covers are missing") }
                tree.right.append(Int32(leaf))
                tree.threshold.append(0)
                tree.missingGoesLeft.append(true)
                tree.cover.append(Float(cover[coversAll ? node : leaf]))
                if tests != nil { tree.tests.append(.less) }
                leaf += 1
            } else {
                guard inner < threshold.count, inner < missing.count else { throw refuse("thresholds are missing") }
                open.append(node)
                tree.right.append(0)
                tree.threshold.append(limit(threshold[inner]))
                tree.missingGoesLeft.append(missing[inner] == 0x6C)
                tree.cover.append(coversAll ? Float(cover[node]) : 0)
                if let tests {
                    guard let test = Self.test(tests[inner]) else { throw refuse("node \(node) asks nothing known") }
                    tree.tests.append(test)
                }
                inner += 1
            }
        }
        guard open.isEmpty, inner == threshold.count, inner == missing.count, coversAll || leaf == cover.count else {
            throw refuse("its arrays do not fit one another")
        }
        if !coversAll { tree.cover = tree.summingCovers() }
        tree.leaves =
            tree.leafWidth == 1 && isGeneral
            ? leaves.map(narrowed) : try distributions(leaves, count: leaf, width: tree.leafWidth, cells: &cells)
        guard tree.leafCount == leaf else { throw refuse("there are more leaves than nodes") }
        return tree
    }

    private static func test(_ byte: UInt8) -> NodeTest? {
        switch byte {
        case 0x3C: .less
        case 0x3D: .equal
        case 0x63: .inSet
        default: nil
        }
    }

    /// The tree without its nodes: where its leaves go, and its sets of categories.
    private func frame(_ source: JSONValue) throws(ForestError) -> Tree {
        var tree = Tree(leafWidth: outputs)
        if let number = source["output"]?.number {
            guard let output = Int(exactly: number), output >= 0, output < outputs else {
                throw refuse("its output does not exist")
            }
            tree = Tree(leafWidth: 1, output: output)
        }
        guard let sets = source["sets"] else { return tree }
        guard case .list(let sets) = sets else { throw refuse("its sets are not a list of lists") }
        tree.categoryOffsets = [0]
        for set in sets {
            for number in set.numberList ?? [.nan] {
                guard let word = UInt32(exactly: number) else { throw refuse("a set is not of words of 32 bits") }
                tree.categoryWords.append(word)
            }
            tree.categoryOffsets.append(Int32(clamping: tree.categoryWords.count))
        }
        return tree
    }

    private func distributions(
        _ source: [Double],
        count: Int,
        width: Int,
        cells: inout Int
    ) throws(ForestError) -> [Double] {
        cells -= count * width
        guard count <= source.count, cells >= 0 else { throw refuse("leaves are missing") }
        var leaves = Array(repeating: 0.0, count: count * width)
        var position = 0
        for leaf in 0..<count {
            guard position < source.count, source[position] >= 0, source[position] <= Double(width) else {
                throw refuse("leaf \(leaf) is malformed")
            }
            let present = Int(source[position])
            position += 1
            guard position + 2 * present <= source.count else { throw refuse("leaf \(leaf) is cut off") }
            for _ in 0..<present {
                let name = source[position]
                guard name.rounded() == name, name >= 0, name < Double(width) else {
                    throw refuse("leaf \(leaf) names a class that does not exist")
                }
                leaves[leaf * width + Int(name)] = narrowed(source[position + 1])
                position += 2
            }
        }
        guard position == source.count else { throw refuse("there are more leaves than nodes") }
        return leaves
    }
}

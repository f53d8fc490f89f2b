import Bytes
import Forest

/// Reads LightGBM's text models (versions 2 to 4): gbdt, rf (`average_output`), dart and goss; numeric and categorical
/// splits; all three kinds of missing values.
///
/// Rows are of 64 bits, as are thresholds, `x ≤ t`. Where NaN counts as 0
/// (missing type None) each node says where 0 goes. Where zero counts as missing (Zero), the feature is one of the
/// model's ``Forest/ForestModel/zeroIsMissing``, unless no node of it could tell the difference. Sums are of 64 bits
/// and in LightGBM's order, so margins are equal to the last bit; of `average_output` the margin is the mean.
/// The one difference: categories are looked up for x ≥ 0, in LightGBM for x > −1, truncated.
/// Source: `src/io/tree.cpp` and `include/LightGBM/tree.h`.
struct LightGBMReader {
    private let features: Int
    private let perIteration: Int
    private var zeros: ZeroRule
    private var lines: LightGBMLines

    static func read(_ bytes: [UInt8]) throws(ForestError) -> (forest: ForestModel, notes: [String]) {
        var lines = LightGBMLines(bytes)
        let header = lines.block()
        func integer(_ key: String, _ range: ClosedRange<Int>) throws(ForestError) -> Int {
            guard let value = header[key].flatMap({ Int($0) }), range.contains(value) else {
                throw .invalid(
                    part: key,
                    words: "it is not a number from \(range.lowerBound) to \(range.upperBound)"
                )
            }
            return value
        }
        let features = try integer("max_feature_idx", 0...ForestModel.nameLimit - 1) + 1
        let perIteration = try integer("num_tree_per_iteration", 1...ForestModel.outputLimit)
        let objective = try LightGBMObjective(header["objective"], outputs: perIteration)
        let names = header["feature_names"]?.split(separator: " ").map { String($0) } ?? []
        guard names.count == features else {
            throw .invalid(part: "feature_names", words: "there are \(names.count), not \(features)")
        }
        var reader = LightGBMReader(
            features: features,
            perIteration: perIteration,
            zeros: ZeroRule(features: features),
            lines: lines
        )
        let trees = try reader.trees()
        let zeroIsMissing = try reader.zeros.resolved()
        guard trees.count % perIteration == 0, trees.count >= perIteration else {
            throw .invalid(part: "trees", words: "\(trees.count) are not a multiple of \(perIteration) a round")
        }
        let lists = LightGBMCategories.lists(in: bytes)
        let infos = header["feature_infos"]?.split(separator: " ").map { String($0) } ?? []
        let categories = LightGBMCategories.assigned(lists, infos: infos.count == features ? infos : [])
        var notes: [String] = []
        if !lists.isEmpty, categories.isEmpty, infos.contains(where: LightGBMCategories.isCategorical) {
            notes.append(
                "it was trained on named categories, but the file does not say of which features: rows must hold their "
                    + "numbers, in the order of training"
            )
        }
        let forest = try ForestModel(
            featureNames: names,
            kind: objective.kind,
            outputCount: perIteration,
            trees: trees,
            aggregation: header["average_output"] != nil ? .average(over: trees.count / perIteration) : .sum,
            link: objective.link,
            precision: .double,
            rowPrecision: .double,
            zeroIsMissing: zeroIsMissing,
            categories: categories
        )
        return (forest, notes)
    }

    private mutating func trees() throws(ForestError) -> [Tree] {
        var trees: [Tree] = []
        while true {
            let block = lines.block()
            guard !block.isEmpty else { throw .invalid(part: "trees", words: "\"end of trees\" is missing") }
            if block["end of trees"] != nil { return trees }
            guard block["Tree"] == String(trees.count) else {
                throw .invalid(part: "tree \(trees.count)", words: "it is missing")
            }
            trees.append(try tree(block, trees.count))
        }
    }
}

/// What the objective's line says about predictions.
struct LightGBMObjective {
    let link: ForestModel.Link
    let kind: ForestModel.Kind

    init(_ line: String?, outputs: Int) throws(ForestError) {
        let words = (line ?? "").split(separator: " ").map { String($0) }
        var parameters: [String: Double] = [:]
        for word in words.dropFirst() {
            let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            parameters[String(parts[0])] = parts.count == 2 ? Double(String(parts[1])) ?? .nan : .nan
        }
        let classes = ForestModel.Kind.classification(classNames: (0..<max(2, outputs)).map { String($0) })
        let isClassified: Bool
        switch words.first {
        case "regression" where parameters["sqrt"] != nil:
            throw .unsupported(words: "objective \"regression sqrt\": predictions are squares of the margins")
        case "regression", "regression_l2", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank",
            "rank_xendcg":
            (link, isClassified) = (.identity, false)
        case "poisson", "gamma", "tweedie": (link, isClassified) = (.exponential, false)
        case "binary": (link, isClassified) = (.sigmoid(scale: parameters["sigmoid"] ?? 1), true)
        case "cross_entropy", "xentropy": (link, isClassified) = (.sigmoid(scale: 1), false)
        case "multiclass": (link, isClassified) = (.softmax, true)
        case "multiclassova": (link, isClassified) = (.sigmoid(scale: parameters["sigmoid"] ?? 1), true)
        default:
            throw .unsupported(
                words: "the objective \"\(words.first ?? "")\": how its margins become predictions is not known"
            )
        }
        guard words.first == "multiclass" || words.first == "multiclassova" || outputs == 1 else {
            throw .invalid(part: "num_tree_per_iteration", words: "it is not 1")
        }
        guard !isClassified || words.first == "binary" || outputs > 1 else {
            throw .invalid(part: "num_tree_per_iteration", words: "it is 1, but there are several classes")
        }
        kind = isClassified ? classes : .regression
    }
}

extension LightGBMReader {
    private mutating func tree(_ block: [String: String], _ index: Int) throws(ForestError) -> Tree {
        let columns = try LightGBMTree(block, index)
        var graph = TreeGraph()
        graph.output = index % perIteration
        graph.leaves = columns.leaves
        graph.sets = try categories(block, index)
        for node in 0..<columns.inner { try addNode(node, of: columns, to: &graph) }
        for leaf in columns.leaves.indices {
            graph.feature.append(-1)
            graph.test.append(.less)
            graph.threshold.append(0)
            graph.missingGoesLeft.append(true)
            graph.left.append(-1)
            graph.right.append(leaf)
            graph.cover.append(columns.knowsCover ? Float(columns.leafCover[leaf]) : 0)
        }
        return try graph.ordered(from: 0, tree: index)
    }

    /// Adds a node that tests a feature, and notes what it says of zeros.
    private mutating func addNode(
        _ node: Int,
        of columns: LightGBMTree,
        to graph: inout TreeGraph
    ) throws(ForestError) {
        guard let column = Int32(exactly: columns.feature[node]), column >= 0, column < features,
            let bits = UInt8(exactly: columns.decision[node])
        else { throw columns.refused("node \(node) tests a feature that does not exist") }
        let threshold = columns.threshold[node]
        guard !threshold.isNaN else { throw columns.refused("node \(node)'s threshold is not a number") }
        graph.feature.append(column)
        graph.cover.append(columns.knowsCover ? Float(columns.innerCover[node]) : 0)
        graph.left.append(columns.child(columns.left[node]))
        graph.right.append(columns.child(columns.right[node]))
        guard bits & 1 == 0 else {
            guard let set = Int(exactly: threshold), set >= 0, set < graph.sets.count else {
                throw columns.refused("node \(node)'s categories do not exist")
            }
            graph.test.append(.inSet)
            graph.threshold.append(Double(set))
            graph.missingGoesLeft.append(false)
            let first = Int(graph.sets.offsets[set])
            let holdsZero = first < graph.sets.offsets[set + 1] && graph.sets.words[first] & 1 == 1
            return zeros.noteCategories(Int(column), zeroGoesLeft: holdsZero)
        }
        let limit = ZeroRule.limit(threshold)
        guard limit > -.infinity else { throw columns.refused("node \(node)'s threshold is not a number") }
        graph.test.append(.less)
        graph.threshold.append(limit)
        graph.missingGoesLeft.append(
            try zeros.note(Int(column), limit: limit, defaultLeft: bits & 2 != 0, type: bits >> 2 & 3)
        )
    }

    private func categories(_ block: [String: String], _ index: Int) throws(ForestError) -> CategorySets {
        var sets = CategorySets()
        guard let count = block["num_cat"], count != "0" else { return sets }
        let bounds = LightGBMLines.numbers(block["cat_boundaries"] ?? "")?.compactMap { Int(exactly: $0) } ?? []
        let words = LightGBMLines.numbers(block["cat_threshold"] ?? "")?.compactMap { UInt32(exactly: $0) } ?? []
        guard bounds.count >= 2, bounds.first == 0, bounds.last == words.count,
            zip(bounds, bounds.dropFirst()).allSatisfy({ $0 <= $1 })
        else { throw .invalid(part: "tree \(index)", words: "its categories do not fit together") }
        for (first, end) in zip(bounds, bounds.dropFirst()) { _ = sets.append(words[first..<end]) }
        return sets
    }
}

/// A tree as the file has it: a column for each of its properties, of lengths that fit together.
private struct LightGBMTree {
    let index: Int
    /// Nodes that are no leaves.
    let inner: Int
    let leaves: [Double]
    let feature: [Double]
    let threshold: [Double]
    let decision: [Double]
    let left: [Double]
    let right: [Double]
    let innerCover: [Double]
    let leafCover: [Double]

    init(_ block: [String: String], _ index: Int) throws(ForestError) {
        func refuse(_ words: String) -> ForestError { .invalid(part: "tree \(index)", words: words) }
        func numbers(_ key: String) throws(ForestError) -> [Double] {
            guard let numbers = LightGBMLines.numbers(block[key] ?? "") else { throw refuse("\(key) is not numbers") }
            return numbers
        }
        if let linear = block["is_linear"], linear != "0" {
            throw .unsupported(words: "tree \(index) has linear models in its leaves: train it without linear_tree")
        }
        guard let leafCount = block["num_leaves"].flatMap({ Int($0) }), leafCount >= 1 else {
            throw refuse("num_leaves is not a number")
        }
        self.index = index
        leaves = try numbers("leaf_value")
        guard leaves.count == leafCount else { throw refuse("leaf_value is not one number a leaf") }
        inner = leafCount - 1
        // A tree of one leaf has no lines about splits.
        feature = inner == 0 ? [] : try numbers("split_feature")
        threshold = inner == 0 ? [] : try numbers("threshold")
        decision = inner == 0 ? [] : try numbers("decision_type")
        left = inner == 0 ? [] : try numbers("left_child")
        right = inner == 0 ? [] : try numbers("right_child")
        innerCover = inner == 0 ? [] : try numbers("internal_count")
        leafCover = try numbers("leaf_count")
        guard feature.count == inner, threshold.count == inner, decision.count == inner, left.count == inner,
            right.count == inner, innerCover.isEmpty || innerCover.count == inner,
            leafCover.isEmpty || leafCover.count == leafCount
        else { throw refuse("its arrays have different lengths") }
    }

    var knowsCover: Bool { !leafCover.isEmpty && (inner == 0 || !innerCover.isEmpty) }

    /// Children: nodes from 0, leaves as −1 − leaf; leaves follow the nodes in the graph.
    func child(_ value: Double) -> Int {
        guard let number = Int(exactly: value) else { return -1 }
        guard number < 0 else { return number < inner ? number : -1 }
        return number >= -leaves.count ? inner + ~number : -1
    }

    func refused(_ words: String) -> ForestError { .invalid(part: "tree \(index)", words: words) }
}

/// What becomes of zeros and missing values, feature by feature.
///
/// A node of missing type Zero sends everything within ±1e-35 its default way. It can be told from an ordinary node
/// only if zeros would go the other way there. Only then zeros of the feature are turned into NaN, which all of its
/// nodes must agree with.
struct ZeroRule {
    /// Nodes of type Zero that are not the same as ordinary ones, and nodes that forbid turning zeros into NaN.
    private var isNeeded: [Bool]
    private var isForbidden: [Bool]

    init(features: Int) {
        isNeeded = Array(repeating: false, count: features)
        isForbidden = isNeeded
    }

    /// The limit for which `x < limit` is LightGBM's `x ≤ threshold`. Before it predicts, LightGBM turns all values
    /// within ±1e-35 into 0: no limit lies among them.
    static func limit(_ threshold: Double) -> Double {
        let limit = threshold.nextUp
        let zero = Double(ForestModel.zeroLimit)
        guard limit > -zero, limit <= zero else { return limit }
        return threshold >= 0 ? zero.nextUp : -zero
    }

    /// Returns where a numeric node sends missing values: `x < limit` goes left otherwise.
    mutating func note(_ feature: Int, limit: Double, defaultLeft: Bool, type: UInt8) throws(ForestError) -> Bool {
        let zerosGoLeft = Double(ForestModel.zeroLimit) < limit
        switch type {
        case 0:
            // NaN counts as 0.
            return zerosGoLeft
        case 1:
            if zerosGoLeft != defaultLeft { isNeeded[feature] = true }
            return defaultLeft
        case 2:
            if zerosGoLeft != defaultLeft { isForbidden[feature] = true }
            return defaultLeft
        default: throw .invalid(part: "decision_type", words: "missing type 3 does not exist")
        }
    }

    /// A categorical node: missing values go right, and zero is category 0.
    mutating func noteCategories(_ feature: Int, zeroGoesLeft: Bool) {
        if zeroGoesLeft { isForbidden[feature] = true }
    }

    func resolved() throws(ForestError) -> [Bool] {
        for feature in isNeeded.indices where isNeeded[feature] && isForbidden[feature] {
            throw .unsupported(
                words: "feature \(feature) treats zero as missing at some nodes, and as a value at others"
            )
        }
        return isNeeded
    }
}

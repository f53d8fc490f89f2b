import Forest

/// One TreeEnsemble node of ai.onnx.ml 5: inner nodes in one list for all trees, leaves in another, each with one
/// target.
///
/// A tree that is a leaf alone is a node both of whose branches are the same leaf. Sets of values (BRANCH_MEMBER) must
/// be categories, that is integers from 0; as everywhere here, a value is truncated before it is looked up.
struct ONNXEnsemble5 {
    private let node: ONNXGraph.Node
    private var allowance: Allowance
    /// Of the tensor that the node reads; sums are of the same.
    private let rows: ForestModel.Precision
    private var featureCount = 0

    init(_ node: ONNXGraph.Node, rows: ForestModel.Precision, allowance: Allowance) {
        self.node = node
        self.rows = rows
        self.allowance = allowance
    }

    private func refuse(_ part: String, _ words: String) -> ForestError { .invalid(part: part, words: words) }

    private func integers(_ name: String) -> [Int64] { node.attributes[name]?.integers ?? [] }

    private func tensor(_ name: String) -> [Double] { node.attributes[name]?.tensor ?? [] }

    /// The parallel lists of the node's attributes.
    private struct Lists {
        var features: [Int64]
        var modes: [Double]
        var splits: [Double]
        var trues: [Int64]
        var trueLeaves: [Int64]
        var falses: [Int64]
        var falseLeaves: [Int64]
        var tracks: [Int64]
        var targets: [Int64]
        var weights: [Double]
        /// Where the values of each BRANCH_MEMBER node begin and end.
        var members: [Int: Range<Int>]
        var memberValues: [Double]
    }

    private func lists(outputs: Int) throws(ForestError) -> Lists {
        var lists = Lists(
            features: integers("nodes_featureids"),
            modes: tensor("nodes_modes"),
            splits: tensor("nodes_splits"),
            trues: integers("nodes_truenodeids"),
            trueLeaves: integers("nodes_trueleafs"),
            falses: integers("nodes_falsenodeids"),
            falseLeaves: integers("nodes_falseleafs"),
            tracks: integers("nodes_missing_value_tracks_true"),
            targets: integers("leaf_targetids"),
            weights: tensor("leaf_weights"),
            members: [:],
            memberValues: tensor("membership_values")
        )
        let count = lists.features.count
        if lists.tracks.isEmpty { lists.tracks = Array(repeating: 0, count: count) }
        let counts = [
            lists.modes.count, lists.splits.count, lists.trues.count, lists.trueLeaves.count, lists.falses.count,
            lists.falseLeaves.count, lists.tracks.count,
        ]
        guard counts.allSatisfy({ $0 == count }), lists.targets.count == lists.weights.count else {
            throw refuse("nodes", "the lists have different lengths")
        }
        guard lists.targets.allSatisfy({ $0 >= 0 && $0 < outputs }) else {
            throw refuse("leaf_targetids", "they name outputs that do not exist")
        }
        var position = 0
        for index in 0..<count where lists.modes[index] == 6 {
            let end = lists.memberValues[position...].firstIndex { $0.isNaN } ?? lists.memberValues.count
            guard position < lists.memberValues.count else { throw refuse("membership_values", "there are too few") }
            lists.members[index] = position..<end
            position = min(end + 1, lists.memberValues.count)
        }
        return lists
    }

    private struct Parts {
        var outputs: Int
        var trees: [Tree]
        var aggregation: ForestModel.Aggregation
        /// Whether all numbers are of 32 bits.
        var isSingle: Bool
    }

    private mutating func parts() throws(ForestError) -> Parts {
        let declared = node.attributes["n_targets"]?.integer ?? 1
        guard declared >= 1, declared <= ForestModel.outputLimit else {
            throw refuse("n_targets", "there must be 1 to \(ForestModel.outputLimit)")
        }
        let outputs = Int(declared)
        let lists = try lists(outputs: outputs)
        let aggregate = node.attributes["aggregate_function"]?.integer ?? 1
        var isSeen = Array(repeating: false, count: lists.features.count)
        var trees: [Tree] = []
        for root in integers("tree_roots") {
            trees.append(try tree(trees.count, root: root, lists, outputs, needsAll: aggregate > 1, &isSeen))
        }
        let aggregation: ForestModel.Aggregation
        switch aggregate {
        case 0: aggregation = .average(over: trees.count)
        case 1: aggregation = .sum
        case 2: aggregation = .minimum
        case 3: aggregation = .maximum
        default: throw .unsupported(words: "aggregate_function \(aggregate)")
        }
        let isSingle = (lists.weights + lists.splits).allSatisfy { Double(Float($0)) == $0 }
        return Parts(outputs: outputs, trees: trees, aggregation: aggregation, isSingle: isSingle)
    }

    /// Builds the ensemble as an operator of a graph: its margins are the sums.
    mutating func sums() throws(ForestError) -> ForestModel {
        let parts = try parts()
        guard parts.outputs > 1 || (node.attributes["post_transform"]?.integer ?? 0) == 0 else {
            throw .unsupported(words: "post_transform of one target")
        }
        return try ForestModel(
            featureNames: (0..<max(1, featureCount)).map { "f\($0)" },
            kind: .regression,
            outputCount: parts.outputs,
            trees: parts.trees,
            aggregation: parts.aggregation,
            precision: parts.isSingle && rows == .single ? .single : .double,
            rowPrecision: rows
        )
    }

    /// Builds the model.
    ///
    /// - Parameters:
    ///   - declaredFeatures: What the graph says of its input; nil = as many as the nodes name.
    ///   - link: What stands behind the node.
    /// - Returns: The model, a regression: the operator knows no classes.
    /// - Throws: ``Forest/ForestError``
    mutating func model(declaredFeatures: Int?, link: ForestModel.Link?) throws(ForestError) -> ForestModel {
        let parts = try parts()
        let outputs = parts.outputs
        let transform = node.attributes["post_transform"]?.integer ?? 0
        guard transform == 0 || outputs > 1 && link == nil && transform <= 2 else {
            throw .unsupported(words: "post_transform \(transform) of \(outputs) targets")
        }
        let features = declaredFeatures ?? featureCount
        guard features >= featureCount, features <= ForestModel.nameLimit else {
            throw refuse("nodes_featureids", "they name features that the input does not have")
        }
        return try ForestModel(
            featureNames: (0..<features).map { "f\($0)" },
            kind: .regression,
            outputCount: outputs,
            trees: parts.trees,
            aggregation: parts.aggregation,
            link: link ?? [.identity, .softmax, .sigmoid(scale: 1)][Int(transform)],
            precision: parts.isSingle && rows == .single ? .single : .double,
            rowPrecision: rows
        )
    }

    private mutating func tree(
        _ index: Int,
        root: Int64,
        _ lists: Lists,
        _ outputs: Int,
        needsAll: Bool,
        _ isSeen: inout [Bool]
    ) throws(ForestError) -> Tree {
        var graph = TreeGraph()
        var leaves: [Int] = []
        // Breadth-first: what a node's branches lead to is appended, and its place is known at once.
        var places: [(number: Int64, isLeaf: Bool)] = [(root, false)]
        if let node = Int(exactly: root), lists.features.indices.contains(node), lists.trueLeaves[node] != 0,
            lists.falseLeaves[node] != 0, lists.trues[node] == lists.falses[node]
        {
            places = [(lists.trues[node], true)]
        }
        var position = 0
        while position < places.count {
            let (number, isLeaf) = places[position]
            position += 1
            guard let item = Int(exactly: number), item >= 0,
                item < (isLeaf ? lists.weights.count : lists.features.count)
            else { throw refuse("tree \(index)", "\(isLeaf ? "leaf" : "node") \(number) does not exist") }
            if isLeaf {
                graph.appendLeaf()
                leaves.append(item)
                continue
            }
            guard !isSeen[item] else { throw refuse("tree \(index)", "two ways lead to node \(item)") }
            isSeen[item] = true
            guard lists.features[item] >= 0, lists.features[item] < ForestModel.nameLimit else {
                throw refuse("tree \(index)", "node \(item) tests a feature that does not exist")
            }
            featureCount = max(featureCount, Int(lists.features[item]) + 1)
            let question = try question(item, lists, &graph.sets)
            graph.append(Int32(lists.features[item]), question, yes: places.count, no: places.count + 1)
            places.append((lists.trues[item], lists.trueLeaves[item] != 0))
            places.append((lists.falses[item], lists.falseLeaves[item] != 0))
        }
        let used = Set(leaves.map { lists.targets[$0] })
        let width = used.count > 1 ? outputs : 1
        guard !needsAll || width == 1 && outputs == 1 else {
            throw .unsupported(words: "the smallest or largest of trees whose leaves lack outputs")
        }
        try allowance.take(leaves.count * width, for: "tree \(index)'s leaves")
        graph.leafWidth = width
        graph.output = width == 1 ? Int(used.first ?? 0) : 0
        graph.leaves = Array(repeating: 0, count: leaves.count * width)
        for (position, leaf) in leaves.enumerated() {
            graph.leaves[position * width + (width == 1 ? 0 : Int(lists.targets[leaf]))] = lists.weights[leaf]
        }
        return try graph.ordered(from: 0, tree: index)
    }

    private mutating func question(
        _ node: Int,
        _ lists: Lists,
        _ sets: inout CategorySets
    ) throws(ForestError) -> Question {
        let names = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
        let isTracked = lists.tracks[node] != 0
        guard let mode = Int(exactly: lists.modes[node]), mode >= 0, mode <= 6 else {
            throw .unsupported(words: "node mode \(lists.modes[node])")
        }
        guard mode == 6 else { return try Question(names[mode], lists.splits[node], tracksMissing: isTracked, rows) }
        var words: [UInt32] = []
        for value in lists.memberValues[lists.members[node] ?? 0..<0] {
            guard value >= 0, value < 16_777_216, let category = Int(exactly: value) else {
                throw .unsupported(words: "BRANCH_MEMBER of numbers that are no categories")
            }
            let word = category / 32
            if word >= words.count {
                try allowance.take(word + 1 - words.count, for: "node \(node)'s categories")
                words += repeatElement(0, count: word + 1 - words.count)
            }
            words[word] |= 1 << UInt32(category % 32)
        }
        return Question(set: sets.append(words), tracksMissing: isTracked)
    }
}

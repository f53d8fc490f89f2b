import Forest

/// One TreeEnsembleClassifier or TreeEnsembleRegressor node.
struct ONNXEnsemble {
    private let node: ONNXGraph.Node
    private let isClassifier: Bool
    private var allowance: Allowance
    private var precision = ForestModel.Precision.single
    private var featureCount = 0

    init(_ node: ONNXGraph.Node, allowance: Allowance) throws(ForestError) {
        guard node.operation != "TreeEnsemble" else {
            throw .unsupported(words: "operator TreeEnsemble of ai.onnx.ml 5: convert with a lower target_opset")
        }
        self.node = node
        self.allowance = allowance
        isClassifier = node.operation == "TreeEnsembleClassifier"
    }

    private func refuse(_ part: String, _ words: String) -> ForestError { .invalid(part: part, words: words) }

    private func integers(_ name: String) -> [Int64] { node.attributes[name]?.integers ?? [] }

    /// Numbers of 32 bits, or since version 3 a tensor of 64.
    private mutating func numbers(_ name: String) -> [Double] {
        if let tensor = node.attributes[name + "_as_tensor"]?.tensor {
            if tensor.contains(where: { Double(Float($0)) != $0 }) { precision = .double }
            return tensor
        }
        return (node.attributes[name]?.floats ?? []).map { Double($0) }
    }

    /// A leaf's share of one output.
    private struct Weight {
        var output: Int
        var value: Double
    }

    consuming func model(declaredFeatures: Int?) throws(ForestError) -> ForestModel {
        var ensemble = self
        return try ensemble.build(declaredFeatures)
    }

    private mutating func build(_ declaredFeatures: Int?) throws(ForestError) -> ForestModel {
        let prefix = isClassifier ? "class" : "target"
        let weights = numbers("\(prefix)_weights")
        let ids = integers("\(prefix)_ids")
        let labels = try classLabels()
        let declared = isClassifier ? Int64(labels.count) : node.attributes["n_targets"]?.integer ?? 1
        guard declared >= 1, declared <= ForestModel.outputLimit else {
            throw refuse(isClassifier ? "classlabels" : "n_targets", "there must be 1 to \(ForestModel.outputLimit)")
        }
        // Two classes with scores of one: the score is the second class's.
        let isOneSided = isClassifier && declared == 2 && Set(ids).count == 1
        let outputs = isOneSided ? 1 : Int(declared)
        guard ids.count == weights.count, ids.allSatisfy({ $0 >= 0 && $0 < declared }) else {
            throw refuse("\(prefix)_ids", "they name outputs that do not exist")
        }
        let graphs = try self.graphs(
            leaves: (integers("\(prefix)_treeids"), integers("\(prefix)_nodeids")),
            weights: zip(ids, weights).map { Weight(output: isOneSided ? 0 : Int($0), value: $1) },
            outputs: outputs
        )
        var trees: [Tree] = []
        for (index, graph) in graphs.enumerated() {
            var isChild = Array(repeating: false, count: graph.nodeCount)
            for node in 0..<graph.nodeCount where graph.feature[node] >= 0 {
                isChild[graph.left[node]] = true
                isChild[graph.right[node]] = true
            }
            let roots = isChild.indices.filter { !isChild[$0] }
            guard roots.count == 1 else { throw refuse("tree \(index)", "it has \(roots.count) roots, not one") }
            let tree = try graph.ordered(from: roots[0], tree: index)
            guard tree.nodeCount == graph.nodeCount else { throw refuse("tree \(index)", "it has a cycle") }
            trees.append(tree)
        }
        let base = numbers("base_values")
        guard base.isEmpty || base.count == outputs else {
            throw refuse("base_values", "there are \(base.count) for \(outputs) outputs")
        }
        let features = declaredFeatures ?? featureCount
        guard features >= featureCount, features <= ForestModel.nameLimit else {
            throw refuse("nodes_featureids", "they name features that the input does not have")
        }
        return try ForestModel(
            featureNames: (0..<features).map { "f\($0)" },
            kind: isClassifier ? .classification(classNames: labels) : .regression,
            outputCount: outputs,
            trees: trees,
            base: base.isEmpty ? nil : base,
            aggregation: try aggregation(trees),
            link: try link(isOneSided: isOneSided, isPositive: weights.allSatisfy { $0 >= 0 }),
            precision: precision
        )
    }

    private func classLabels() throws(ForestError) -> [String] {
        guard isClassifier else { return [] }
        let texts = node.attributes["classlabels_strings"]?.texts ?? []
        let numbers = integers("classlabels_int64s")
        guard texts.isEmpty != numbers.isEmpty else { throw refuse("classlabels", "there is not one list of them") }
        return texts.isEmpty ? numbers.map { String($0) } : texts
    }

    private func aggregation(_ trees: [Tree]) throws(ForestError) -> ForestModel.Aggregation {
        switch node.attributes["aggregate_function"]?.text ?? "SUM" {
        case "SUM": return .sum
        case "AVERAGE": return .average(over: trees.count)
        case "MIN": return .minimum
        case "MAX": return .maximum
        case let name: throw .unsupported(words: "aggregate_function \(name)")
        }
    }

    private func link(isOneSided: Bool, isPositive: Bool) throws(ForestError) -> ForestModel.Link {
        let transform = node.attributes["post_transform"]?.text ?? "NONE"
        // ONNX Runtime takes a single score that is never negative for a probability.
        if isOneSided, isPositive { return .identity }
        switch transform {
        case "NONE":
            guard !isOneSided else {
                throw .unsupported(words: "one score for two classes without a transform: it is no probability")
            }
            return .identity
        case "LOGISTIC": return .sigmoid(scale: 1)
        case "SOFTMAX": return .softmax
        default: throw .unsupported(words: "post_transform \(transform)")
        }
    }

    /// The nodes of all trees, in the order in which the trees first appear.
    private mutating func graphs(
        leaves: (trees: [Int64], nodes: [Int64]),
        weights: [Weight],
        outputs: Int
    ) throws(ForestError) -> [TreeGraph] {
        let treeIDs = integers("nodes_treeids")
        let nodeIDs = integers("nodes_nodeids")
        let features = integers("nodes_featureids")
        let modes = node.attributes["nodes_modes"]?.texts ?? []
        let values = numbers("nodes_values")
        let trues = integers("nodes_truenodeids")
        let falses = integers("nodes_falsenodeids")
        var tracks = integers("nodes_missing_value_tracks_true")
        let count = treeIDs.count
        if tracks.isEmpty { tracks = Array(repeating: 0, count: count) }
        guard
            [nodeIDs.count, features.count, modes.count, values.count, trues.count, falses.count, tracks.count]
                .allSatisfy({ $0 == count }), leaves.trees.count == weights.count, leaves.nodes.count == weights.count
        else { throw refuse("nodes", "the lists have different lengths") }

        var order: [Int64: Int] = [:]
        var places: [[Int64: Int]] = []
        for index in 0..<count {
            let tree = order[treeIDs[index]] ?? places.count
            if tree == places.count {
                order[treeIDs[index]] = tree
                places.append([:])
            }
            let old = places[tree].updateValue(places[tree].count, forKey: nodeIDs[index])
            guard old == nil else { throw refuse("tree \(tree)", "node \(nodeIDs[index]) is given twice") }
        }
        var graphs = Array(repeating: TreeGraph(), count: places.count)
        for index in 0..<count {
            let tree = order[treeIDs[index]] ?? 0
            if modes[index] == "LEAF" {
                graphs[tree].appendLeaf()
                continue
            }
            guard features[index] >= 0, features[index] < ForestModel.nameLimit else {
                throw refuse("tree \(tree)", "node \(nodeIDs[index]) tests a feature that does not exist")
            }
            featureCount = max(featureCount, Int(features[index]) + 1)
            guard let yes = places[tree][trues[index]], let no = places[tree][falses[index]] else {
                throw refuse("tree \(tree)", "node \(nodeIDs[index])'s child does not exist")
            }
            let question = try Question(modes[index], values[index], tracksMissing: tracks[index] != 0)
            graphs[tree].append(Int32(features[index]), question, yes: yes, no: no)
        }
        try attach(weights, leaves, order, places, outputs, &graphs)
        return graphs
    }

    /// Gives each leaf its values: one number if all of a tree's leaves add to the same output, else one an output.
    private mutating func attach(
        _ weights: [Weight],
        _ leaves: (trees: [Int64], nodes: [Int64]),
        _ order: [Int64: Int],
        _ places: [[Int64: Int]],
        _ outputs: Int,
        _ graphs: inout [TreeGraph]
    ) throws(ForestError) {
        var rows = Array(repeating: [(node: Int, weight: Weight)](), count: graphs.count)
        for (index, weight) in weights.enumerated() {
            guard let tree = order[leaves.trees[index]], let node = places[tree][leaves.nodes[index]],
                graphs[tree].feature[node] < 0
            else { throw refuse("leaf weight \(index)", "it belongs to no leaf") }
            rows[tree].append((node, weight))
        }
        let needsAll = ["MIN", "MAX"].contains(node.attributes["aggregate_function"]?.text ?? "SUM")
        for tree in graphs.indices {
            let used = Set(rows[tree].map(\.weight.output))
            let width = used.count > 1 ? outputs : 1
            let leafCount = graphs[tree].leafCount
            try allowance.take(leafCount * width, for: "tree \(tree)'s leaves")
            graphs[tree].leafWidth = width
            graphs[tree].output = width == 1 ? used.first ?? 0 : 0
            graphs[tree].leaves = Array(repeating: 0, count: leafCount * width)
            var isSet = Array(repeating: false, count: leafCount * width)
            for (node, weight) in rows[tree] {
                let cell = graphs[tree].right[node] * width + (width == 1 ? 0 : weight.output)
                let sum = graphs[tree].leaves[cell] + weight.value
                graphs[tree].leaves[cell] = precision == .single ? Double(Float(sum)) : sum
                isSet[cell] = true
            }
            guard !needsAll || isSet.allSatisfy(\.self) else {
                throw .unsupported(words: "the smallest or largest of trees whose leaves lack outputs")
            }
        }
    }
}

/// What a branch asks, in terms of ``Forest/NodeTest``: left is where the test holds.
private struct Question {
    var test = NodeTest.less
    var threshold: Float
    /// Whether the true branch is on the left.
    var trueIsLeft = true
    var missingGoesLeft: Bool

    init(_ mode: String, _ value: Double, tracksMissing: Bool) throws(ForestError) {
        guard !value.isNaN else { throw .invalid(part: "nodes_values", words: "a threshold is not a number") }
        switch mode {
        case "BRANCH_LEQ": threshold = Float(aboveOrEqual: value)
        case "BRANCH_GT": (threshold, trueIsLeft) = (Float(aboveOrEqual: value), false)
        case "BRANCH_LT" where value == .infinity, "BRANCH_GTE" where value == .infinity:
            throw .unsupported(words: "\(mode) with infinity")
        case "BRANCH_LT": threshold = Float(above: value)
        case "BRANCH_GTE": (threshold, trueIsLeft) = (Float(above: value), false)
        case "BRANCH_EQ", "BRANCH_NEQ":
            threshold = Float(value)
            guard Double(threshold) == value else {
                throw .unsupported(words: "\(mode) with a number that no row of 32 bits can hold")
            }
            (test, trueIsLeft) = (.equal, mode == "BRANCH_EQ")
        default: throw .unsupported(words: "node mode \(mode)")
        }
        // Missing is unequal to every number.
        let missingIsTrue = tracksMissing || mode == "BRANCH_NEQ"
        missingGoesLeft = missingIsTrue == trueIsLeft
    }
}

extension TreeGraph {
    fileprivate mutating func appendLeaf() {
        let leaf = leafCount
        leafCount += 1
        feature.append(-1)
        test.append(.less)
        threshold.append(0)
        missingGoesLeft.append(true)
        left.append(-1)
        right.append(leaf)
        cover.append(0)
    }

    fileprivate mutating func append(_ column: Int32, _ question: Question, yes: Int, no: Int) {
        feature.append(column)
        test.append(question.test)
        threshold.append(question.threshold)
        missingGoesLeft.append(question.missingGoesLeft)
        left.append(question.trueIsLeft ? yes : no)
        right.append(question.trueIsLeft ? no : yes)
        cover.append(0)
    }
}

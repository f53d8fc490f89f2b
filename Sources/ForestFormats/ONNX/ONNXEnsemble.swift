import Forest

/// One TreeEnsembleClassifier or TreeEnsembleRegressor node.
struct ONNXEnsemble {
    private let node: ONNXGraph.Node
    private let isClassifier: Bool
    private var allowance: Allowance
    /// Of the tensor that the node reads; sums are of the same.
    private let rows: ForestModel.Precision
    private var precision: ForestModel.Precision
    private var featureCount = 0

    init(_ node: ONNXGraph.Node, rows: ForestModel.Precision, allowance: Allowance) {
        self.node = node
        self.rows = rows
        self.allowance = allowance
        precision = rows
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

    /// What the trees add up to, before anything is made of it.
    struct Sums {
        var forest: ForestModel
        /// Two classes with one score: under which of them it is given.
        var side: Int?
        /// Whether no leaf is below zero.
        var isPositive: Bool
    }

    /// Builds the ensemble as an operator of a graph: its margins are the sums, features are those that its nodes name.
    mutating func sums() throws(ForestError) -> Sums {
        let parts = try parts()
        var base = parts.base
        if parts.isOneSided, parts.side == 1 {
            // ONNX Runtime leaves a single base value out there.
            guard base.count <= 1 else { throw Self.mixesBases }
            base = []
        } else if isClassifier, parts.declared == 2, !base.isEmpty {
            guard base.count == 1 else { throw Self.mixesBases }
            base += Array(repeating: 0, count: parts.outputs - 1)
        }
        guard base.isEmpty || base.count == parts.outputs else {
            throw refuse("base_values", "there are \(base.count) for \(parts.outputs) outputs")
        }
        guard isClassifier || parts.outputs > 1 || node.attributes["post_transform"]?.text ?? "NONE" == "NONE" else {
            throw Self.leavesOut(node.attributes["post_transform"]?.text ?? "")
        }
        let forest = try ForestModel(
            featureNames: (0..<max(1, featureCount)).map { "f\($0)" },
            kind: .regression,
            outputCount: parts.outputs,
            trees: parts.trees,
            base: base.isEmpty ? nil : base,
            aggregation: try aggregation(parts.trees),
            precision: precision,
            rowPrecision: rows
        )
        return Sums(forest: forest, side: parts.isOneSided ? parts.side : nil, isPositive: parts.isPositive)
    }

    private static let mixesBases = ForestError.unsupported(
        words: "base_values of two classes, which ONNX Runtime mixes up"
    )

    private static func leavesOut(_ transform: String) -> ForestError {
        .unsupported(words: "\(transform) of a regressor with one target, which ONNX Runtime leaves out")
    }

    /// What both ways of reading the node begin with.
    private struct Parts {
        var labels: [String]
        var declared: Int
        var outputs: Int
        var isOneSided: Bool
        var side: Int
        var isPositive: Bool
        var trees: [Tree]
        var base: [Double]
    }

    private mutating func parts() throws(ForestError) -> Parts {
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
        return Parts(
            labels: labels,
            declared: Int(declared),
            outputs: outputs,
            isOneSided: isOneSided,
            side: Int(ids.first ?? 0),
            isPositive: weights.allSatisfy { $0 >= 0 },
            trees: trees,
            base: numbers("base_values")
        )
    }

    /// Builds the model.
    ///
    /// - Parameters:
    ///   - declaredFeatures: What the graph says of its input; nil = as many as the nodes name.
    ///   - link: What stands behind the node.
    /// - Returns: The model, features named f0, f1 and so on.
    /// - Throws: ``Forest/ForestError``
    mutating func model(declaredFeatures: Int?, link: ForestModel.Link?) throws(ForestError) -> ForestModel {
        let parts = try parts()
        guard !isClassifier || parts.declared > 1 else { throw .unsupported(words: "a classifier of one class") }
        let outputs = parts.outputs
        let transform = try transform(
            isOneSided: parts.isOneSided,
            side: parts.side,
            isPositive: parts.isPositive,
            outputs
        )
        guard link == nil || transform == .identity else {
            throw .unsupported(words: "post_transform and another operation behind it")
        }
        let base = parts.base
        guard base.isEmpty || base.count == outputs else {
            throw refuse("base_values", "there are \(base.count) for \(outputs) outputs")
        }
        if isClassifier, parts.declared == 2, !base.isEmpty, !parts.isOneSided || parts.side == 1 {
            throw Self.mixesBases
        }
        let features = declaredFeatures ?? featureCount
        guard features >= featureCount, features <= ForestModel.nameLimit else {
            throw refuse("nodes_featureids", "they name features that the input does not have")
        }
        return try ForestModel(
            featureNames: (0..<features).map { "f\($0)" },
            kind: isClassifier ? .classification(classNames: parts.labels) : .regression,
            outputCount: outputs,
            trees: parts.trees,
            base: base.isEmpty ? nil : base,
            aggregation: try aggregation(parts.trees),
            link: link ?? transform,
            precision: precision,
            rowPrecision: rows
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

    /// One score for two classes is read as ONNX Runtime reads it: that of class 0 (!) is the second class's
    /// probability or, with LOGISTIC, its margin; that of class 1 stands beside a score of 0.
    private func transform(
        isOneSided: Bool,
        side: Int,
        isPositive: Bool,
        _ outputs: Int
    ) throws(ForestError) -> ForestModel.Link {
        let transform = node.attributes["post_transform"]?.text ?? "NONE"
        switch transform {
        case _ where transform != "NONE" && !isClassifier && outputs == 1:
            throw Self.leavesOut(transform)
        case "NONE":
            guard !isOneSided || isPositive else {
                throw .unsupported(words: "one score for two classes, which is no probability")
            }
            return .identity
        case "LOGISTIC": return .sigmoid(scale: 1)
        case "SOFTMAX":
            guard isOneSided else { return .softmax }
            guard side == 1 else { throw .unsupported(words: "SOFTMAX of one score for two classes") }
            return .sigmoid(scale: 1)
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
            let question = try Question(modes[index], values[index], tracksMissing: tracks[index] != 0, rows)
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

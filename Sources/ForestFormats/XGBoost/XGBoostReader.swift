import Bytes
import Forest

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Reads XGBoost models (1.0 to 3.x): boosters gbtree and dart, numeric and categorical splits, vector leaves.
///
/// The file's `base_score` is in the space of the predictions; XGBoost turns it into a margin in 32 bits and starts
/// every sum from it, and so does the model: margins are equal to the last bit. multi:softmax has all classes'
/// probabilities here too; that its prediction is the class is for whoever prints it. All trees are used, as
/// `Booster.predict` does, or those up to the best iteration that training noted, as `XGBClassifier.predict_proba`
/// does. Format: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html and `doc/model.schema`.
struct XGBoostReader {
    private let outputs: Int
    private let features: Int
    private var allowance: Allowance

    /// What a file holds.
    struct Contents {
        var forest: ForestModel
        var notes: [String]
        /// Whether the library predicts the class itself (multi:softmax).
        var predictsClass: Bool
    }

    /// Reads a model.
    ///
    /// - Parameters:
    ///   - root: The file.
    ///   - size: Its bytes: how much memory it may ask for.
    ///   - upToBest: Only the trees up to the iteration that training noted as its best.
    /// - Returns: The model and what a person should know of it.
    /// - Throws: ``Forest/ForestError``
    static func read(_ root: JSONValue, size: Int, upToBest: Bool) throws(ForestError) -> Contents {
        guard let learner = root["learner"] else {
            throw .invalid(part: "learner", words: "it is missing: this is JSON, but not an XGBoost model")
        }
        let parameters = learner["learner_model_param"] ?? .null
        let features = try integer(parameters, "num_feature", 0...ForestModel.nameLimit)
        let classes = try integer(parameters, "num_class", 0...ForestModel.outputLimit, missing: 0)
        let targets = try integer(parameters, "num_target", 0...ForestModel.outputLimit, missing: 1)
        let outputs = max(1, classes, targets)
        let objective = try Objective(learner["objective"]?["name"]?.text, classes: classes, targets: targets)
        var booster = learner["gradient_booster"] ?? .null
        var drops: [Double]?
        var notes: [String] = []
        switch booster["name"]?.text {
        case "gbtree": break
        case "dart":
            drops = booster["weight_drop"]?.numberList
            booster = booster["gbtree"] ?? .null
        case "gblinear": throw .unsupported(words: "booster gblinear has no trees")
        default: throw .unsupported(words: "the booster is not gbtree or dart")
        }
        guard case .list(let sources)? = booster["model"]?["trees"] else {
            throw .invalid(part: "trees", words: "the list is missing")
        }
        let groups = booster["model"]?["tree_info"]?.numberList ?? []
        guard groups.count == sources.count, drops == nil || drops?.count == sources.count else {
            throw .invalid(part: "tree_info", words: "there is not one number a tree")
        }
        var reader = XGBoostReader(outputs: outputs, features: features, allowance: Allowance(bytes: size))
        var trees: [Tree] = []
        for (index, source) in sources.enumerated() {
            guard let group = Int(exactly: groups[index]), group >= 0, group < outputs else {
                throw .invalid(part: "tree_info", words: "tree \(index) is of a class that does not exist")
            }
            trees.append(try reader.tree(source, index, group: group, weight: drops.map { Float($0[index]) }))
        }
        let best = learner["attributes"]?["best_iteration"]?.text
        if upToBest {
            let model = booster["model"] ?? .null
            guard let count = Self.treeCount(upTo: best.flatMap { Int($0) }, model, perRound: max(1, classes)),
                count <= trees.count
            else {
                throw .unsupported(words: "training noted no best iteration among its rounds: use all of its trees")
            }
            trees.removeSubrange(count...)
        } else if let best {
            notes.append(
                "training noted \(best) as its best iteration; all trees are used, as Booster.predict does; "
                    + "--best-iteration uses those up to it, as XGBClassifier.predict_proba does"
            )
        }
        let (categories, isCut) = try Self.categories(booster["model"]?["cats"]?["enc"], features: features)
        if isCut {
            notes.append(
                "names of categories are not of ASCII letters, which XGBoost cuts at the wrong places: rows must hold the "
                    + "numbers of those features' categories, in the order of training"
            )
        }
        let forest = try ForestModel(
            featureNames: names(learner["feature_names"], count: features),
            kind: objective.kind(outputs: outputs),
            outputCount: outputs,
            trees: trees,
            base: try base(parameters["base_score"]?.text, outputs, objective),
            link: objective.link,
            categories: categories
        )
        let predictsClass = objective.name == "multi:softmax"
        return Contents(forest: forest, notes: notes, predictsClass: predictsClass)
    }

    /// How many trees the rounds up to one have.
    ///
    /// - Parameters:
    ///   - round: Counted from 0.
    ///   - model: The booster's.
    ///   - perRound: Trees of a round in files before 2.0, which do not say where each round ends.
    /// - Returns: Nil if there is no such round.
    private static func treeCount(upTo round: Int?, _ model: JSONValue, perRound: Int) -> Int? {
        guard let round, round >= 0, round < ForestModel.nodeLimit else { return nil }
        if let ends = model["iteration_indptr"]?.numberList {
            return round + 1 < ends.count ? Int(exactly: ends[round + 1]).flatMap { $0 > 0 ? $0 : nil } : nil
        }
        let parallel = model["gbtree_model_param"]?["num_parallel_tree"]?.text.flatMap { Int($0) } ?? 1
        let (count, overflows) = (round + 1).multipliedReportingOverflow(by: perRound * max(1, min(parallel, 1 << 20)))
        return overflows ? nil : count
    }

    /// The names of categories, since 3.1: for each feature numbers, or texts of UTF-8 behind one another.
    ///
    /// Texts beyond ASCII are left out: XGBoost 3.2 counts a data frame's letters where it should count bytes.
    private static func categories(
        _ source: JSONValue?,
        features: Int
    ) throws(ForestError) -> (names: [Int: CategoryNames], isCut: Bool) {
        guard case .list(let encodings)? = source, !encodings.isEmpty else { return ([:], false) }
        var isCut = false
        func refuse() -> ForestError { .invalid(part: "cats", words: "they are not one list of categories a feature") }
        guard encodings.count == features else { throw refuse() }
        var categories: [Int: CategoryNames] = [:]
        for (feature, encoding) in encodings.enumerated() {
            guard let values = encoding["values"]?.numberList, !values.isEmpty else { continue }
            guard let offsets = encoding["offsets"]?.numberList else {
                let names = values.map { $0.rounded() == $0 && $0.magnitude < 1e15 ? String(Int64($0)) : String($0) }
                categories[feature] = CategoryNames(names, areNumbers: true)
                continue
            }
            // Bytes may be written as signed ones.
            let bytes = values.map { UInt8(truncatingIfNeeded: Int(clamping: Int64(exactly: $0) ?? 0)) }
            guard bytes.allSatisfy({ $0 < 0x80 }) else {
                isCut = true
                continue
            }
            var names: [String] = []
            for (first, end) in zip(offsets, offsets.dropFirst()) {
                guard let first = Int(exactly: first), let end = Int(exactly: end), first >= 0, first <= end,
                    end <= bytes.count
                else { throw refuse() }
                names.append(String(decoding: bytes[first..<end], as: UTF8.self))
            }
            categories[feature] = CategoryNames(names)
        }
        return (categories, isCut)
    }

    private static func names(_ source: JSONValue?, count: Int) throws(ForestError) -> [String] {
        guard let names = source?.textList, !names.isEmpty else { return (0..<count).map { "f\($0)" } }
        guard names.count == count else {
            throw .invalid(part: "feature_names", words: "there are \(names.count), not \(count)")
        }
        return names
    }

    private static func integer(
        _ source: JSONValue,
        _ name: String,
        _ range: ClosedRange<Int>,
        missing: Int? = nil
    ) throws(ForestError) -> Int {
        if let missing, source[name] == nil { return missing }
        guard let text = source[name]?.text, let value = Int(text), range.contains(value) else {
            throw .invalid(part: name, words: "it is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// "5E-1" up to version 3.0, "[5E-1]" or one number an output since 3.1.
    private static func base(_ text: String?, _ outputs: Int, _ objective: Objective) throws(ForestError) -> [Double] {
        let inner = (text ?? "").filter { !"[] \n".contains($0) }
        let scores = inner.split(separator: ",").map { Float($0) ?? .nan }
        guard scores.count == 1 || scores.count == outputs, scores.allSatisfy(\.isFinite) else {
            throw .invalid(part: "base_score", words: "it is not one number, or one an output")
        }
        let margins = scores.map { objective.margin($0) }
        guard margins.allSatisfy(\.isFinite) else {
            throw .invalid(part: "base_score", words: "it is not a possible prediction of \(objective.name)")
        }
        return (0..<outputs).map { Double(margins[margins.count == 1 ? 0 : $0]) }
    }
}

/// What an objective's name says about predictions.
struct Objective {
    let name: String
    let link: ForestModel.Link
    private let classifies: Bool
    private let space: Space

    /// How `base_score` becomes a margin.
    private enum Space {
        case margin, probability, logarithm
    }

    init(_ name: String?, classes: Int, targets: Int) throws(ForestError) {
        self.name = name ?? ""
        switch name {
        case "binary:logistic":
            (link, classifies, space) = (.sigmoid(scale: 1), targets <= 1, .probability)
        case "reg:logistic": (link, classifies, space) = (.sigmoid(scale: 1), false, .probability)
        case "binary:logitraw": (link, classifies, space) = (.identity, false, .margin)
        case "multi:softprob", "multi:softmax":
            guard classes >= 2 else { throw .invalid(part: "num_class", words: "it is less than 2") }
            (link, classifies, space) = (.softmax, true, .margin)
        case "count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft":
            (link, classifies, space) = (.exponential, false, .logarithm)
        case "reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror",
            "reg:quantileerror", "reg:expectileerror", "rank:pairwise", "rank:ndcg", "rank:map":
            (link, classifies, space) = (.identity, false, .margin)
        default:
            throw .unsupported(
                words: "the objective \"\(name ?? "")\": how its margins become predictions is not known"
            )
        }
    }

    func kind(outputs: Int) -> ForestModel.Kind {
        classifies ? .classification(classNames: (0..<max(2, outputs)).map { String($0) }) : .regression
    }

    /// In 32 bits, as XGBoost does it.
    func margin(_ score: Float) -> Float {
        switch space {
        case .margin: score
        case .probability: -logf(1 / score - 1)
        case .logarithm: logf(score)
        }
    }
}

extension XGBoostReader {
    private mutating func tree(
        _ source: JSONValue,
        _ index: Int,
        group: Int,
        weight: Float?
    ) throws(ForestError) -> Tree {
        let columns = try XGBoostTree(source, index)
        let width = try Self.integer(source["tree_param"] ?? .null, "size_leaf_vector", 0...outputs, missing: 1)
        var graph = TreeGraph()
        if width > 1 {
            guard width == outputs, let weights = source["leaf_weights"]?.numberList else {
                throw .unsupported(words: "vector leaves as XGBoost wrote them before 3.1: load and save it with 3.1")
            }
            try allowance.take(columns.count * width, for: "tree \(index)'s leaves")
            graph.leafWidth = width
            graph.leaves = weights
        } else {
            graph.output = group
        }
        let sets = try categories(source, index, nodes: columns.count)
        for node in 0..<columns.count {
            graph.cover.append(columns.hessians.isEmpty ? 0 : max(0, Float(columns.hessians[node])))
            if columns.left[node] == -1 {
                columns.addLeaf(node, width: width, to: &graph)
            } else {
                columns.addSplit(node, set: sets.numbers[node], features: features, to: &graph)
            }
        }
        graph.leaves = graph.leaves.map { Double(Float($0) * (weight ?? 1)) }
        graph.sets = sets.sets
        return try graph.ordered(from: 0, tree: index)
    }

    /// The sets of a tree's categorical nodes, and which node has which.
    private mutating func categories(
        _ source: JSONValue,
        _ index: Int,
        nodes: Int
    ) throws(ForestError) -> (sets: CategorySets, numbers: [Int: Int]) {
        func refuse() -> ForestError { .invalid(part: "tree \(index)", words: "its categories do not fit its nodes") }
        let named = source["categories_nodes"]?.numberList ?? []
        let firsts = source["categories_segments"]?.numberList ?? []
        let sizes = source["categories_sizes"]?.numberList ?? []
        let values = source["categories"]?.numberList ?? []
        guard firsts.count == named.count, sizes.count == named.count else { throw refuse() }
        var sets = CategorySets()
        var numbers: [Int: Int] = [:]
        for (position, name) in named.enumerated() {
            guard let node = Int(exactly: name), node >= 0, node < nodes, numbers[node] == nil,
                let first = Int(exactly: firsts[position]), let size = Int(exactly: sizes[position]), first >= 0,
                size >= 0, first <= values.count, size <= values.count - first
            else { throw refuse() }
            // Segments may overlap.
            try allowance.take(size, for: "tree \(index)'s categories")
            var words: [UInt32] = []
            for value in values[first..<first + size] {
                guard value >= 0, value < 16_777_216, let category = Int(exactly: value) else { throw refuse() }
                let word = category / 32
                if word >= words.count {
                    try allowance.take(word + 1 - words.count, for: "tree \(index)'s categories")
                    words += repeatElement(0, count: word + 1 - words.count)
                }
                words[word] |= 1 << UInt32(category % 32)
            }
            numbers[node] = sets.append(words)
        }
        return (sets, numbers)
    }
}

/// A tree as the file has it: a column for each of its properties, all of one length.
private struct XGBoostTree {
    let left: [Double]
    let right: [Double]
    let indices: [Double]
    let conditions: [Double]
    let defaults: [Bool]
    /// Whether a node is about categories.
    let types: [Bool]
    let hessians: [Double]

    var count: Int { left.count }

    init(_ source: JSONValue, _ index: Int) throws(ForestError) {
        func refuse(_ words: String) -> ForestError { .invalid(part: "tree \(index)", words: words) }
        guard let left = source["left_children"]?.numberList, let right = source["right_children"]?.numberList,
            let indices = source["split_indices"]?.numberList, let conditions = source["split_conditions"]?.numberList,
            let defaults = source["default_left"]?.flags
        else { throw refuse("a part is missing") }
        let count = left.count
        types = source["split_type"]?.flags ?? Array(repeating: false, count: count)
        hessians = source["sum_hessian"]?.numberList ?? []
        guard right.count == count, indices.count == count, conditions.count == count, defaults.count == count,
            types.count == count, hessians.isEmpty || hessians.count == count, count <= ForestModel.nodeLimit
        else { throw refuse("its arrays have different lengths") }
        (self.left, self.right, self.indices) = (left, right, indices)
        (self.conditions, self.defaults) = (conditions, defaults)
    }

    /// A leaf of one number has it as its condition; one of several, their place in a list.
    func addLeaf(_ node: Int, width: Int, to graph: inout TreeGraph) {
        graph.feature.append(-1)
        graph.test.append(.less)
        graph.threshold.append(0)
        graph.missingGoesLeft.append(true)
        graph.left.append(-1)
        if width > 1 {
            graph.right.append(Int(exactly: right[node]) ?? -1)
        } else {
            graph.right.append(graph.leaves.count)
            graph.leaves.append(conditions[node])
        }
    }

    /// A node that tests a feature, or whether a category is in the set of that number.
    func addSplit(_ node: Int, set: Int?, features: Int, to graph: inout TreeGraph) {
        // Pruned nodes keep their places but name no feature: what cannot be, fails only where it is reached.
        let feature = Int32(exactly: indices[node]) ?? -2
        let isPruned = feature < 0 || Int(feature) >= features
        graph.feature.append(isPruned ? Int32.max : feature)
        let first = Int(exactly: left[node]) ?? -1
        let second = Int(exactly: right[node]) ?? -1
        if types[node] {
            // In the set goes right there: the children change places.
            graph.test.append(.inSet)
            graph.threshold.append(Double(set ?? -1))
            graph.missingGoesLeft.append(!defaults[node])
            graph.left.append(second)
            graph.right.append(first)
        } else {
            graph.test.append(.less)
            graph.threshold.append(Double(Float(conditions[node])))
            graph.missingGoesLeft.append(defaults[node])
            graph.left.append(first)
            graph.right.append(second)
        }
    }
}

extension JSONValue {
    /// A list of booleans, spelled as such or as 0 and 1.
    fileprivate var flags: [Bool]? {
        if let numbers = numberList { return numbers.map { $0 != 0 } }
        guard case .list(let values) = self else { return nil }
        let flags = values.compactMap { value -> Bool? in if case .bool(let flag) = value { flag } else { nil } }
        return flags.count == values.count ? flags : nil
    }
}

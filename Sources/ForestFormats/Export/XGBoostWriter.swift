import Bytes
import Forest

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes XGBoost JSON (3.x), for `Booster.load_model`.
///
/// The objective says the link: binary:logistic, multi:softprob, count:poisson for exponentials, reg:squarederror for
/// plain values. A random forest's mean of probabilities becomes reg:squarederror with one target a class: its
/// predictions are our probabilities. Vector leaves become one tree an output. Infinite values, which XGBoost refuses,
/// are the only ones that may go another way (where missing values are split off).
public enum XGBoostWriter {
    /// The file's bytes; the same model gives the same ones.
    ///
    /// - Parameter model: Any but minima, maxima, `==` tests, zeros as missing, and calibration.
    /// - Returns: JSON.
    /// - Throws: ``ExportError`` naming what XGBoost does not know.
    public static func encode(_ model: ForestModel) throws(ExportError) -> [UInt8] {
        try Flattened.check(model)
        switch model.aggregation {
        case .sum, .average: break
        case .minimum, .maximum: throw ExportError("XGBoost knows no minimum or maximum of trees: export to ONNX")
        }
        for tree in model.trees where tree.tests.contains(.equal) {
            throw ExportError("XGBoost knows no == test: export to ONNX")
        }
        let form = Form(model)
        let flat = Flattened(model, factor: form.factor, keepsBase: form.scores != nil)
        guard flat.strayOffsets().isEmpty else { throw ExportError("an output has a base value, but no tree") }
        var trees: [JSONValue] = []
        var groups: [Double] = []
        for (tree, leaves) in zip(model.trees, flat.leaves()) {
            for output in tree.output..<tree.output + tree.leafWidth {
                let values = stride(from: output - tree.output, to: leaves.count, by: tree.leafWidth).map { leaves[$0] }
                let columns = XGBoostColumns(tree, values)
                trees.append(columns.value(id: trees.count, features: model.featureNames.count))
                groups.append(Double(output))
            }
        }
        var out: [UInt8] = []
        document(model, form, trees, groups).write(into: &out)
        return out
    }

    /// What objective, base scores and counts say of the model.
    private struct Form {
        var objective: String
        var parameters: JSONValue.Member
        var classes = 0
        var targets = 1
        /// What margins are multiplied by.
        var factor = 1.0
        /// `base_score`s whose margins are the base to the last bit; nil if there are none.
        var scores: [Float]?

        init(_ model: ForestModel) {
            let text = { (name: String, value: String) in JSONValue.object([.init(name, .text(value))]) }
            parameters = .init("reg_loss_param", text("scale_pos_weight", "1"))
            if model.outputCount > 1 { targets = model.outputCount }
            var isSpace: (Float) -> Float = { $0 }
            var candidate: (Double) -> Float = { Float($0) }
            switch model.link {
            case .identity: objective = "reg:squarederror"
            case .sigmoid(let scale):
                objective = "binary:logistic"
                factor = scale
                isSpace = { -logf(1 / $0 - 1) }
                candidate = { Float(1 / (1 + exp(-$0))) }
            case .softmax:
                objective = "multi:softprob"
                parameters = .init("softmax_multiclass_param", text("num_class", String(model.outputCount)))
                (classes, targets) = (model.outputCount, 1)
            case .exponential, .isolation:
                objective = "count:poisson"
                parameters = .init("poisson_regression_param", text("max_delta_step", "0.699999988"))
                if case .isolation(let depth) = model.link { factor = -log(2) / depth }
                isSpace = { logf($0) }
                candidate = { Float(exp($0)) }
            }
            let wanted = model.base.map { Float($0 * factor) }
            let found = wanted.map { base in
                let first = candidate(Double(base))
                return [first, first.nextUp, first.nextDown].first { isSpace($0) == base }
            }
            let scores = found.compactMap(\.self)
            if scores.count == wanted.count { self.scores = scores }
        }

        /// One number where all are the same, which older versions read, too.
        var baseScore: String {
            // Without a place for the base every margin starts at 0.
            let zero: Float = objective == "binary:logistic" ? 0.5 : objective == "count:poisson" ? 1 : 0
            let scores = scores ?? [zero]
            if Set(scores).count == 1 { return scores[0].description }
            return "[" + scores.map(\.description).joined(separator: ",") + "]"
        }
    }

    private static func document(
        _ model: ForestModel,
        _ form: Form,
        _ trees: [JSONValue],
        _ groups: [Double]
    ) -> JSONValue {
        var types = Array(repeating: "float", count: model.featureNames.count)
        for tree in model.trees where !tree.tests.isEmpty {
            for node in 0..<tree.nodeCount where tree.test(node) == .inSet { types[Int(tree.feature[node])] = "c" }
        }
        let booster = JSONValue.object([
            .init(
                "cats",
                .object([
                    .init("enc", .list([])), .init("feature_segments", .list([])), .init("sorted_idx", .list([])),
                ])
            ),
            .init(
                "gbtree_model_param",
                .object([
                    .init("num_parallel_tree", .text("1")), .init("num_trees", .text(String(trees.count))),
                ])
            ),
            .init("iteration_indptr", .numbers([0, Double(trees.count)])),
            .init("tree_info", .numbers(groups)),
            .init("trees", .list(trees)),
        ])
        let learner = JSONValue.object([
            .init("attributes", .object([])),
            .init("feature_names", .list(model.featureNames.map { .text($0) })),
            .init("feature_types", .list(types.map { .text($0) })),
            .init("gradient_booster", .object([.init("model", booster), .init("name", .text("gbtree"))])),
            .init(
                "learner_model_param",
                .object([
                    .init("base_score", .text(form.baseScore)), .init("boost_from_average", .text("1")),
                    .init("num_class", .text(String(form.classes))),
                    .init("num_feature", .text(String(model.featureNames.count))),
                    .init("num_target", .text(String(form.targets))),
                ])
            ),
            .init("objective", .object([.init("name", .text(form.objective)), form.parameters])),
        ])
        return .object([.init("learner", learner), .init("version", .numbers([3, 0, 0]))])
    }
}

/// A tree as XGBoost writes it, a column for each property. Its walk relies on siblings that are neighbours: nodes are
/// written level by level.
private struct XGBoostColumns {
    private let count: Int
    private var left: [Double]
    private var right: [Double]
    private var parents: [Double]
    private var indices: [Double]
    private var conditions: [Double]
    private var defaults: [Double]
    private var types: [Double]
    private var covers: [Double]
    /// Of nodes about categories: which they are, where the categories of each begin and how many they are.
    private var nodes: [Double] = []
    private var segments: [Double] = []
    private var sizes: [Double] = []
    private var categories: [Double] = []

    init(_ tree: Tree, _ leaves: [Float]) {
        count = tree.nodeCount
        left = Array(repeating: -1, count: count)
        right = left
        parents = Array(repeating: 2_147_483_647, count: count)
        indices = Array(repeating: 0, count: count)
        (conditions, defaults, types, covers) = (indices, indices, indices, indices)
        var order = [0]
        for target in 0..<count {
            let node = order[target]
            covers[target] = Double(tree.cover[node])
            guard tree.feature[node] >= 0 else {
                conditions[target] = Double(leaves[Int(tree.right[node])])
                continue
            }
            let isSet = tree.test(node) == .inSet
            left[target] = Double(order.count)
            right[target] = Double(order.count + 1)
            parents[order.count] = Double(target)
            parents[order.count + 1] = Double(target)
            // In the set goes right there.
            order += isSet ? [Int(tree.right[node]), node + 1] : [node + 1, Int(tree.right[node])]
            indices[target] = Double(tree.feature[node])
            defaults[target] = tree.missingGoesLeft[node] != isSet ? 1 : 0
            guard isSet else {
                conditions[target] = Double(min(tree.singleThreshold(node), .greatestFiniteMagnitude))
                continue
            }
            types[target] = 1
            let set = tree.categories(in: Int(tree.threshold[node]))
            nodes.append(Double(target))
            segments.append(Double(categories.count))
            sizes.append(Double(set.count))
            categories += set.map { Double($0) }
        }
    }

    /// The tree's object, with its number and how many features the model has.
    func value(id: Int, features: Int) -> JSONValue {
        let text = { (name: String, value: Int) in JSONValue.Member(name, .text(String(value))) }
        // XGBoost tells integers and numbers apart, and these must be numbers; the shortest digits of 32 bits are
        // enough.
        let singles = { (values: [Double]) in JSONValue.exactNumbers(values.map { Double(Float($0).description) ?? $0 })
        }
        let zeros = Array(repeating: 0.0, count: count)
        return .object([
            .init("base_weights", singles(zeros)),
            .init("categories", .numbers(categories)),
            .init("categories_nodes", .numbers(nodes)),
            .init("categories_segments", .numbers(segments)),
            .init("categories_sizes", .numbers(sizes)),
            .init("default_left", .numbers(defaults)),
            .init("id", .number(Double(id))),
            .init("left_children", .numbers(left)),
            .init("loss_changes", singles(zeros)),
            .init("parents", .numbers(parents)),
            .init("right_children", .numbers(right)),
            .init("split_conditions", singles(conditions)),
            .init("split_indices", .numbers(indices)),
            .init("split_type", .numbers(types)),
            .init("sum_hessian", singles(covers)),
            .init(
                "tree_param",
                .object([
                    text("num_deleted", 0), text("num_feature", features), text("num_nodes", count),
                    text("size_leaf_vector", 1),
                ])
            ),
        ])
    }
}

extension Tree {
    /// The categories of a set, ascending.
    func categories(in set: Int) -> [Int] {
        let first = Int(categoryOffsets[set])
        let words = categoryWords[first..<Int(categoryOffsets[set + 1])]
        return words.indices.flatMap { word in
            (0..<32).filter { words[word] >> UInt32($0) & 1 == 1 }.map { (word - first) * 32 + $0 }
        }
    }
}

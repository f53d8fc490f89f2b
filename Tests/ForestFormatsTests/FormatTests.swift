import Base
import Bytes
import Forest
import ForestFormats
import TestKit
import Testing

@Suite struct LightGBMTests {
    private func read(_ change: (String) -> String = { $0 }) throws -> ForestModel {
        try ImportedModel(decoding: Array(change(Samples.lightGBM).utf8)).forest
    }

    /// What LightGBM 4.7 predicts for this file: margins of rows that meet each rule.
    @Test func everyRuleByHand() throws {
        let model = try read()
        let reference = ReferenceForest(model)
        func margin(_ a: Float, _ b: Float, _ c: Float) -> Double { reference.margins(of: [a, b, c])[0] }
        // a: missing goes left (type NaN). b below infinity: leaf 0; missing b: on to node 3, where it counts as 0.
        #expect(margin(0.5, 9, 0) == 0.1 + 0.25)
        #expect(margin(.nan, .infinity, 0) == 0.1 + 0.25)
        #expect(margin(0, .nan, 0) == 0.5 + 0.25)
        // c: categories 1, 2 and 32 are in the set.
        for c: Float in [1, 2, 2.9, 32] { #expect(margin(1, 0, c) == 0.2 + 0.25) }
        for c: Float in [0, 3, 33, 64, 1e9, -1, .nan, .infinity] {
            #expect(margin(1, 0, c) == 0.30000000000000004 + 0.25)
        }
        #expect(model.classNames == ["0", "1"])
        #expect(model.featureNames == ["a", "b", "c"])
        let probability = reference.results(of: [0.5, 9, 0])[1]
        #expect(abs(probability - 0.668187772168166) < 1e-12)
        #expect(model.trees[0].cover == [150, 100, 10, 90, 40, 50, 50, 20, 30])
    }

    /// Rows are compared in 64 bits: the next number is above the threshold.
    @Test func rowsAndThresholdsAreOf64Bits() throws {
        for threshold in [0.1, 0.5, 499_999_999.5] {
            let model = try read { $0.replacing("threshold=0.5 ", with: "threshold=\(threshold) ") }
            #expect(model.rowPrecision == .double)
            let rows = [threshold.nextDown, threshold, threshold.nextUp].map { [$0, 0, 1] }
            #expect(rows.map { ReferenceForest(model).margins(of: $0)[0] } == [0.35, 0.35, 0.45])
            var found = [0.0, 0, 0]
            ForestScorer(model).margins(rows: rows.flatMap(\.self), rowCount: 3, into: &found)
            #expect(found == [0.35, 0.35, 0.45])
        }
    }

    @Test func thresholdsOf64BitsAreExactFor32() throws {
        // 0.1 lies between two Floats; 0.5 is one.
        for (threshold, below, above) in [(0.1, Float(0.1).nextDown, Float(0.1)), (0.5, 0.5, Float(0.5).nextUp)] {
            let model = try read { $0.replacing("threshold=0.5 ", with: "threshold=\(threshold) ") }
            let reference = ReferenceForest(model)
            #expect(Double(below) <= threshold && Double(above) > threshold)
            #expect(reference.margins(of: [below, 0, 1])[0] == 0.35)
            #expect(reference.margins(of: [above, 0, 1])[0] == 0.45)
        }
    }

    @Test func zeroAsMissing() throws {
        // Node 0: missing type Zero, default left, threshold -0.5: zeros go left although they are above it.
        let model = try read {
            $0.replacing("threshold=0.5 ", with: "threshold=-0.5 ").replacing("=10 8 1 0", with: "=6 8 1 0")
        }
        #expect(model.zeroIsMissing == [true, false, false])
        let reference = ReferenceForest(model)
        for zero: Float in [0, -0.0, 1e-35, -1e-36, .nan] { #expect(reference.margins(of: [zero, 0, 1])[0] == 0.35) }
        for value: Float in [1, 2e-35, -2e-35, -0.25] { #expect(reference.margins(of: [value, 0, 1])[0] == 0.45) }
        #expect(reference.margins(of: [-1, 0, 1])[0] == 0.35)
        // With the threshold above zero it makes no difference, and nothing has to be turned into NaN.
        #expect(try read { $0.replacing("=10 8 1 0", with: "=6 8 1 0") }.zeroIsMissing == [])
        // The same feature with both rules, which disagree.
        #expect(throws: ForestError.self) {
            try read {
                $0.replacing("threshold=0.5 inf", with: "threshold=-0.5 -0.5")
                    .replacing("split_feature=0 1", with: "split_feature=0 0")
                    .replacing("=10 8 1 0", with: "=6 10 1 0")
            }
        }
    }

    @Test func averages() throws {
        let model = try read { $0.replacing("objective=", with: "average_output\nobjective=") }
        #expect(model.aggregation == .average(over: 2))
        #expect(ReferenceForest(model).margins(of: [0, 0, 0])[0] == 0.175)
    }

    @Test(arguments: [
        ("is_linear=0", "is_linear=1", "linear"), ("objective=binary sigmoid:2", "objective=custom", "custom"),
        ("sigmoid:2", "sigmoid", "scale"),
        ("binary sigmoid:2", ": :", "objective"),
        ("objective=binary sigmoid:2", "objective=regression sqrt", "sqrt"),
        ("num_leaves=5", "num_leaves=6", "leaf_value"),
        ("num_leaves=5", "num_leaves=1000000000", "leaf_value"), ("num_leaves=5", "num_leaves=0", "num_leaves"),
        ("left_child=1 -1", "left_child=0 -1", "two ways"), ("left_child=1 -1", "left_child=7 -1", "does not exist"),
        ("left_child=1 -1", "left_child=1 -9", "does not exist"), ("threshold=0.5", "threshold=nan", "not numbers"),
        ("split_feature=0", "split_feature=3", "does not exist"),
        ("split_feature=0", "split_feature=0.5", "does not exist"),
        ("leaf_value=0.1", "leaf_value=inf", "not a number"),
        ("cat_boundaries=0 2", "cat_boundaries=0 9", "categories"),
        ("cat_threshold=6 1", "cat_threshold=6 4294967296", "categories"), ("Tree=1", "Tree=2", "missing"),
        ("end of trees", "end", "missing"), ("max_feature_idx=2", "max_feature_idx=2000000000", "max_feature_idx"),
        ("decision_type=10", "decision_type=14", "missing type 3"),
        ("feature_names=a b c", "feature_names=a a c", "same name"),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=0", "num_tree_per_iteration"),
        ("leaf_count=10 20", "leaf_count=10 -20", "cover"),
    ])
    func whatCannotBeIsRefused(old: String, new: String, words: String) {
        do {
            _ = try read { $0.replacing(old, with: new) }
            Issue.record("\(new) is accepted")
        } catch {
            #expect("\(error)".contains(words), "\(error)")
        }
    }
}

@Suite struct XGBoostTests {
    /// One tree: a number, then a set of categories on the right.
    private static let text = """
        {"learner": {"attributes": {}, "feature_names": ["a", "b"], "feature_types": ["float", "c"],
          "gradient_booster": {"name": "gbtree", "model": {
            "gbtree_model_param": {"num_trees": "1", "num_parallel_tree": "1"}, "tree_info": [0], "trees": [{
              "left_children": [1, -1, 3, -1, -1], "right_children": [2, -1, 4, -1, -1],
              "split_indices": [0, 0, 1, 0, 0], "split_conditions": [0.5, 1.5, 0, -1, 0.25],
              "default_left": [1, 0, 0, 0, 0], "split_type": [0, 0, 1, 0, 0], "sum_hessian": [10, 4, 6, 3, 3],
              "categories": [1, 33], "categories_nodes": [2], "categories_segments": [0], "categories_sizes": [2],
              "tree_param": {"num_nodes": "5", "size_leaf_vector": "1"}}]}},
          "learner_model_param": {"base_score": "BASE", "num_class": "0", "num_feature": "2", "num_target": "1"},
          "objective": {"name": "binary:logistic"}}, "version": [3, 2, 0]}
        """

    private func read(_ change: (String) -> String = { $0 }) throws -> ForestModel {
        let text = change(Self.text.replacing("BASE", with: "5E-1"))
        return try ImportedModel(decoding: Array(text.utf8)).forest
    }

    @Test func everyRuleByHand() throws {
        let reference = ReferenceForest(try read())
        func margin(_ a: Float, _ b: Float) -> Double { reference.margins(of: [a, b])[0] }
        #expect(margin(0.4, 0) == 1.5)
        #expect(margin(.nan, 0) == 1.5)
        // In the set goes right; what is not, left; missing by default right.
        for b: Float in [1, 1.5, 33] { #expect(margin(0.5, b) == 0.25) }
        for b: Float in [0, 2, 34, 64, -1, 1e30] { #expect(margin(0.5, b) == -1) }
        #expect(margin(0.5, .nan) == 0.25)
        #expect(abs(reference.results(of: [0, 0])[1] - 0.8175744761936437) < 1e-12)
        #expect(reference.model.trees[0].cover == [10, 4, 6, 3, 3])
    }

    @Test(
        arguments: [
            ("5E-1", 0), ("[5E-1]", 0), ("0.25", -1.0986123), ("[2.5E-1]", -1.0986123),
        ] as [(String, Float)]
    )
    func baseScores(spelling: String, margin: Float) throws {
        #expect(try read { $0.replacing("5E-1", with: spelling) }.base == [Double(margin)])
    }

    @Test func dartScalesItsLeaves() throws {
        let model = try read {
            $0.replacing(
                "{\"name\": \"gbtree\", \"model\"",
                with: "{\"name\": \"dart\", \"weight_drop\": [0.5], \"gbtree\": {\"model\""
            )
            .replacing("}]}},", with: "}]}}},")
        }
        #expect(ReferenceForest(model).margins(of: [0, 0])[0] == 0.75)
    }

    @Test func vectorLeaves() throws {
        let model = try read {
            $0.replacing("\"size_leaf_vector\": \"1\"", with: "\"size_leaf_vector\": \"2\"")
                .replacing("\"num_target\": \"1\"", with: "\"num_target\": \"2\"")
                .replacing("binary:logistic", with: "reg:squarederror")
                .replacing("\"right_children\": [2, -1, 4, -1, -1]", with: "\"right_children\": [2, 1, 4, 0, 2]")
                .replacing("\"categories\":", with: "\"leaf_weights\": [1, 2, 3, 4, 5, 6], \"categories\":")
        }
        let reference = ReferenceForest(model)
        #expect(reference.margins(of: [0, 0]) == [3.5, 4.5])
        #expect(reference.margins(of: [1, 0]) == [1.5, 2.5])
        #expect(reference.margins(of: [1, 1]) == [5.5, 6.5])
    }

    @Test func ubjsonIsTheSame() throws {
        let text = Self.text.replacing("BASE", with: "2.5E-1")
        let bytes = Samples.ubjson(try JSONValue.parse(Array(text.utf8)))
        let model = try ImportedModel(decoding: bytes)
        #expect(model.format == .xgboostUBJSON)
        #expect(try model.forest == ImportedModel(decoding: Array(text.utf8)).forest)
        for size in 0..<bytes.count {
            #expect(throws: ForestError.self) { try ImportedModel(decoding: Array(bytes[..<size])) }
        }
    }

    @Test(arguments: [
        ("[1, -1, 3, -1, -1]", "[0, -1, 3, -1, -1]", "two ways"),
        ("[1, -1, 3, -1, -1]", "[1, -1, 2, -1, -1]", "two ways"),
        ("[1, -1, 3, -1, -1]", "[5, -1, 3, -1, -1]", "does not exist"),
        ("[2, -1, 4, -1, -1]", "[2e18, -1, 4, -1, -1]", "does not exist"), ("[0.5, 1.5", "[1e999, 1.5", "number"),
        ("[0, 0, 1, 0, 0], \"split_cond", "[7, 0, 1, 0, 0], \"split_cond", "feature does not exist"),
        ("\"categories_sizes\": [2]", "\"categories_sizes\": [200000000]", "categories"),
        ("\"categories\": [1, 33]", "\"categories\": [1, -33]", "categories"),
        ("\"categories_nodes\": [2]", "\"categories_nodes\": [3]", "set of categories"),
        ("\"tree_info\": [0]", "\"tree_info\": [1]", "class"), ("\"tree_info\": [0]", "\"tree_info\": []", "tree_info"),
        ("binary:logistic", "binary:hinge", "binary:hinge"), ("gbtree\", \"model", "gblinear\", \"model", "gblinear"),
        ("\"num_feature\": \"2\"", "\"num_feature\": \"1000000000\"", "num_feature"),
        ("\"base_score\": \"5E-1\"", "\"base_score\": \"2\"", "base_score"),
        ("\"size_leaf_vector\": \"1\"", "\"size_leaf_vector\": \"9\"", "size_leaf_vector"),
        ("\"trees\": [{", "\"trees\": [{}, {", "tree_info"),
    ])
    func whatCannotBeIsRefused(old: String, new: String, words: String) {
        do {
            _ = try read { $0.replacing(old, with: new) }
            Issue.record("\(new) is accepted")
        } catch {
            #expect("\(error)".contains(words), "\(error)")
        }
    }
}

@Suite struct RoundTripTests {
    /// What is exported and read again says the same.
    @Test(arguments: Seeds.upTo(60))
    func exportsAreReadAgain(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        for format in [ModelFormat.xgboostJSON, .onnx] {
            let model = try Samples.model(&random, tests: format == .onnx ? [.less, .equal] : [.less, .inSet])
            let bytes = try format == .onnx ? ONNXWriter.encode(model) : XGBoostWriter.encode(model)
            let again = try ImportedModel(decoding: bytes)
            #expect(again.format == format)
            let forest = try again.forest
            #expect(forest.trees.allSatisfy { !$0.cover.contains { $0 < 0 } })
            let (first, second) = (ReferenceForest(model), ReferenceForest(forest))
            for _ in 0..<50 {
                var row = Samples.row(&random, model.featureNames.count)
                // XGBoost refuses infinite values.
                if format == .xgboostJSON { row = row.map { $0 == .infinity ? 99 : $0 } }
                let wanted = first.results(of: row)
                // XGBoost's file knows only P(second class) of two, or a target a class.
                let found = second.results(of: row)
                #expect(found.count == wanted.count)
                for (left, right) in zip(wanted, found) {
                    let isClose = abs(left - right) <= 2e-6 * max(1, abs(left))
                    #expect(isClose, "\(format) \(model.kind) \(model.link) \(model.aggregation): \(left), \(right)")
                }
            }
        }
    }

    @Test(arguments: Seeds.upTo(30))
    func ourOwnFormatKeepsEverything(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let model = try Samples.model(&random, tests: [.less, .equal, .inSet])
        let bytes = ModelFile(forest: model, metadata: .object([])).encoded()
        #expect(try ImportedModel(decoding: bytes).forest == model)
        // What version 3 can say is written as it, byte for byte.
        #expect(String(decoding: bytes.prefix(40), as: UTF8.self).contains("patternalarm-forest/3"))
    }

    @Test func ourOwnFormatKeeps64BitsAndNamesOfCategories() throws {
        var tree = Tree()
        tree.feature = [0, 0]
        tree.threshold = [.infinity, 0.1.nextUp]
        tree.missingGoesLeft = [true, false]
        tree.right = [4, 3]
        tree.cover = [3, 2]
        for leaf in [1, 2, 3.0] { tree.appendLeaf([leaf], cover: 1) }
        func model(_ rows: ForestModel.Precision, _ names: [Int: CategoryNames] = [:]) throws -> ForestModel {
            try ForestModel(
                featureNames: ["a", "b"],
                kind: .regression,
                outputCount: 1,
                trees: [tree],
                rowPrecision: rows,
                categories: names
            )
        }
        #expect(throws: ForestError.self) { try model(.single) }
        #expect(throws: ForestError.self) { try model(.double, [2: CategoryNames(["x"])]) }
        #expect(throws: ForestError.self) { try model(.double, [1: CategoryNames(["x", "x"])]) }
        #expect(throws: ForestError.self) { try model(.double, [1: CategoryNames(["x"], areNumbers: true)]) }
        let names = [0: CategoryNames(["5", "2.5"], areNumbers: true), 1: CategoryNames(["\"", "ü", ""])]
        let whole = try model(.double, names)
        let bytes = ModelFile(forest: whole, metadata: .object([])).encoded()
        #expect(try ImportedModel(decoding: bytes).forest == whole)
        #expect(String(decoding: bytes, as: UTF8.self).contains("patternalarm-forest/4"))
    }

    /// Infinite values at infinite thresholds, sets and == tests: the engines agree with the definition.
    @Test(arguments: Seeds.upTo(60))
    func enginesAgreeOnEverything(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let model = try Samples.model(&random, tests: seed % 2 == 0 ? [.less] : [.less, .equal, .inSet])
        let width = model.featureNames.count
        let rows = (0..<600).flatMap { _ in Samples.row(&random, width) }
        let reference = ReferenceForest(model)
        let wanted = (0..<600).flatMap { reference.margins(of: Array(rows[$0 * width..<($0 + 1) * width])) }
        let scorer = ForestScorer(model)
        for size in [1, 600] {
            var found = Array(repeating: 0.0, count: wanted.count)
            rows.withUnsafeBufferPointer { rows in
                found.withUnsafeMutableBufferPointer { found in
                    guard let rows = rows.baseAddress, let found = found.baseAddress else { return }
                    for first in stride(from: 0, to: 600, by: size) {
                        scorer.margins(
                            rows: rows + first * width,
                            rowCount: size,
                            into: found + first * model.outputCount
                        )
                    }
                }
            }
            #expect(found.map(\.bitPattern) == wanted.map(\.bitPattern))
        }
    }

    @Test func whatAFormatCannotSayIsRefused() throws {
        var tree = Tree()
        tree.feature = [0]
        tree.tests = [.less]
        tree.threshold = [0]
        tree.missingGoesLeft = [true]
        tree.right = [2]
        tree.cover = [1]
        tree.appendLeaf([0], cover: 1)
        tree.appendLeaf([1], cover: 1)
        func model(
            _ test: NodeTest = .less,
            _ aggregation: ForestModel.Aggregation = .sum,
            zero: [Bool] = [],
            calibration: Calibration? = nil
        ) throws -> ForestModel {
            var tree = tree
            tree.tests[0] = test
            if test == .inSet { (tree.categoryOffsets, tree.categoryWords) = ([0, 1], [5]) }
            return try ForestModel(
                featureNames: ["a"],
                kind: .regression,
                outputCount: 1,
                trees: [tree],
                aggregation: aggregation,
                zeroIsMissing: zero,
                calibration: calibration
            )
        }
        let curve = Calibration(map: .platt(slope: 1, intercept: 0), negativeClass: 0)
        for impossible in [try model(.equal), try model(.less, .minimum), try model(zero: [true])] {
            #expect(throws: ExportError.self) { try XGBoostWriter.encode(impossible) }
        }
        for impossible in [try model(.inSet), try model(zero: [true]), try model(calibration: curve)] {
            #expect(throws: ExportError.self) { try ONNXWriter.encode(impossible) }
        }
        _ = try ONNXWriter.encode(try model(calibration: curve).calibrated(nil))
        _ = try ONNXWriter.encode(try model(.equal, .maximum))
    }
}

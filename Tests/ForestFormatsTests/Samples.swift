import Base
import Bytes
import Forest

/// Small models, and the bytes that other libraries would write for them, made by hand.
enum Samples {
    /// A random model of everything that the given tests and leaf widths allow.
    static func model(_ random: inout Seeded, tests: [NodeTest], kinds: Int = 6) throws -> ForestModel {
        let features = 1 + random.below(5)
        let kind = random.below(kinds)
        let outputs = kind < 3 ? 1 : 2 + random.below(3)
        let classes = ForestModel.Kind.classification(classNames: (0..<max(2, outputs)).map { "c\($0)" })
        let isVector = kind == 3 || kind == 5 && random.below(2) == 0
        let count = outputs + random.below(6)
        let trees = (0..<count).map { index in
            tree(
                &random,
                features: features,
                width: isVector ? outputs : 1,
                output: isVector ? 0 : index % outputs,
                tests: tests,
                isProbability: kind == 3
            )
        }
        let settings: (ForestModel.Kind, ForestModel.Link, ForestModel.Aggregation) =
            switch kind {
            case 0: (.regression, .identity, .sum)
            case 1: (classes, .sigmoid(scale: random.below(2) == 0 ? 1 : 0.5), .sum)
            case 2: (.anomaly, .isolation(expectedDepth: 3), .average(over: count))
            case 3: (classes, .identity, .average(over: count))
            case 4: (classes, outputs > 2 ? .softmax : .sigmoid(scale: 1), .sum)
            default: (.regression, random.below(2) == 0 ? .exponential : .identity, .average(over: count))
            }
        return try ForestModel(
            featureNames: (0..<features).map { "f\($0)" },
            kind: settings.0,
            outputCount: outputs,
            trees: trees,
            base: kind == 3 || kind == 4 && outputs == 2 ? nil : (0..<outputs).map { _ in number(&random) },
            aggregation: settings.2,
            link: settings.1
        )
    }

    /// A number of 32 bits near 0.
    private static func number(_ random: inout Seeded) -> Double { Double(Float(random.unit() * 2 - 1)) }

    private static func tree(
        _ random: inout Seeded,
        features: Int,
        width: Int,
        output: Int,
        tests: [NodeTest],
        isProbability: Bool
    ) -> Tree {
        var tree = Tree(leafWidth: width, output: output)
        var words: [UInt32] = []
        var offsets: [Int32] = [0]
        func grow(_ depth: Int) {
            let node = tree.nodeCount
            guard depth > 0, random.below(4) > 0 else {
                var values = (0..<width).map { _ in isProbability ? Double(random.below(3)) : number(&random) }
                if isProbability {
                    let total = max(1, values.reduce(0, +))
                    if values.allSatisfy({ $0 == 0 }) { values[0] = 1 }
                    values = values.map { Double(Float($0 / total)) }
                }
                tree.tests.append(.less)
                let kept = tree.tests
                tree.tests = []
                tree.appendLeaf(values, cover: Float(1 + random.below(9)))
                tree.tests = kept
                return
            }
            let test = tests[random.below(tests.count)]
            tree.feature.append(Int32(random.below(features)))
            tree.tests.append(test)
            tree.missingGoesLeft.append(random.below(2) == 0)
            tree.right.append(0)
            tree.cover.append(Float(10 + random.below(90)))
            if test == .inSet {
                tree.threshold.append(Double(offsets.count - 1))
                words += (0...random.below(2)).map { _ in UInt32(truncatingIfNeeded: random.next()) }
                offsets.append(Int32(words.count))
            } else {
                tree.threshold.append(random.below(12) == 0 ? .infinity : Double(random.below(7)) - 3)
            }
            if test == .equal, tree.threshold[node] == .infinity { tree.threshold[node] = 1 }
            grow(depth - 1)
            tree.right[node] = Int32(tree.nodeCount)
            grow(depth - 1)
        }
        grow(5)
        if tree.tests.allSatisfy({ $0 == .less }) { tree.tests = [] }
        if offsets.count > 1 { (tree.categoryOffsets, tree.categoryWords) = (offsets, words) }
        return tree
    }

    /// Values with ties, missing, infinite and negative ones, and categories.
    static func row(_ random: inout Seeded, _ count: Int) -> [Float] {
        (0..<count).map { _ in
            switch random.below(12) {
            case 0, 1: .nan
            case 2: .infinity
            case 3: -.infinity
            case 4: Float(random.below(70))
            default: Float(random.below(17)) / 2 - 4
            }
        }
    }

    /// XGBoost's UBJSON of a document: untyped lists, and numbers of 32 bits where they fit.
    static func ubjson(_ value: JSONValue) -> [UInt8] {
        func big<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
        func length(_ count: Int) -> [UInt8] { Array("L".utf8) + big(Int64(count)) }
        func text(_ text: String) -> [UInt8] { length(text.utf8.count) + Array(text.utf8) }
        switch value {
        case .null: return Array("Z".utf8)
        case .bool(let flag): return Array((flag ? "T" : "F").utf8)
        case .number(let number), .exact(let number): return Array("D".utf8) + big(number.bitPattern)
        case .text(let content): return Array("S".utf8) + text(content)
        case .list(let values): return Array("[#".utf8) + length(values.count) + values.flatMap(ubjson)
        case .numbers(let numbers), .exactNumbers(let numbers):
            guard numbers.allSatisfy({ Int32(exactly: $0) != nil }) else {
                return Array("[$d#".utf8) + length(numbers.count) + numbers.flatMap { big(Float($0).bitPattern) }
            }
            return Array("[$l#".utf8) + length(numbers.count) + numbers.flatMap { big(Int32($0)) }
        case .object(let members):
            return Array("{".utf8) + members.flatMap { text($0.key) + ubjson($0.value) } + Array("}".utf8)
        }
    }

    /// Two trees over three features: a missing value of each type, a set of categories, a leaf alone.
    static let lightGBM = """
        tree
        version=v4
        num_class=1
        num_tree_per_iteration=1
        label_index=0
        max_feature_idx=2
        objective=binary sigmoid:2
        feature_names=a b c
        feature_infos=[0:1] [0:1] [0:1]
        tree_sizes=1 1

        Tree=0
        num_leaves=5
        num_cat=1
        split_feature=0 1 2 1
        split_gain=1 1 1 1
        threshold=0.5 inf 0 -1.5
        decision_type=10 8 1 0
        left_child=1 -1 -2 -4
        right_child=2 3 -3 -5
        leaf_value=0.1 0.2 0.30000000000000004 -0.4 0.5
        leaf_weight=1 1 1 1 1
        leaf_count=10 20 30 40 50
        internal_value=0 0 0 0
        internal_weight=4 3 2 1
        internal_count=150 100 50 90
        cat_boundaries=0 2
        cat_threshold=6 1
        is_linear=0
        shrinkage=1


        Tree=1
        num_leaves=1
        num_cat=0
        split_feature=
        leaf_value=0.25
        leaf_count=150
        is_linear=0
        shrinkage=1


        end of trees

        feature_importances:
        a=1

        parameters:
        [boosting: gbdt]
        end of parameters

        """
}

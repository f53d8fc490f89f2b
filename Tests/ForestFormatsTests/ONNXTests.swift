import Base
import Bytes
import Forest
import ForestFormats
import Models
import TensorGraph
import Testing

/// A node's attributes as ONNX stores them, and a model around them: an encoder of its own, made by hand.
enum ONNXSample {
    enum Attribute {
        case integer(Int64)
        case text(String)
        case floats([Float])
        case integers([Int64])
        case texts([String])
        /// A tensor of raw bytes: type 1 (32 bits) or 2 (bytes).
        case tensor(Int64, [Double])
        case float(Float)
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
    }

    private static func bytes(_ field: UInt64, _ content: [UInt8]) -> [UInt8] {
        varint(field << 3 | 2) + varint(UInt64(content.count)) + content
    }

    private static func number(_ field: UInt64, _ value: Int64) -> [UInt8] {
        varint(field << 3) + varint(UInt64(bitPattern: value))
    }

    private static func raw(_ values: [Float]) -> [UInt8] {
        values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
    }

    private static func encoded(_ attribute: Attribute) -> [UInt8] {
        switch attribute {
        case .integer(let value): return number(3, value)
        case .float(let value): return varint(2 << 3 | 5) + raw([value])
        case .text(let text): return bytes(4, Array(text.utf8))
        // Not packed, as old writers do it.
        case .floats(let values): return values.flatMap { varint(7 << 3 | 5) + raw([$0]) }
        case .integers(let values): return values.flatMap { number(8, $0) }
        case .texts(let values): return values.flatMap { bytes(9, Array($0.utf8)) }
        case .tensor(let type, let values):
            let content = type == 1 ? raw(values.map { Float($0) }) : values.map { UInt8($0) }
            return bytes(5, number(1, Int64(values.count)) + number(2, type) + bytes(9, content))
        }
    }

    static func model(_ operation: String, _ attributes: [(String, Attribute)]) -> [UInt8] {
        var node = bytes(1, Array("X".utf8)) + bytes(2, Array("Y".utf8)) + bytes(4, Array(operation.utf8))
        for (name, attribute) in attributes { node += bytes(5, bytes(1, Array(name.utf8)) + encoded(attribute)) }
        return number(1, 8) + bytes(7, bytes(1, node) + bytes(11, bytes(1, Array("X".utf8))))
    }

    struct Node {
        var operation: String
        var inputs: [String]
        var outputs: [String]
        var attributes: [(String, Attribute)] = []
    }

    /// A graph of nodes, in any order, with one input X of so many columns; numbers and integers in one axis are constants.
    static func graph(
        _ nodes: [Node],
        width: Int64,
        type: Int64 = 1,
        floats: [(String, [Float])] = [],
        integers: [(String, [Int64])] = [],
        output: String
    ) -> [UInt8] {
        var graph: [UInt8] = []
        for node in nodes {
            var body =
                node.inputs.flatMap { bytes(1, Array($0.utf8)) } + node.outputs.flatMap { bytes(2, Array($0.utf8)) }
            body += bytes(4, Array(node.operation.utf8))
            for (name, attribute) in node.attributes {
                body += bytes(5, bytes(1, Array(name.utf8)) + encoded(attribute))
            }
            graph += bytes(1, body)
        }
        for (name, values) in floats {
            graph += bytes(
                5,
                number(1, Int64(values.count)) + number(2, 1) + bytes(8, Array(name.utf8)) + bytes(9, raw(values))
            )
        }
        for (name, values) in integers {
            let content = values.flatMap { number(7, $0) }
            graph += bytes(5, number(1, Int64(values.count)) + number(2, 7) + bytes(8, Array(name.utf8)) + content)
        }
        let shape = bytes(1, bytes(2, Array("rows".utf8))) + bytes(1, number(1, width))
        let tensor = bytes(1, number(1, type) + bytes(2, shape))
        graph += bytes(11, bytes(1, Array("X".utf8)) + bytes(2, tensor)) + bytes(12, bytes(1, Array(output.utf8)))
        return number(1, 8) + bytes(7, graph)
    }

    /// The attributes of a classifier's stump on a feature: P(second class) is `low` up to the threshold, then `high`.
    static func classifier(feature: Int64, _ threshold: Float, low: Float, high: Float) -> [(String, Attribute)] {
        [
            ("nodes_treeids", .integers([0, 0, 0])), ("nodes_nodeids", .integers([0, 1, 2])),
            ("nodes_featureids", .integers([feature, 0, 0])), ("nodes_modes", .texts(["BRANCH_LEQ", "LEAF", "LEAF"])),
            ("nodes_values", .floats([threshold, 0, 0])), ("nodes_truenodeids", .integers([1, 0, 0])),
            ("nodes_falsenodeids", .integers([2, 0, 0])), ("class_treeids", .integers([0, 0])),
            ("class_nodeids", .integers([1, 2])), ("class_ids", .integers([0, 0])),
            ("class_weights", .floats([low, high])), ("classlabels_strings", .texts(["good", "bad"])),
        ]
    }

    /// Imputer, Scaler, two classifiers and their mean: a pipeline as scikit-learn's users have them.
    static let pipeline = graph(
        [
            Node(
                operation: "Imputer",
                inputs: ["X"],
                outputs: ["full"],
                attributes: [("imputed_value_floats", .floats([10, 1])), ("replaced_value_float", .float(.nan))]
            ),
            Node(
                operation: "Scaler",
                inputs: ["full"],
                outputs: ["scaled"],
                attributes: [("offset", .floats([10, 0])), ("scale", .floats([0.5, 1]))]
            ),
            Node(
                operation: "TreeEnsembleClassifier",
                inputs: ["scaled"],
                outputs: ["label0", "p0"],
                attributes: classifier(feature: 0, 2, low: 0.25, high: 0.75)
            ),
            Node(
                operation: "TreeEnsembleClassifier",
                inputs: ["scaled"],
                outputs: ["label1", "p1"],
                attributes: classifier(feature: 1, 0.5, low: 0, high: 1)
            ),
            Node(operation: "Sum", inputs: ["p0", "p1"], outputs: ["sum"]),
            Node(operation: "Div", inputs: ["sum", "two"], outputs: ["mean"]),
            Node(
                operation: "ZipMap",
                inputs: ["mean"],
                outputs: ["result"],
                attributes: [("classlabels_strings", .texts(["good", "bad"]))]
            ),
        ],
        width: 2,
        floats: [("two", [2])],
        output: "result"
    )

    /// Texts through an encoder of categories.
    static let texts = graph(
        [
            Node(
                operation: "OneHotEncoder",
                inputs: ["X"],
                outputs: ["coded"],
                attributes: [("cats_strings", .texts(["DE", "US"])), ("zeros", .integer(1))]
            ),
            Node(operation: "Reshape", inputs: ["coded", "shape"], outputs: ["flat"]),
            Node(
                operation: "TreeEnsembleClassifier",
                inputs: ["flat"],
                outputs: ["label", "result"],
                attributes: classifier(feature: 1, 0.5, low: 0.125, high: 0.875)
            ),
        ],
        width: 1,
        type: 8,
        integers: [("shape", [-1, 2])],
        output: "result"
    )

    /// One regression stump `x mode value`: 1 where it holds, 2 where not.
    static func stump(_ mode: String, _ value: Float, tracksMissing: Bool) -> [UInt8] {
        model(
            "TreeEnsembleRegressor",
            [
                ("nodes_treeids", .integers([7, 7, 7])), ("nodes_nodeids", .integers([20, 5, 9])),
                ("nodes_featureids", .integers([0, 0, 0])), ("nodes_modes", .texts(["LEAF", mode, "LEAF"])),
                ("nodes_values", .floats([0, value, 0])), ("nodes_truenodeids", .integers([0, 9, 0])),
                ("nodes_falsenodeids", .integers([0, 20, 0])),
                ("nodes_missing_value_tracks_true", .integers([0, tracksMissing ? 1 : 0, 0])),
                ("target_treeids", .integers([7, 7])), ("target_nodeids", .integers([9, 20])),
                ("target_ids", .integers([0, 0])), ("target_weights", .floats([1, 2])),
            ]
        )
    }

    /// Version 5: a set of categories {2, 5}, then `x1 > 0.5`; and a tree that is a leaf alone.
    static let version5 = model(
        "TreeEnsemble",
        [
            ("n_targets", .integer(2)), ("aggregate_function", .integer(1)), ("post_transform", .integer(0)),
            ("tree_roots", .integers([0, 2])), ("nodes_modes", .tensor(2, [6, 3, 0])),
            ("nodes_featureids", .integers([0, 1, 0])), ("nodes_splits", .tensor(1, [0, 0.5, 0])),
            ("nodes_truenodeids", .integers([0, 1, 3])), ("nodes_trueleafs", .integers([1, 1, 1])),
            ("nodes_falsenodeids", .integers([1, 2, 3])), ("nodes_falseleafs", .integers([0, 1, 1])),
            ("leaf_targetids", .integers([0, 1, 1, 0])), ("leaf_weights", .tensor(1, [1, 10, 20, 100])),
            ("membership_values", .tensor(1, [2, 5])),
        ]
    )
}

@Suite struct ONNXTests {
    @Test(
        arguments: [
            ("BRANCH_LEQ", [1, 1, 2, 2], 2), ("BRANCH_LT", [1, 2, 2, 2], 2), ("BRANCH_GT", [2, 2, 1, 1], 2),
            ("BRANCH_GTE", [2, 1, 1, 1], 2), ("BRANCH_EQ", [2, 1, 2, 2], 2), ("BRANCH_NEQ", [1, 2, 1, 1], 1),
        ] as [(String, [Double], Double)]
    )
    func everyMode(mode: String, wanted: [Double], missing: Double) throws {
        for tracks in [false, true] {
            let model = try ImportedModel(decoding: ONNXSample.stump(mode, 0.5, tracksMissing: tracks))
            #expect(model.format == .onnx)
            let reference = ReferenceForest(try model.forest)
            let rows: [Float] = [Float(0.5).nextDown, 0.5, Float(0.5).nextUp, .infinity]
            #expect(rows.map { reference.margins(of: [$0])[0] } == wanted)
            #expect(reference.margins(of: [.nan])[0] == (tracks ? 1 : missing))
        }
    }

    @Test func version5() throws {
        let reference = ReferenceForest(try ImportedModel(decoding: ONNXSample.version5).forest)
        for category: Float in [2, 5] { #expect(reference.margins(of: [category, 1]) == [101, 0]) }
        for category: Float in [0, 3, 37, -2, .nan] {
            #expect(reference.margins(of: [category, 1]) == [100, 10])
            #expect(reference.margins(of: [category, 0.5]) == [100, 20])
            #expect(reference.margins(of: [category, .nan]) == [100, 20])
        }
    }

    @Test(
        arguments: [
            ("BRANCH_LT", Float.infinity, "infinity"), ("BRANCH_GTE", .infinity, "infinity"),
            ("BRANCH_EQ", .nan, "not a number"),
            ("BRANCH_XOR", 1, "BRANCH_XOR"), ("LEAF", 1, "roots"),
        ] as [(String, Float, String)]
    )
    func whatCannotBeIsRefused(mode: String, value: Float, words: String) {
        do {
            _ = try ImportedModel(decoding: ONNXSample.stump(mode, value, tracksMissing: false))
            Issue.record("\(mode) \(value) is accepted")
        } catch {
            #expect("\(error)".contains(words), "\(error)")
        }
    }
}

/// Graphs of more than one tree ensemble.
@Suite struct ONNXGraphTests {
    private func graph(_ bytes: [UInt8]) throws -> GraphModel {
        guard case .graph(let graph) = try ImportedModel(decoding: bytes).model else {
            throw ForestError.unsupported(words: "it is a forest")
        }
        return graph
    }

    @Test func aPipelineOfScikitLearn() throws {
        let model = try graph(ONNXSample.pipeline)
        #expect(model.kind == .classification(classNames: ["good", "bad"]))
        #expect(model.size.trees == 2 && model.featureNames == ["f0", "f1"])
        // Scaled to (x - 10) / 2: 14 is the last that goes left.
        let rows = [14, 0, 14.0.nextUp, 0, 14.1, 0, 14.1, 1, .nan, .nan]
        #expect(model.results(of: rows) == [0.875, 0.125, 0.875, 0.125, 0.625, 0.375, 0.125, 0.875, 0.375, 0.625])
        // As a file of ours, under other names.
        let named = try ScoringModel.graph(model).renamed(features: ["amount", "count"], classes: ["no", "yes"])
        let again = try ImportedModel(decoding: ImportedModel.encode(named, metadata: .object([])))
        #expect(again.model.featureNames == ["amount", "count"] && again.model.classNames == ["no", "yes"])
        guard case .graph(let read) = again.model else { throw ForestError.unsupported(words: "it is a forest") }
        #expect(read.results(of: rows) == model.results(of: rows))
        var bytes = ImportedModel.encode(named, metadata: .object([]))
        bytes[bytes.count / 2] ^= 1
        #expect(throws: ForestError.self) { try ImportedModel(decoding: bytes) }
    }

    @Test func textsAreCategories() throws {
        let model = try graph(ONNXSample.texts)
        #expect(model.categories == [0: CategoryNames(["DE", "US"])])
        #expect(model.results(of: [0, 1, .nan, 7]) == [0.875, 0.125, 0.125, 0.875, 0.875, 0.125, 0.875, 0.125])
    }

    /// A tree ensemble with nothing around it that changes a number is a forest for the fast engines.
    @Test func aForestAloneStaysOne() throws {
        let node = ONNXSample.Node(
            operation: "TreeEnsembleClassifier",
            inputs: ["cast"],
            outputs: ["label", "result"],
            attributes: ONNXSample.classifier(feature: 0, 2, low: 0.25, high: 0.75)
        )
        let cast = ONNXSample.Node(
            operation: "Cast",
            inputs: ["X"],
            outputs: ["cast"],
            attributes: [("to", .integer(1))]
        )
        for type: Int64 in [1, 11] {
            let forest = try ImportedModel(
                decoding: ONNXSample.graph([cast, node], width: 1, type: type, output: "result")
            )
            .forest
            #expect(forest.rowPrecision == .single)
        }
        var wide = cast
        wide.attributes = [("to", .integer(11))]
        let forest = try ImportedModel(decoding: ONNXSample.graph([wide, node], width: 1, type: 11, output: "result"))
            .forest
        #expect(forest.rowPrecision == .double)
    }

    @Test(
        arguments: [
            ("Conv", [String](), "Conv"), ("Sub", ["result"], "needs itself"), ("Sub", ["nowhere"], "nothing makes"),
            ("ReduceSum", [], "mixes the rows"), ("Sum", ["column"], "do not fit"), ("Gather", ["far"], "the index 5"),
        ]
    )
    func whatCannotRunIsRefused(operation: String, inputs: [String], words: String) {
        var attributes: [(String, ONNXSample.Attribute)] = []
        if operation == "ReduceSum" { attributes = [("axes", .integers([0])), ("keepdims", .integer(0))] }
        if operation == "Gather" { attributes = [("axis", .integer(1))] }
        let nodes = [
            ONNXSample.Node(operation: operation, inputs: ["X"] + inputs, outputs: ["other"], attributes: attributes),
            ONNXSample.Node(operation: "Add", inputs: ["X", "other"], outputs: ["result"]),
        ]
        let bytes = ONNXSample.graph(
            nodes,
            width: 2,
            floats: [("column", [1, 2, 3])],
            integers: [("far", [5])],
            output: "result"
        )
        do {
            _ = try ImportedModel(decoding: bytes)
            Issue.record("\(operation) is accepted")
        } catch {
            #expect("\(error)".contains(words), "\(error)")
        }
    }

    /// A row that an operator has no answer for does not take the others with it.
    @Test func rowsFailAlone() throws {
        let nodes = [
            ONNXSample.Node(operation: "Cast", inputs: ["X"], outputs: ["whole"], attributes: [("to", .integer(7))]),
            ONNXSample.Node(
                operation: "Cast",
                inputs: ["whole"],
                outputs: ["result"],
                attributes: [("to", .integer(1))]
            ),
        ]
        let model = try graph(ONNXSample.graph(nodes, width: 1, output: "result"))
        let found = model.results(of: [1.5, .nan, -2.5])
        #expect(found[0] == 1 && found[1].isNaN && found[2] == -2)
    }
}

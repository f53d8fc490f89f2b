import Bytes
import Forest

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes ONNX: one TreeEnsembleClassifier or TreeEnsembleRegressor (ai.onnx.ml 3). Links of values are nodes of their
/// own behind it (Exp, Sigmoid, Softmax): ONNX Runtime leaves out the transform of a regressor with one target.
///
/// Input `X` is [rows, features] of 32 bits; outputs are `label` and `probabilities`, or `value`.
public enum ONNXWriter {
    /// The file's bytes; the same model gives the same ones.
    ///
    /// - Parameter model: Any but category sets, zeros as missing, and calibration.
    /// - Returns: A ModelProto.
    /// - Throws: ``ExportError`` naming what ONNX does not know.
    public static func encode(_ model: ForestModel) throws(ExportError) -> [UInt8] {
        try Flattened.check(model)
        for tree in model.trees where tree.tests.contains(.inSet) {
            throw ExportError("ONNX's tree operators of version 3 know no sets of categories: export to XGBoost")
        }
        var factor = 1.0
        var transform = "NONE"
        var operation: String?
        let isClassifier = !model.classNames.isEmpty
        switch model.link {
        case .identity: break
        case .sigmoid(let scale): (factor, transform, operation) = (scale, "LOGISTIC", "Sigmoid")
        case .softmax: (transform, operation) = ("SOFTMAX", "Softmax")
        case .exponential: operation = "Exp"
        case .isolation(let depth): (factor, operation) = (-log(2) / depth, "Exp")
        }
        if isClassifier { operation = nil } else { transform = "NONE" }
        var aggregate = "SUM"
        if model.aggregation == .minimum { aggregate = "MIN" }
        if model.aggregation == .maximum { aggregate = "MAX" }
        guard factor == 1 || aggregate == "SUM" else { throw ExportError("a scaled minimum or maximum") }
        guard aggregate == "SUM" || !isClassifier else {
            throw ExportError("ONNX knows minima and maxima of trees for values only, not for classes")
        }
        // Two scores of two classes may have no base beside them: ONNX Runtime mixes them up.
        let isOneSided = isClassifier && model.classNames.count == 2 && tellsBySecond(model)
        let keepsBase = isOneSided || !isClassifier || model.classNames.count > 2
        let flat = Flattened(model, factor: factor, keepsBase: keepsBase)
        guard flat.strayOffsets().isEmpty else { throw ExportError("an output has a base value, but no tree") }
        var ensemble = Ensemble(model, flat.leaves(), isClassifier: isClassifier, isOneSided: isOneSided)
        var base = keepsBase ? model.base.map { Float($0 * factor) } : []
        if isOneSided {
            // Two classes are told by the second one's score alone, under the first one's number, as converters do it.
            base = [base[base.count - 1]]
            // A score that is never negative would be taken for a probability.
            if transform != "NONE" { ensemble.addNegligible() }
        }
        var attributes = ensemble.attributes
        if base.contains(where: { $0 != 0 }) { attributes.append(.floats("base_values", base)) }
        attributes.append(.text("post_transform", transform))
        if isClassifier {
            attributes.append(.texts("classlabels_strings", model.classNames))
        } else {
            attributes.append(.integer("n_targets", Int64(model.outputCount)))
            attributes.append(.text("aggregate_function", aggregate))
        }
        return document(model, attributes, isClassifier: isClassifier, operation: operation)
    }

    /// Whether the second class's score says all: there is no other, or both add up to one.
    private static func tellsBySecond(_ model: ForestModel) -> Bool {
        guard model.outputCount == 2 else { return true }
        guard model.link == .identity, model.aggregation == .average(over: model.trees.count) else { return false }
        return model.base == [0, 0]
            && model.trees.allSatisfy { tree in
                tree.leafWidth == 2
                    && stride(from: 0, to: tree.leaves.count, by: 2).allSatisfy {
                        abs(tree.leaves[$0] + tree.leaves[$0 + 1] - 1) < 1e-6 && tree.leaves[$0 + 1] >= 0
                    }
            }
    }

    private static func document(
        _ model: ForestModel,
        _ attributes: [Attribute],
        isClassifier: Bool,
        operation: String?
    ) -> [UInt8] {
        let outputs = isClassifier ? ["label", "probabilities"] : ["value"]
        var graph = ProtobufWriter()
        graph.message(1) { node in
            node.text(1, "X")
            for name in operation != nil ? ["margin"] : outputs { node.text(2, name) }
            node.text(4, isClassifier ? "TreeEnsembleClassifier" : "TreeEnsembleRegressor")
            for attribute in attributes { node.message(5, attribute.write) }
            node.text(7, "ai.onnx.ml")
        }
        if let operation {
            graph.message(1) { node in
                node.text(1, "margin")
                node.text(2, "value")
                node.text(4, operation)
            }
        }
        graph.text(2, "patternalarm")
        graph.message(11) { $0.tensor("X", type: 1, width: model.featureNames.count) }
        if isClassifier {
            graph.message(12) { $0.tensor("label", type: 8, width: nil) }
            graph.message(12) { $0.tensor("probabilities", type: 1, width: model.resultCount) }
        } else {
            graph.message(12) { $0.tensor("value", type: 1, width: model.outputCount) }
        }
        var file = ProtobufWriter()
        file.integer(1, 8)
        file.text(2, "patternalarm")
        file.bytes(7, graph.bytes)
        for (domain, version) in [("", Int64(13)), ("ai.onnx.ml", 3)] {
            file.message(8) { opset in
                opset.text(1, domain)
                opset.integer(2, version)
            }
        }
        file.message(14) { entry in
            entry.text(1, "features")
            entry.text(2, model.featureNames.joined(separator: ","))
        }
        return file.bytes
    }

    private enum Attribute {
        case integer(String, Int64)
        case text(String, String)
        case floats(String, [Float])
        case integers(String, [Int64])
        case texts(String, [String])

        func write(_ out: inout ProtobufWriter) {
            switch self {
            case .integer(let name, let value):
                out.text(1, name)
                out.integer(3, value)
                out.integer(20, 2)
            case .text(let name, let value):
                out.text(1, name)
                out.text(4, value)
                out.integer(20, 3)
            case .floats(let name, let values):
                out.text(1, name)
                out.floats(7, values)
                out.integer(20, 6)
            case .integers(let name, let values):
                out.text(1, name)
                out.integers(8, values)
                out.integer(20, 7)
            case .texts(let name, let values):
                out.text(1, name)
                for value in values { out.text(9, value) }
                out.integer(20, 8)
            }
        }
    }

    /// The parallel lists of nodes and leaf weights.
    private struct Ensemble {
        private let isClassifier: Bool
        private var treeIDs: [Int64] = []
        private var nodeIDs: [Int64] = []
        private var features: [Int64] = []
        private var modes: [String] = []
        private var values: [Float] = []
        private var trues: [Int64] = []
        private var falses: [Int64] = []
        private var tracks: [Int64] = []
        private var leafTrees: [Int64] = []
        private var leafNodes: [Int64] = []
        private var leafOutputs: [Int64] = []
        private var weights: [Float] = []

        init(_ model: ForestModel, _ leaves: [[Float]], isClassifier: Bool, isOneSided: Bool) {
            self.isClassifier = isClassifier
            for (index, tree) in model.trees.enumerated() {
                for node in 0..<tree.nodeCount {
                    let isLeaf = tree.feature[node] < 0
                    append(
                        tree: Int64(index),
                        node: Int64(node),
                        feature: isLeaf ? 0 : Int64(tree.feature[node]),
                        mode: isLeaf ? "LEAF" : tree.test(node) == .equal ? "BRANCH_EQ" : "BRANCH_LT",
                        value: tree.singleThreshold(node),
                        yes: isLeaf ? 0 : Int64(node + 1),
                        no: isLeaf ? 0 : Int64(tree.right[node]),
                        tracks: !isLeaf && tree.missingGoesLeft[node]
                    )
                    guard isLeaf else { continue }
                    let first = Int(tree.right[node]) * tree.leafWidth
                    for offset in 0..<tree.leafWidth {
                        let output = tree.output + offset
                        if isOneSided, model.outputCount == 2, output == 0 { continue }
                        let value = leaves[index][first + offset]
                        append(leafOf: Int64(index), node, output: isOneSided ? 0 : output, value)
                    }
                }
            }
        }

        /// A tree of one leaf that adds next to nothing, but less than zero.
        mutating func addNegligible() {
            let tree = (treeIDs.last ?? -1) + 1
            append(tree: tree, node: 0, feature: 0, mode: "LEAF", value: 0, yes: 0, no: 0, tracks: false)
            append(leafOf: tree, 0, output: 0, -Float.leastNormalMagnitude)
        }

        private mutating func append(
            tree: Int64,
            node: Int64,
            feature: Int64,
            mode: String,
            value: Float,
            yes: Int64,
            no: Int64,
            tracks isTracked: Bool
        ) {
            treeIDs.append(tree)
            nodeIDs.append(node)
            features.append(feature)
            // Below infinity is everything that is not missing.
            modes.append(value == .infinity ? "BRANCH_LEQ" : mode)
            values.append(value)
            trues.append(yes)
            falses.append(no)
            tracks.append(isTracked ? 1 : 0)
        }

        private mutating func append(leafOf tree: Int64, _ node: Int, output: Int, _ value: Float) {
            leafTrees.append(tree)
            leafNodes.append(Int64(node))
            leafOutputs.append(Int64(output))
            weights.append(value)
        }

        var attributes: [Attribute] {
            let prefix = isClassifier ? "class" : "target"
            return [
                .integers("nodes_treeids", treeIDs), .integers("nodes_nodeids", nodeIDs),
                .integers("nodes_featureids", features), .texts("nodes_modes", modes),
                .floats("nodes_values", values), .integers("nodes_truenodeids", trues),
                .integers("nodes_falsenodeids", falses), .integers("nodes_missing_value_tracks_true", tracks),
                .integers("\(prefix)_treeids", leafTrees), .integers("\(prefix)_nodeids", leafNodes),
                .integers("\(prefix)_ids", leafOutputs), .floats("\(prefix)_weights", weights),
            ]
        }
    }
}

/// Protocol Buffers' wire format, as far as ONNX needs it.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func integer(_ field: UInt64, _ value: Int64) {
        varint(field << 3)
        varint(UInt64(bitPattern: value))
    }

    mutating func bytes(_ field: UInt64, _ content: [UInt8]) {
        varint(field << 3 | 2)
        varint(UInt64(content.count))
        bytes += content
    }

    mutating func text(_ field: UInt64, _ text: String) { bytes(field, Array(text.utf8)) }

    mutating func message(_ field: UInt64, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        bytes(field, inner.bytes)
    }

    mutating func floats(_ field: UInt64, _ values: [Float]) {
        varint(field << 3 | 2)
        varint(UInt64(values.count * 4))
        for value in values {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
        }
    }

    mutating func integers(_ field: UInt64, _ values: [Int64]) {
        var inner = ProtobufWriter()
        for value in values { inner.varint(UInt64(bitPattern: value)) }
        bytes(field, inner.bytes)
    }

    /// A ValueInfoProto: [rows] or [rows, width].
    mutating func tensor(_ name: String, type: Int64, width: Int?) {
        text(1, name)
        message(2) { value in
            value.message(1) { tensor in
                tensor.integer(1, type)
                tensor.message(2) { shape in
                    shape.message(1) { $0.text(2, "rows") }
                    if let width { shape.message(1) { $0.integer(1, Int64(width)) } }
                }
            }
        }
    }
}

import Base
import Forest
import ForestFormats
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
            let reference = ReferenceForest(model.forest)
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

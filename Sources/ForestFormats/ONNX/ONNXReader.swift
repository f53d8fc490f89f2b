import Forest
import Models
import TensorGraph

/// Reads ONNX models of trees: TreeEnsembleClassifier and TreeEnsembleRegressor of ai.onnx.ml 1 to 3 and TreeEnsemble
/// of version 5, as skl2onnx, onnxmltools and others write them.
///
/// One ensemble with nothing around it that changes a number (Identity, Cast, ZipMap and the like) is a forest, for the
/// fast engines; every other graph is walked (``ONNXOperators``), and what it needs but the walk does not know is
/// refused by name. Missing values: a node that does not track them answers as ONNX Runtime does, NaN compares false
/// with everything. Specification: https://onnx.ai/onnx/operators/ in the domain ai.onnx.ml.
enum ONNXReader {
    static func read(_ bytes: [UInt8]) throws(ForestError) -> ScoringModel {
        var result: Result<ScoringModel, ForestError>?
        bytes.withUnsafeBytes { buffer in
            do throws(ForestError) {
                let graph = try ONNXGraph(Protobuf(buffer))
                result = .success(try model(graph, bytes))
            } catch {
                result = .failure(error)
            }
        }
        guard let result else { throw .syntax(position: 0, words: "the file cannot be read") }
        return try result.get()
    }

    /// Whether the first fields are those of an ONNX model.
    static func looksRight(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var message = Protobuf(buffer)
            // ir_version, producer's name and version, domain, model version, doc string, graph, opset and metadata.
            do throws(ForestError) {
                guard let (field, _) = try message.next() else { return false }
                return (1...8).contains(field) || field == 14 || field == 20 || field == 25
            } catch {
                return false
            }
        }
    }

    private static let ensembles: Set = ["TreeEnsembleClassifier", "TreeEnsembleRegressor", "TreeEnsemble"]
    private static let transparent: Set = [
        "Identity", "Cast", "ZipMap", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Constant", "ArrayFeatureExtractor",
    ]

    /// Operations behind a regressor that are links.
    private static let links: [String: ForestModel.Link] = [
        "Exp": .exponential, "Sigmoid": .sigmoid(scale: 1), "Softmax": .softmax,
    ]

    private static func model(_ graph: ONNXGraph, _ bytes: [UInt8]) throws(ForestError) -> ScoringModel {
        do throws(ForestError) {
            return .forest(try forest(graph, size: bytes.count))
        } catch {
            // What is no forest alone may be a graph; what is broken is broken.
            let fault = error
            guard case .unsupported = fault else { throw fault }
            do throws(ForestError) { return .graph(try ONNXOperators.read(graph, bytes)) } catch {
                // Of an ensemble alone the forest's reader knows better what is wrong.
                throw graph.nodes.count == 1 ? fault : error
            }
        }
    }

    private static func forest(_ graph: ONNXGraph, size: Int) throws(ForestError) -> ForestModel {
        let found = graph.nodes.filter { ensembles.contains($0.operation) }
        guard found.count == 1, let node = found.first else {
            let operations = Set(graph.nodes.map(\.operation)).sorted().prefix(10).joined(separator: ", ")
            throw .unsupported(words: "the graph has \(found.count) tree ensembles, not one; its nodes: \(operations)")
        }
        // A tree ensemble needs few helpers; many would make a search among them slow.
        guard graph.nodes.count <= 100 else { throw .unsupported(words: "a graph of \(graph.nodes.count) nodes") }
        // Behind a regressor, as we write it.
        let links = graph.nodes.filter { Self.links[$0.operation] != nil }
        if let last = links.first {
            guard links.count == 1, last.inputs == node.outputs, node.operation != "TreeEnsembleClassifier" else {
                throw .unsupported(words: "the graph's operation \(last.operation) beside the tree ensemble")
            }
        }
        for other in graph.nodes where !ensembles.contains(other.operation) && Self.links[other.operation] == nil {
            guard transparent.contains(other.operation) else {
                throw .unsupported(words: "the graph's operation \(other.operation) beside the tree ensemble")
            }
        }
        // From the ensemble's input back to the graph's.
        var name = node.inputs.first ?? ""
        // The nearest cast says what the ensemble reads; one of 32 bits anywhere has narrowed the rows.
        var casts: [Int64] = []
        for _ in 0...graph.nodes.count {
            guard let before = graph.nodes.first(where: { $0.outputs.contains(name) }) else { break }
            guard before.operation == "Cast" || before.operation == "Identity" else {
                throw .unsupported(words: "the graph's operation \(before.operation) before the tree ensemble")
            }
            if before.operation == "Cast" { casts.append(before.attributes["to"]?.integer ?? 0) }
            name = before.inputs.first ?? ""
        }
        guard let input = graph.inputs.first(where: { $0.name == name }) else {
            throw .unsupported(words: "the tree ensemble does not read an input of the graph")
        }
        let width = input.sizes.count == 2 ? Int(clamping: input.sizes[1]) : -1
        let declared = width > 0 ? width : nil
        let rows: ForestModel.Precision = ([input.type] + casts).allSatisfy { $0 == 11 } ? .double : .single
        let link = links.first.flatMap { Self.links[$0.operation] }
        if node.operation == "TreeEnsemble" {
            var builder = ONNXEnsemble5(node, rows: rows, allowance: Allowance(bytes: size))
            return try builder.model(declaredFeatures: declared, link: link)
        }
        var builder = ONNXEnsemble(node, rows: rows, allowance: Allowance(bytes: size))
        return try builder.model(declaredFeatures: declared, link: link)
    }
}

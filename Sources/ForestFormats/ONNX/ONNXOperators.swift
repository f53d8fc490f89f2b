import Forest
import TensorGraph

/// Reads ONNX graphs of more than a tree ensemble: what pipelines put around trees, several ensembles, links.
///
/// The result is the graph's last output of numbers, as ONNX Runtime's users take it: a classifier's probabilities,
/// with or without ZipMap, or values. Outputs that it does not need may use any operator.
struct ONNXOperators {
    private let graph: ONNXGraph
    private let source: [UInt8]
    private var builder = GraphBuilder()
    private var size = GraphModel.Size()

    static func read(_ graph: ONNXGraph, _ source: [UInt8]) throws(ForestError) -> GraphModel {
        do throws(GraphFault) {
            var reader = ONNXOperators(graph, source)
            return try reader.model()
        } catch {
            switch error {
            case .unsupported(let operation, let words):
                let detail = words.isEmpty ? "" : ": \(words)"
                throw .unsupported(words: "the graph's operation \(operation)\(detail)")
            case .malformed, .value, .tooLarge: throw .invalid(part: "graph", words: error.description)
            }
        }
    }

    private init(_ graph: ONNXGraph, _ source: [UInt8]) {
        self.graph = graph
        self.source = source
    }

    private mutating func model() throws(GraphFault) -> GraphModel {
        for (name, tensor) in graph.initializers { try builder.add(constant: name, tensor) }
        for node in graph.nodes { try add(node) }
        let constants = Set(graph.initializers.map(\.name))
        let inputs = graph.inputs.filter { !constants.contains($0.name) }
        guard !inputs.isEmpty, inputs.count <= ForestModel.nameLimit else { throw .malformed("it has no inputs") }
        let result = try result()
        var results = [result]
        let isolation = isolation(behind: result)
        if let isolation { results.append(isolation) }
        let built = try builder.graph(from: inputs.map(\.name), to: results)
        let columns = try columns(inputs)
        let kind: ForestModel.Kind
        if isolation != nil {
            kind = .anomaly
        } else if let names = classNames(of: result), names.count > 1 {
            kind = .classification(classNames: names)
        } else {
            kind = .regression
        }
        return try GraphModel(
            built,
            inputs: columns.inputs,
            featureNames: columns.names,
            kind: kind,
            categories: columns.categories,
            size: size,
            source: source
        )
    }

    private mutating func add(_ node: ONNXGraph.Node) throws(GraphFault) {
        if ["TreeEnsembleClassifier", "TreeEnsembleRegressor", "TreeEnsemble"].contains(node.operation) {
            var found = GraphModel.Size()
            let allowance = Allowance(bytes: source.count)
            try builder.add(node.operation, inputs: node.inputs, outputs: node.outputs) {
                () throws(GraphFault) -> Graph.Kernel in
                do throws(ForestError) {
                    let (operation, size) = try ONNXTreeNode.operation(node, allowance: allowance)
                    found = size
                    return operation.kernel
                } catch {
                    throw GraphFault(error, node.operation)
                }
            }
            size.trees += found.trees
            size.nodes += found.nodes
            size.depth = max(size.depth, found.depth)
            return
        }
        try builder.add(node.operation, inputs: node.inputs, outputs: node.outputs) {
            () throws(GraphFault) -> Graph.Kernel in
            try OperatorTable.kernel(Attributes(operation: node.operation, node.attributes.mapValues(\.value)))
        }
    }

    // MARK: - What comes out

    /// The node that makes a value.
    private func maker(_ name: String) -> ONNXGraph.Node? { graph.nodes.first { $0.outputs.contains(name) } }

    /// The last output that is not a classifier's label.
    private func result() throws(GraphFault) -> String {
        guard let last = graph.outputs.last else { throw .malformed("it has no outputs") }
        return last
    }

    /// The value that says how isolated rows are, if the result is an isolation forest's decision function as skl2onnx
    /// writes it: −(2 to the power of −path length) and a constant.
    private func isolation(behind result: String) -> String? {
        guard let sum = maker(result), sum.operation == "Add",
            let negative = sum.inputs.compactMap({ maker($0) }).first(where: { $0.operation == "Neg" }),
            let name = negative.inputs.first, let power = maker(name), power.operation == "Pow",
            let base = power.inputs.first.flatMap({ base in graph.initializers.first { $0.name == base } }),
            case .float(let values) = base.tensor.values, values == [2]
        else { return nil }
        return name
    }

    /// What the columns of probabilities are called: by ZipMap, by the classifier that makes them, or by the labels
    /// that the graph picks from.
    private func classNames(of result: String) -> [String]? {
        var name = result
        for _ in 0..<32 {
            guard let node = maker(name) else { break }
            if let names = node.classNames { return names }
            guard ["Identity", "Cast", "Reshape", "ZipMap", "Normalizer"].contains(node.operation),
                let before = node.inputs.first
            else { break }
            name = before
        }
        // Labels are picked from a list by the place of the largest probability.
        let extractor = graph.nodes.first { node in
            node.operation == "ArrayFeatureExtractor"
                && node.inputs.count == 2 && maker(node.inputs[1])?.operation == "ArgMax"
        }
        guard let list = graph.initializers.first(where: { $0.name == extractor?.inputs[0] }) else { return nil }
        switch list.tensor.values {
        case .integer(let labels): return labels.map { String($0) }
        case .text(let labels): return labels
        default: return nil
        }
    }

    // MARK: - What goes in

    private struct Columns {
        var inputs: [GraphModel.Input] = []
        var names: [String] = []
        var categories: [Int: CategoryNames] = [:]
    }

    private func columns(_ inputs: [ONNXGraph.Input]) throws(GraphFault) -> Columns {
        var columns = Columns()
        for input in inputs {
            let element: GraphModel.Input.Element
            switch input.type {
            case 1: element = .float
            case 11: element = .double
            case 2...7, 12, 13: element = .integer
            case 9: element = .bool
            case 8: element = .text
            default: throw .unsupported(operation: "input \(input.name)", words: "of the data type \(input.type)")
            }
            guard input.sizes.count == 2 || input.sizes.count == 1, let last = input.sizes.last else {
                throw .malformed("the input \(input.name) is no table of rows")
            }
            let width = input.sizes.count == 1 ? 1 : Int(clamping: last)
            guard width > 0, columns.names.count + width <= ForestModel.nameLimit else {
                throw .malformed("the input \(input.name) does not say how many columns it has")
            }
            columns.inputs.append(GraphModel.Input(element: element, width: width))
            if element == .text {
                let names = texts(reachedFrom: input.name)
                guard !names.isEmpty else {
                    throw .unsupported(operation: "input \(input.name)", words: "of texts that no encoder knows")
                }
                for index in 0..<width { columns.categories[columns.names.count + index] = CategoryNames(names) }
            }
            if inputs.count == 1 {
                columns.names += (0..<width).map { "f\($0)" }
            } else {
                columns.names += width == 1 ? [input.name] : (0..<width).map { "\(input.name)_\($0)" }
            }
        }
        guard Set(columns.names).count == columns.names.count else {
            throw .malformed("two columns have the same name")
        }
        return columns
    }

    /// The texts that encoders behind a value know.
    private func texts(reachedFrom name: String) -> [String] {
        var reached: Set<String> = [name]
        var known: Set<String> = []
        var texts: [String] = []
        // Nodes stand behind what they need.
        for node in graph.nodes where node.inputs.contains(where: { reached.contains($0) }) {
            reached.formUnion(node.outputs)
            var found = (node.attributes["cats_strings"]?.texts ?? []) + (node.attributes["keys_strings"]?.texts ?? [])
            if case .text(let keys)? = node.attributes["keys_tensor"]?.value.tensor?.values { found += keys }
            for text in found where known.insert(text).inserted { texts.append(text) }
        }
        return texts
    }
}

extension GraphFault {
    /// What is wrong with a forest, as the graph's fault.
    init(_ error: ForestError, _ operation: String) {
        switch error {
        case .unsupported(let words): self = .unsupported(operation: operation, words: words)
        case .invalid(let part, let words): self = .malformed("\(operation): \(part): \(words)")
        case .syntax(_, let words): self = .malformed(words)
        }
    }
}

extension ONNXGraph.Node {
    /// The classes that a classifier or ZipMap names.
    var classNames: [String]? {
        let texts = attributes["classlabels_strings"]?.texts ?? []
        let numbers = attributes["classlabels_int64s"]?.integers ?? []
        return !texts.isEmpty ? texts : numbers.isEmpty ? nil : numbers.map { String($0) }
    }
}

/// Puts a graph together from named values, in any order.
public struct GraphBuilder {
    private struct Part {
        var operation: String
        var inputs: [String]
        var outputs: [String]
        /// Nil if the operator is not known: of no matter unless it is needed.
        var kernel: Graph.Kernel?
        var fault: GraphFault?
    }

    private var parts: [Part] = []
    private var constants: [String: Tensor] = [:]
    /// Which part makes a value.
    private var makers: [String: Int] = [:]

    /// Nodes beyond these are refused.
    private static let nodeLimit = 20_000

    public init() {}

    /// Adds a value that is the same for all rows. Throws if the name is taken.
    public mutating func add(constant name: String, _ tensor: Tensor) throws(GraphFault) {
        guard constants[name] == nil else { throw .malformed("two values are named \(name)") }
        constants[name] = tensor
    }

    /// Adds a node; an empty name of an input leaves it out, one of an output is not wanted.
    ///
    /// - Throws: ``GraphFault/malformed(_:)`` if a value has a maker already.
    public mutating func add(
        _ operation: String,
        inputs: [String],
        outputs: [String],
        _ make: () throws(GraphFault) -> Graph.Kernel
    ) throws(GraphFault) {
        guard parts.count < Self.nodeLimit else { throw .malformed("there are more than \(Self.nodeLimit) nodes") }
        var part = Part(operation: operation, inputs: inputs, outputs: outputs)
        do throws(GraphFault) { part.kernel = try make() } catch { part.fault = error }
        for name in outputs where !name.isEmpty {
            guard makers[name] == nil, constants[name] == nil else { throw .malformed("two values are named \(name)") }
            makers[name] = parts.count
        }
        parts.append(part)
    }

    /// The graph from inputs to results.
    ///
    /// - Parameters:
    ///   - inputs: Names of the values that a run is given.
    ///   - results: Names of the values that it returns.
    /// - Returns: Only what the results need.
    /// - Throws: ``GraphFault`` if something is missing, goes round in a circle, or needs an operator that is not
    ///   known.
    public func graph(from inputs: [String], to results: [String]) throws(GraphFault) -> Graph {
        var slots: [String: Int] = [:]
        var values: [Tensor?] = []
        func slot(_ name: String) -> Int {
            if let known = slots[name] { return known }
            slots[name] = values.count
            values.append(constants[name])
            return values.count - 1
        }
        let entries = inputs.map { slot($0) }
        var nodes: [Graph.Node] = []
        let work = Work()
        for index in try order(for: results, given: Set(inputs)) {
            let part = parts[index]
            if let fault = part.fault { throw fault }
            guard let kernel = part.kernel else { throw .unsupported(operation: part.operation, words: "") }
            let node = Graph.Node(
                operation: part.operation,
                inputs: part.inputs.map { $0.isEmpty ? -1 : slot($0) },
                outputs: part.outputs.map { $0.isEmpty ? -1 : slot($0) },
                kernel: kernel
            )
            let isConstant = node.inputs.allSatisfy { $0 < 0 || values[$0] != nil }
            if isConstant { try Graph.run(node, &values, work) } else { nodes.append(node) }
        }
        return Graph(nodes: nodes, constants: values, inputs: entries, outputs: results.map { slot($0) })
    }

    /// The nodes that the results need, each behind those that it needs itself.
    private func order(for results: [String], given: Set<String>) throws(GraphFault) -> [Int] {
        enum Mark { case open, done }
        var marks: [Int: Mark] = [:]
        var order: [Int] = []
        /// A value to look for, or a node whose inputs are all there.
        enum Step {
            case value(String)
            case finish(Int)
        }
        var steps = results.reversed().map { Step.value($0) }
        while let step = steps.popLast() {
            switch step {
            case .finish(let index):
                marks[index] = .done
                order.append(index)
            case .value(let name):
                guard !given.contains(name), constants[name] == nil else { continue }
                guard let index = makers[name] else { throw .malformed("nothing makes the value \(name)") }
                switch marks[index] {
                case .done: continue
                case .open: throw .malformed("the value \(name) needs itself")
                case nil: marks[index] = .open
                }
                steps.append(.finish(index))
                steps += parts[index].inputs.reversed().filter { !$0.isEmpty }.map { Step.value($0) }
            }
        }
        return order
    }
}

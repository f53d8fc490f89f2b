/// A checked graph of operators over tensors. Nodes stand in an order in which every input is there before it is
/// needed; what no result needs is left out, and what depends on no input is computed once.
public struct Graph: Sendable {
    /// What a node does: its inputs' tensors (nil = left out) become its outputs'. Total: it throws, it never traps.
    public typealias Kernel = @Sendable (_ inputs: [Tensor?], _ work: Work) throws(GraphFault) -> [Tensor]

    struct Node: Sendable {
        var operation: String
        /// Slots of values; -1 = left out.
        var inputs: [Int]
        var outputs: [Int]
        var kernel: Kernel
        /// Slots that nobody reads any more after this node.
        var last: [Int] = []
    }

    private var nodes: [Node]
    /// [slot]
    private let constants: [Tensor?]
    private let inputs: [Int]
    private let outputs: [Int]

    init(nodes: [Node], constants: [Tensor?], inputs: [Int], outputs: [Int]) {
        self.nodes = nodes
        self.constants = constants
        self.inputs = inputs
        self.outputs = outputs
        var isNeeded: Set<Int> = Set(outputs)
        for index in nodes.indices.reversed() {
            for slot in Set(nodes[index].inputs + nodes[index].outputs) where slot >= 0 && !isNeeded.contains(slot) {
                self.nodes[index].last.append(slot)
                isNeeded.insert(slot)
            }
        }
    }

    /// Runs the graph.
    ///
    /// - Parameter tensors: One an input, in their order.
    /// - Returns: One an output.
    /// - Throws: ``GraphFault`` if an operator has no answer for these values.
    public func run(_ tensors: [Tensor]) throws(GraphFault) -> [Tensor] {
        var values = constants
        for (slot, tensor) in zip(inputs, tensors) { values[slot] = tensor }
        let work = Work()
        for node in nodes {
            try Self.run(node, &values, work)
            for slot in node.last { values[slot] = nil }
        }
        var results: [Tensor] = []
        for slot in outputs {
            guard let tensor = values[slot] else { throw .malformed("a result is missing") }
            results.append(tensor)
        }
        return results
    }

    static func run(_ node: Node, _ values: inout [Tensor?], _ work: Work) throws(GraphFault) {
        let found: [Tensor]
        do throws(GraphFault) {
            found = try node.kernel(node.inputs.map { $0 < 0 ? nil : values[$0] }, work)
        } catch {
            guard case .malformed(let words) = error else { throw error }
            throw .malformed("\(node.operation): \(words)")
        }
        guard found.count >= node.outputs.count else {
            throw .unsupported(operation: node.operation, words: "output \(found.count)")
        }
        for (slot, tensor) in zip(node.outputs, found) {
            try work.take(tensor.count)
            if slot >= 0 { values[slot] = tensor }
        }
    }
}

/// How much a run may do: a graph that somebody made to do harm ends.
public final class Work {
    private var left: Int

    package init(limit: Int = 1 << 26) { left = limit }

    func take(_ steps: Int) throws(GraphFault) {
        guard steps <= left else { throw .tooLarge }
        left -= steps
    }
}

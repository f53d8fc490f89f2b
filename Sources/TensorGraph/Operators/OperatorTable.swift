/// The operators that are known by name: what a node's attributes make of it.
///
/// A new one is one more entry: a function from attributes to a kernel.
public enum OperatorTable {
    typealias Maker = @Sendable (Attributes) throws(GraphFault) -> Graph.Kernel

    /// The kernel of a node.
    ///
    /// - Parameter attributes: The node's operator and what its file says of it.
    /// - Returns: What the node does.
    /// - Throws: ``GraphFault/unsupported(operation:words:)`` naming the operator.
    public static func kernel(_ attributes: Attributes) throws(GraphFault) -> Graph.Kernel {
        guard let maker = makers[attributes.operation] else {
            throw .unsupported(operation: attributes.operation, words: "")
        }
        return try maker(attributes)
    }

    private static let makers: [String: Maker] = [
        Elementwise.makers, Comparisons.makers, Movements.makers, Reductions.makers, Preparations.makers,
        Encoders.makers, Products.makers,
    ].reduce(into: [:]) { $0.merge($1) { first, _ in first } }
}

extension [Tensor?] {
    /// An input that must be there.
    func needed(_ index: Int) throws(GraphFault) -> Tensor {
        guard let tensor = optional(index) else { throw .malformed("input \(index) is missing") }
        return tensor
    }

    func optional(_ index: Int) -> Tensor? { index < count ? self[index] : nil }
}

import Forest
import TensorGraph

/// A tree ensemble's node as an operator of a graph.
enum ONNXTreeNode {
    static func operation(
        _ node: ONNXGraph.Node,
        allowance: Allowance
    ) throws(ForestError) -> (TreeOperator, GraphModel.Size) {
        let size: GraphModel.Size
        let transform: TreeOperator.Transform
        var classes: TreeOperator.Classes?
        if node.operation == "TreeEnsemble" {
            let names = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"]
            let number = node.attributes["post_transform"]?.integer ?? 0
            guard number >= 0, number < names.count, let known = TreeOperator.Transform(rawValue: names[Int(number)])
            else { throw .unsupported(words: "post_transform \(number)") }
            transform = known
            size = GraphModel.Size(of: try sums(node, .single, allowance))
        } else {
            let name = node.attributes["post_transform"]?.text ?? "NONE"
            guard let known = TreeOperator.Transform(rawValue: name) else {
                throw .unsupported(words: "post_transform \(name)")
            }
            transform = known
            var builder = ONNXEnsemble(node, rows: .single, allowance: allowance)
            let found = try builder.sums()
            size = GraphModel.Size(of: found.forest)
            if node.operation == "TreeEnsembleClassifier" {
                let texts = node.attributes["classlabels_strings"]?.texts ?? []
                let numbers = node.attributes["classlabels_int64s"]?.integers ?? []
                guard known != .probit || found.side == nil else {
                    throw .unsupported(words: "PROBIT of one score for two classes")
                }
                classes = TreeOperator.Classes(
                    labels: texts.isEmpty ? .integer(numbers) : .text(texts),
                    side: found.side,
                    isPositive: found.isPositive
                )
            }
        }
        let operation = TreeOperator(transform, classes: classes) { rows throws(GraphFault) in
            do throws(ForestError) {
                return try sums(node, rows, allowance)
            } catch {
                throw GraphFault(error, node.operation)
            }
        }
        return (operation, size)
    }

    /// The ensemble whose margins are the sums.
    private static func sums(
        _ node: ONNXGraph.Node,
        _ rows: ForestModel.Precision,
        _ allowance: Allowance
    ) throws(ForestError) -> ForestModel {
        if node.operation == "TreeEnsemble" {
            var builder = ONNXEnsemble5(node, rows: rows, allowance: allowance)
            return try builder.sums()
        }
        var builder = ONNXEnsemble(node, rows: rows, allowance: allowance)
        return try builder.sums().forest
    }
}

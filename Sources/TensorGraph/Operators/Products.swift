/// Products of matrices, and the linear models that are made of them.
enum Products {
    static let makers: [String: OperatorTable.Maker] = [
        "MatMul": { _ in
            { inputs, work throws(GraphFault) in
                [try product(try inputs.needed(0), try inputs.needed(1), work)]
            }
        }
    ]

    /// Of two matrices; sums in the order of the columns.
    static func product(_ left: Tensor, _ right: Tensor, _ work: Work) throws(GraphFault) -> Tensor {
        guard left.shape.count == 2, right.shape.count == 2, left.shape[1] == right.shape[0] else {
            throw .malformed("no product of the shapes \(left.shape) and \(right.shape)")
        }
        let (rows, inner, columns) = (left.shape[0], left.shape[1], right.shape[1])
        _ = try Tensor.count(of: [rows, inner, columns])
        try work.take(rows * inner * columns)
        let (first, second) = (try left.values.doubles(), try right.values.doubles())
        var results = Array(repeating: 0.0, count: rows * columns)
        for row in 0..<rows {
            for index in 0..<inner {
                for column in 0..<columns {
                    results[row * columns + column] += first[row * inner + index] * second[index * columns + column]
                }
            }
        }
        if case .double = right.values { return try Tensor(shape: [rows, columns], .double(results)) }
        return try Tensor(shape: [rows, columns], left.values.same(results))
    }
}

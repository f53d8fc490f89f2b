import CKernels

/// Operators that make one value of those along an axis.
enum Reductions {
    static let makers: [String: OperatorTable.Maker] = [
        "ReduceSum": reduced { sum($0) },
        "ReduceMean": reduced { sum($0) / Double($0.count) },
        "ReduceMax": reduced { $0.reduce(-.infinity) { $1.isNaN || $1 > $0 ? $1 : $0 } },
        "ReduceMin": reduced { $0.reduce(.infinity) { $1.isNaN || $1 < $0 ? $1 : $0 } },
        "ReduceProd": reduced { $0.reduce(1, *) },
        "ReduceSumSquare": reduced { $0.reduce(0) { $0 + $1 * $1 } },
        "ReduceL1": reduced { $0.reduce(0) { $0 + $1.magnitude } },
        "ReduceL2": reduced { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() },
        "ArgMax": chosen { $0 > $1 },
        "ArgMin": chosen { $0 < $1 },
        "Softmax": { attributes in
            let axis = attributes.integer("axis") ?? -1
            return { inputs, work throws(GraphFault) in
                let tensor = try inputs.needed(0)
                return [try along(tensor, try tensor.axis(axis), work) { softmax($0) }]
            }
        },
        "LpNormalization": { attributes throws(GraphFault) in
            let axis = attributes.integer("axis") ?? -1
            let power = attributes.integer("p") ?? 2
            guard power == 1 || power == 2 else { throw attributes.unsupported("of the order \(power)") }
            return { inputs, work throws(GraphFault) in
                let tensor = try inputs.needed(0)
                return [
                    try along(tensor, try tensor.axis(axis), work) { values in
                        let norm =
                            power == 1
                            ? values.reduce(0) { $0 + $1.magnitude } : values.reduce(0) { $0 + $1 * $1 }.squareRoot()
                        return norm == 0 ? values : values.map { $0 / norm }
                    }
                ]
            }
        },
        "CumSum": { attributes throws(GraphFault) in
            guard (attributes.integer("exclusive") ?? 0) == 0, (attributes.integer("reverse") ?? 0) == 0 else {
                throw attributes.unsupported("exclusive or in reverse")
            }
            return { inputs, work throws(GraphFault) in
                let tensor = try inputs.needed(0)
                guard let axis = try inputs.needed(1).values.integers().first else { throw .malformed("no axis") }
                return [
                    try along(tensor, try tensor.axis(axis), work) { values in
                        var sum = 0.0
                        return values.map { value in
                            sum += value
                            return sum
                        }
                    }
                ]
            }
        },
        "TopK": { attributes in
            let axis = attributes.integer("axis") ?? -1
            let isLargest = attributes.integer("largest") != 0
            let fixed = attributes.integer("k")
            return { inputs, work throws(GraphFault) in
                let tensor = try inputs.needed(0)
                guard let k = try inputs.optional(1)?.values.integers().first ?? fixed else { throw .malformed("no k") }
                let axis = try tensor.axis(axis)
                let (outer, size, inner) = tensor.parts(at: axis)
                guard k >= 0, k <= size else { throw .malformed("\(k) of \(size) values") }
                try work.take(tensor.count * 16)
                let values = try tensor.values.doubles()
                var places: [Int] = []
                var indices: [Int64] = []
                var shape = tensor.shape
                shape[axis] = Int(k)
                for start in 0..<outer {
                    var found: [[Int]] = []
                    for column in 0..<inner {
                        func value(_ index: Int) -> Double { values[(start * size + index) * inner + column] }
                        let order = (0..<size).sorted { left, right in
                            let (first, second) = (value(left), value(right))
                            return first == second ? left < right : isLargest ? first > second : first < second
                        }
                        found.append(Array(order.prefix(Int(k))))
                    }
                    for rank in 0..<Int(k) {
                        for column in 0..<inner {
                            indices.append(Int64(found[column][rank]))
                            places.append((start * size + found[column][rank]) * inner + column)
                        }
                    }
                }
                return [try tensor.picked(places, shape: shape), try Tensor(shape: shape, .integer(indices))]
            }
        },
    ]

    /// In the order of the values.
    private static func sum(_ values: [Double]) -> Double { values.reduce(0, +) }

    static func softmax(_ values: [Double]) -> [Double] {
        let largest = values.max() ?? 0
        let powers = values.map { pa_exp($0 - largest) }
        let total = sum(powers)
        return powers.map { $0 / total }
    }

    /// Sums of 32 bits are taken in 64 and rounded once.
    private static func reduced(_ body: @escaping @Sendable ([Double]) -> Double) -> OperatorTable.Maker {
        { attributes in
            let keeps = attributes.integer("keepdims") != 0
            let fixed = attributes.integers("axes")
            let isIdentity = attributes.integer("noop_with_empty_axes") == 1
            return { inputs, work throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let given = try inputs.optional(1)?.values.integers() ?? fixed
                if given.isEmpty, isIdentity { return [tensor] }
                var axes = Set(given.isEmpty ? Array(tensor.shape.indices) : [])
                for axis in given { axes.insert(try tensor.axis(axis)) }
                try work.take(tensor.count)
                let steps = Movements.steps(tensor.shape)
                let kept = tensor.shape.indices.filter { !axes.contains($0) }
                let gone = tensor.shape.indices.filter { axes.contains($0) }
                let outer = kept.map { tensor.shape[$0] }
                let inner = gone.map { tensor.shape[$0] }
                let count = try Tensor.count(of: inner)
                let starts = Broadcast.walk(outer, kept.map { steps[$0] }, try Tensor.count(of: outer))
                let offsets = Broadcast.walk(inner, gone.map { steps[$0] }, count)
                let values = try tensor.values.doubles()
                let results = starts.map { start in body(offsets.map { values[start + $0] }) }
                let shape = keeps ? tensor.shape.indices.map { axes.contains($0) ? 1 : tensor.shape[$0] } : outer
                return [try Tensor(shape: shape, tensor.values.same(results))]
            }
        }
    }

    /// Where the largest or smallest value is, the first of several.
    private static func chosen(_ isBetter: @escaping @Sendable (Double, Double) -> Bool) -> OperatorTable.Maker {
        { attributes in
            let axis = attributes.integer("axis") ?? 0
            let keeps = attributes.integer("keepdims") != 0
            let takesLast = attributes.integer("select_last_index") == 1
            return { inputs, work throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let axis = try tensor.axis(axis)
                let (outer, size, inner) = tensor.parts(at: axis)
                guard size > 0 else { throw .malformed("the largest of no values") }
                try work.take(tensor.count)
                let values = try tensor.values.doubles()
                var found: [Int64] = []
                for start in 0..<outer {
                    for column in 0..<inner {
                        var best = 0
                        for index in 1..<max(1, size) {
                            let value = values[(start * size + index) * inner + column]
                            let known = values[(start * size + best) * inner + column]
                            if isBetter(value, known) || takesLast && value == known { best = index }
                        }
                        found.append(Int64(best))
                    }
                }
                var shape = tensor.shape
                if keeps { shape[axis] = 1 } else { shape.remove(at: axis) }
                return [try Tensor(shape: shape, .integer(found))]
            }
        }
    }

    /// Replaces the values along an axis by as many others.
    private static func along(
        _ tensor: Tensor,
        _ axis: Int,
        _ work: Work,
        _ body: ([Double]) -> [Double]
    ) throws(GraphFault) -> Tensor {
        let (outer, size, inner) = tensor.parts(at: axis)
        try work.take(tensor.count)
        var values = try tensor.values.doubles()
        for start in 0..<outer {
            for column in 0..<inner {
                let places = (0..<size).map { (start * size + $0) * inner + column }
                for (place, value) in zip(places, body(places.map { values[$0] })) { values[place] = value }
            }
        }
        return try Tensor(shape: tensor.shape, tensor.values.same(values))
    }
}

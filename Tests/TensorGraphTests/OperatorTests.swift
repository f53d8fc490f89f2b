import TensorGraph
import Testing

/// Operators by hand, and what is made to do harm.
@Suite struct OperatorTests {
    private func run(
        _ operation: String,
        _ inputs: [Tensor?],
        _ change: (inout [String: Attributes.Value]) -> Void = { _ in }
    ) throws -> Tensor {
        var values: [String: Attributes.Value] = [:]
        change(&values)
        let kernel = try OperatorTable.kernel(Attributes(operation: operation, values))
        return try kernel(inputs, Work())[0]
    }

    private func floats(_ shape: [Int], _ values: [Float]) throws -> Tensor { try Tensor(shape: shape, .float(values)) }

    private func integers(_ values: [Int64]) throws -> Tensor { try Tensor(shape: [values.count], .integer(values)) }

    @Test func shapesAreBroadcast() throws {
        let table = try floats([2, 3], [1, 2, 3, 4, 5, 6])
        #expect(try run("Add", [table, floats([3], [10, 20, 30])]) == floats([2, 3], [11, 22, 33, 14, 25, 36]))
        #expect(try run("Sub", [table, floats([2, 1], [1, 2])]) == floats([2, 3], [0, 1, 2, 2, 3, 4]))
        #expect(throws: GraphFault.self) { try run("Add", [table, floats([2], [1, 2])]) }
        // 32 and 64 bits together are of 64.
        let wide = try Tensor(shape: [1], .double([0.1]))
        #expect(try run("Mul", [floats([1], [2]), wide]) == Tensor(shape: [1], .double([0.2])))
    }

    @Test func valuesMove() throws {
        let table = try floats([2, 3], [1, 2, 3, 4, 5, 6])
        #expect(try run("Transpose", [table]) == floats([3, 2], [1, 4, 2, 5, 3, 6]))
        #expect(try run("Reshape", [table, integers([-1, 2])]) == floats([3, 2], [1, 2, 3, 4, 5, 6]))
        #expect(try run("ArrayFeatureExtractor", [table, integers([2, 0])]) == floats([2, 2], [3, 1, 6, 4]))
        #expect(try run("Gather", [table, integers([-1])]) == floats([1, 3], [4, 5, 6]))
        let part = try run("Slice", [table, integers([2]), integers([-9]), integers([1]), integers([-2])])
        #expect(part == (try floats([2, 2], [3, 1, 6, 4])))
        #expect(throws: GraphFault.self) { try run("Gather", [table, integers([2])]) }
        #expect(throws: GraphFault.self) { try run("Reshape", [table, integers([-1, 4])]) }
    }

    @Test func valuesBecomeFewer() throws {
        let table = try floats([2, 3], [1, 5, 3, 4, 2, 4])
        let rows: (inout [String: Attributes.Value]) -> Void = { values in
            var axes = Attributes.Value()
            axes.integers = [1]
            values["axes"] = axes
            var axis = Attributes.Value()
            axis.integer = 1
            values["axis"] = axis
        }
        #expect(try run("ReduceSum", [table], rows) == floats([2, 1], [9, 10]))
        #expect(try run("ReduceMax", [table], rows) == floats([2, 1], [5, 4]))
        // Of equal values the first.
        #expect(try run("ArgMax", [table], rows) == Tensor(shape: [2, 1], .integer([1, 0])))
    }

    @Test func exponentialsAndLogarithms() throws {
        let values = try Tensor(shape: [5], .double([0, 1, 2, 1e-300, .infinity]))
        let found = try run("Log", [values])
        #expect(
            found
                == (try Tensor(shape: [5], .double([-.infinity, 0, 0.6931471805599453, -690.7755278982137, .infinity])))
        )
        let powers = try run("Pow", [Tensor(shape: [1], .double([2])), Tensor(shape: [2], .double([-3, 0.5]))])
        #expect(powers == (try Tensor(shape: [2], .double([0.125, 2.0.squareRoot()]))))
    }

    @Test func nothingGrowsWithoutLimit() throws {
        #expect(throws: GraphFault.tooLarge) { try run("ConstantOfShape", [integers([1 << 20, 1 << 20])]) }
        #expect(throws: GraphFault.tooLarge) { try run("Expand", [floats([1], [1]), integers([1 << 23, 1 << 23])]) }
        #expect(throws: GraphFault.self) { try run("ConstantOfShape", [integers([-1])]) }
        let column = try floats([1 << 13, 1], Array(repeating: 0, count: 1 << 13))
        #expect(throws: GraphFault.tooLarge) {
            try run("MatMul", [column, floats([1, 1 << 13], Array(repeating: 0, count: 1 << 13))])
        }
    }

    @Test func unknownOperatorsAreNamed() {
        #expect(throws: GraphFault.unsupported(operation: "Conv", words: "")) { try run("Conv", []) }
        #expect(throws: GraphFault.self) { try run("Add", []) }
        #expect(throws: GraphFault.self) { try run("Add", [nil, nil]) }
    }
}

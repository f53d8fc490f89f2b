/// Operators that make truth values, and the choice between two values.
enum Comparisons {
    static let makers: [String: OperatorTable.Maker] = [
        "Equal": compared({ $0 == $1 }, { $0 == $1 }),
        "Less": compared({ $0 < $1 }, nil),
        "LessOrEqual": compared({ $0 <= $1 }, nil),
        "Greater": compared({ $0 > $1 }, nil),
        "GreaterOrEqual": compared({ $0 >= $1 }, nil),
        "And": joined { $0 && $1 },
        "Or": joined { $0 || $1 },
        "Xor": joined { $0 != $1 },
        "Not": { _ in
            { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                return [try Tensor(shape: tensor.shape, .bool(try truths(tensor.values).map { !$0 }))]
            }
        },
        "IsNaN": { _ in
            { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                return [try Tensor(shape: tensor.shape, .bool(try tensor.values.doubles().map(\.isNaN)))]
            }
        },
        "Where": { _ in
            { inputs, work throws(GraphFault) in
                let (test, yes, no) = (try inputs.needed(0), try inputs.needed(1), try inputs.needed(2))
                let shape = try Broadcast.shape(try Broadcast.shape(test.shape, yes.shape), no.shape)
                try work.take(try Tensor.count(of: shape))
                let flags = try truths(try Broadcast.values(of: test, in: shape))
                let first = try Broadcast.values(of: yes, in: shape)
                let second = try Broadcast.values(of: no, in: shape)
                return [try Tensor(shape: shape, try chosen(flags, first, second))]
            }
        },
    ]

    private static func truths(_ values: Tensor.Values) throws(GraphFault) -> [Bool] {
        if case .bool(let flags) = values { return flags }
        return try values.doubles().map { $0 != 0 }
    }

    private static func chosen(
        _ flags: [Bool],
        _ yes: Tensor.Values,
        _ no: Tensor.Values
    ) throws(GraphFault) -> Tensor.Values {
        func choice<Value>(_ yes: [Value], _ no: [Value]) -> [Value] {
            flags.indices.map { flags[$0] ? yes[$0] : no[$0] }
        }
        switch (yes, no) {
        case (.text(let yes), .text(let no)): return .text(choice(yes, no))
        case (.integer(let yes), .integer(let no)): return .integer(choice(yes, no))
        case (.bool(let yes), .bool(let no)): return .bool(choice(yes, no))
        case (.float(let yes), .float(let no)): return .float(choice(yes, no))
        default: return .double(choice(try yes.doubles(), try no.doubles()))
        }
    }

    private static func compared(
        _ numbers: @escaping @Sendable (Double, Double) -> Bool,
        _ texts: (@Sendable (String, String) -> Bool)?
    ) -> OperatorTable.Maker {
        { _ in
            { inputs, work throws(GraphFault) in
                let (left, right) = (try inputs.needed(0), try inputs.needed(1))
                let shape = try Broadcast.shape(left.shape, right.shape)
                try work.take(try Tensor.count(of: shape))
                let first = try Broadcast.values(of: left, in: shape)
                let second = try Broadcast.values(of: right, in: shape)
                if case .text(let first) = first, case .text(let second) = second, let texts {
                    return [try Tensor(shape: shape, .bool(zip(first, second).map { texts($0, $1) }))]
                }
                let found = zip(try first.doubles(), try second.doubles()).map { numbers($0, $1) }
                return [try Tensor(shape: shape, .bool(found))]
            }
        }
    }

    private static func joined(_ body: @escaping @Sendable (Bool, Bool) -> Bool) -> OperatorTable.Maker {
        { _ in
            { inputs, work throws(GraphFault) in
                let (left, right) = (try inputs.needed(0), try inputs.needed(1))
                let shape = try Broadcast.shape(left.shape, right.shape)
                try work.take(try Tensor.count(of: shape))
                let first = try truths(try Broadcast.values(of: left, in: shape))
                let second = try truths(try Broadcast.values(of: right, in: shape))
                return [try Tensor(shape: shape, .bool(zip(first, second).map { body($0, $1) }))]
            }
        }
    }
}

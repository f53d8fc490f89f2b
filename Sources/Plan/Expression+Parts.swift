extension Expression {
    /// The expressions that this one is made of directly, as they are written.
    public var operands: [Expression] {
        switch self {
        case .unary(_, let operand), .isIn(let operand, _), .isInNumbers(let operand, _): [operand]
        case .binary(_, let left, let right): [left, right]
        case .call(_, let arguments): arguments
        case .number, .bool, .text, .field, .feature, .aggregate: []
        }
    }

    /// The expression itself and all that it is made of: each in front of its own operands.
    public var parts: [Expression] { [self] + operands.flatMap(\.parts) }

    /// The same of other numbers, texts, fields, features and aggregates.
    func replacingLeaves(_ change: (Expression) -> Expression) -> Expression {
        switch self {
        case .unary(let op, let operand): .unary(op, operand.replacingLeaves(change))
        case .binary(let op, let left, let right):
            .binary(op, left.replacingLeaves(change), right.replacingLeaves(change))
        case .isIn(let operand, let texts): .isIn(operand.replacingLeaves(change), texts: texts)
        case .isInNumbers(let operand, let numbers): .isInNumbers(operand.replacingLeaves(change), numbers: numbers)
        case .call(let function, let arguments): .call(function, arguments.map { $0.replacingLeaves(change) })
        case .number, .bool, .text, .field, .feature, .aggregate: change(self)
        }
    }
}

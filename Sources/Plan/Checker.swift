import Base

/// Gives every name its meaning and every expression its type; collects the aggregates that features and rules share.
struct Checker {
    let schema: Schema
    let entityNames: [String]
    let lists: [String: [String]]
    /// Names of all features, in the file's order; a feature's index is its place here.
    let featureNames: [String]
    var aggregates: [Aggregate] = []
    /// The delay of the window whose argument is being checked; nil outside of windows, where no label may be read.
    var labelDelay: Int64?
    /// Whether a category needs no list: it is a feature by itself, and the model knows the names.
    var admitsOpenCategory = false

    /// A number where a number is wanted; a condition counts as 1 or 0.
    mutating func number(_ syntax: Syntax) throws(ExpressionError) -> Expression {
        let expression = try check(syntax)
        switch expression.type {
        case .number, .bool: return expression
        case .text:
            throw ExpressionError(
                syntax.column,
                "a number is needed here, this is a text; compare it (x == \"a\") to get a condition, or give its kinds "
                    + "numbers: category(x, \"A\", \"B\")"
            )
        case .textList, .numberList:
            throw ExpressionError(syntax.column, "a number is needed here, this is a list; try length(…) or share(…)")
        }
    }

    mutating func condition(_ syntax: Syntax) throws(ExpressionError) -> Expression {
        let expression = try check(syntax)
        guard expression.type == .bool else {
            throw ExpressionError(syntax.column, "a condition is needed here, this is a \(name(of: expression.type))")
        }
        return expression
    }

    mutating func text(_ syntax: Syntax) throws(ExpressionError) -> Expression {
        let expression = try check(syntax)
        guard expression.type == .text else {
            throw ExpressionError(syntax.column, "a text is needed here, this is a \(name(of: expression.type))")
        }
        return expression
    }

    mutating func check(_ syntax: Syntax) throws(ExpressionError) -> Expression {
        switch syntax {
        case .number(let value, _): return .number(value)
        case .text(let text, _): return .text(text)
        case .bool(let value, _): return .bool(value)
        case .duration(_, let column):
            throw ExpressionError(column, "a duration stands only where a window is given, as in count(actor, 5m)")
        case .name(let name, let column): return try resolve(name, column)
        case .unary(.negate, let operand, _): return .unary(.negate, try number(operand))
        case .unary(.not, let operand, _): return .unary(.not, try condition(operand))
        case .binary(let op, let left, let right, let column): return try binary(op, left, right, column)
        case .isNull(let operand, let isNot, _):
            let test = Expression.call(.isNull, [try check(operand)])
            return isNot ? .unary(.not, test) : test
        case .isIn(let operand, let values, let isNot, let column):
            return try membership(operand, values, isNot: isNot, column)
        case .isInList(let operand, let list, let isNot, let column):
            guard let texts = lists[list] else {
                let suggestion = closestName(to: list, among: lists.keys.sorted()).map { "@" + $0 }
                throw ExpressionError(column, "there is no list \"@\(list)\"", suggestion: suggestion)
            }
            return negated(.isIn(try text(operand), texts: texts), isNot)
        case .call(let name, let arguments, let delay, let excludesCurrent, let column):
            return try call(name, arguments, delay: delay, excludesCurrent: excludesCurrent, column)
        }
    }

    private func resolve(_ name: String, _ column: Int) throws(ExpressionError) -> Expression {
        if let index = schema.index(of: name) {
            let field = schema.fields[index]
            if field.role == .label { try admit(label: field, column) }
            return .field(index, field.expressionType)
        }
        if let index = featureNames.firstIndex(of: name) { return .feature(index, .number) }
        let known = schema.fields.filter { $0.role != .label }.map(\.name) + featureNames
        throw ExpressionError(
            column,
            "there is no field or feature \"\(name)\"",
            suggestion: closestName(to: name, among: known)
        )
    }

    /// A label is ground truth: a window may read it once it is known, and nothing else ever (C7).
    private func admit(label field: Field, _ column: Int) throws(ExpressionError) {
        guard let labelDelay else {
            throw ExpressionError(
                column,
                "\"\(field.name)\" is a label: no feature, rule or entity may read it, only training and evaluation, "
                    + "and a window that is delayed until it is known"
            )
        }
        guard let knownAfter = field.knownAfter else {
            throw ExpressionError(
                column,
                "\"\(field.name)\" is a label: for a window to read it the schema must say when it becomes known, as in "
                    + "known_after: 7d"
            )
        }
        guard labelDelay >= knownAfter else {
            throw ExpressionError(
                column,
                "\"\(field.name)\" is known \(words(knownAfter)) after the event: the window must be delayed by at least that",
                suggestion: "delay \(words(knownAfter))"
            )
        }
    }

    /// A duration as the language writes it.
    private func words(_ microseconds: Int64) -> String {
        let units: [(name: String, size: Int64)] = [
            ("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000),
        ]
        for unit in units where microseconds % unit.size == 0 { return "\(microseconds / unit.size)\(unit.name)" }
        return "\(microseconds / 1000)ms"
    }

    private mutating func binary(
        _ op: Expression.BinaryOperator,
        _ left: Syntax,
        _ right: Syntax,
        _ column: Int
    ) throws(ExpressionError) -> Expression {
        switch op {
        case .and, .or: return .binary(op, try condition(left), try condition(right))
        case .add, .subtract, .multiply, .divide, .remainder: return .binary(op, try number(left), try number(right))
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return .binary(op, try number(left), try number(right))
        case .equal, .notEqual:
            let first = try check(left)
            let second = try check(right)
            guard first.type == second.type, first.type != .textList, first.type != .numberList else {
                throw ExpressionError(
                    column,
                    "a \(name(of: first.type)) cannot be compared with a \(name(of: second.type))"
                )
            }
            return .binary(op, first, second)
        }
    }

    private mutating func membership(
        _ operand: Syntax,
        _ values: [Syntax],
        isNot: Bool,
        _ column: Int
    ) throws(ExpressionError) -> Expression {
        let tested = try check(operand)
        var texts: [String] = []
        var numbers: [Double] = []
        for value in values {
            switch (value, tested.type) {
            case (.text(let text, _), .text): texts.append(text)
            case (.number(let number, _), .number): numbers.append(number)
            case (.unary(.negate, .number(let number, _), _), .number): numbers.append(-number)
            default:
                throw ExpressionError(value.column, "the list must hold \(name(of: tested.type))s, written out")
            }
        }
        switch tested.type {
        case .text: return negated(.isIn(tested, texts: texts), isNot)
        case .number: return negated(.isInNumbers(tested, numbers: numbers), isNot)
        default: throw ExpressionError(column, "\"in\" tests a text or a number, this is a \(name(of: tested.type))")
        }
    }

    /// `x not in […]` is false for null, as every comparison is.
    private func negated(_ test: Expression, _ isNot: Bool) -> Expression {
        guard isNot else { return test }
        let operand: Expression =
            switch test {
            case .isIn(let operand, _), .isInNumbers(let operand, _): operand
            default: test
            }
        return .binary(.and, .unary(.not, .call(.isNull, [operand])), .unary(.not, test))
    }

    func name(of type: ExpressionType) -> String {
        switch type {
        case .number: "number"
        case .bool: "condition"
        case .text: "text"
        case .textList, .numberList: "list"
        }
    }
}

extension Field {
    /// The type that an expression sees.
    var expressionType: ExpressionType {
        switch type {
        case .number, .time: isList ? .numberList : .number
        case .bool: isList ? .numberList : .bool
        case .text, .json: isList ? .textList : .text
        }
    }
}

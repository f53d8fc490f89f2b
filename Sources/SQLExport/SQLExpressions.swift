import Plan

/// Checked expressions as SQL for DuckDB.
///
/// Null means what it means to the engine: a comparison with null is false and `not null` is false, so conditions are
/// never NULL; arithmetic with null, and x / 0, is NULL. Numbers are DOUBLE, texts VARCHAR.
struct SQLExpressions {
    let schema: Schema
    /// What the names that the script makes up begin with.
    let mark: String

    /// The value in its own type; a condition may be NULL where a field is.
    func value(_ expression: Expression) -> String {
        switch expression {
        case .number(let number): literal(number)
        case .bool(let isTrue): isTrue ? "TRUE" : "FALSE"
        case .text(let text): quoted(text)
        case .field(let index, _): identifier(schema.fields[index].name)
        case .feature(let index, _): "\(mark)f\(index)"
        case .aggregate(let index): "\(mark)a\(index)"
        case .unary(.negate, let operand): "(-\(number(operand)))"
        case .unary(.not, let operand): "coalesce(NOT \(value(operand)), FALSE)"
        case .binary(let op, let left, let right): binary(op, left, right)
        case .isIn(let operand, let texts):
            texts.isEmpty
                ? "FALSE" : "coalesce(\(value(operand)) IN (\(texts.map(quoted).joined(separator: ", "))), FALSE)"
        case .isInNumbers(let operand, let numbers):
            numbers.isEmpty
                ? "FALSE" : "coalesce(\(number(operand)) IN (\(numbers.map(literal).joined(separator: ", "))), FALSE)"
        case .call(let function, let arguments): call(function, arguments)
        }
    }

    /// The value as DOUBLE; a condition counts as 1 or 0.
    func number(_ expression: Expression) -> String {
        expression.type == .bool ? "CAST(\(value(expression)) AS DOUBLE)" : value(expression)
    }

    /// TRUE or FALSE, never NULL.
    func condition(_ expression: Expression) -> String {
        switch expression {
        case .field, .call(.coalesce, _), .call(.if, _): "coalesce(\(value(expression)), FALSE)"
        default: value(expression)
        }
    }

    private func binary(_ op: Expression.BinaryOperator, _ left: Expression, _ right: Expression) -> String {
        func compared(_ sign: String) -> String { "coalesce(\(value(left)) \(sign) \(value(right)), FALSE)" }
        func ordered(_ sign: String) -> String { "coalesce(\(number(left)) \(sign) \(number(right)), FALSE)" }
        return switch op {
        case .add: "(\(number(left)) + \(number(right)))"
        case .subtract: "(\(number(left)) - \(number(right)))"
        case .multiply: "(\(number(left)) * \(number(right)))"
        case .divide: "(\(number(left)) / nullif(\(number(right)), 0))"
        case .remainder: "(\(number(left)) % nullif(\(number(right)), 0))"
        case .equal: compared("=")
        case .notEqual: compared("<>")
        case .less: ordered("<")
        case .lessOrEqual: ordered("<=")
        case .greater: ordered(">")
        case .greaterOrEqual: ordered(">=")
        case .and: "(\(condition(left)) AND \(condition(right)))"
        case .or: "(\(condition(left)) OR \(condition(right)))"
        }
    }

    private func call(_ function: Expression.Function, _ arguments: [Expression]) -> String {
        func first() -> String { number(arguments[0]) }
        func list(_ name: String, of parts: [String]) -> String { "\(name)(\(parts.joined(separator: ", ")))" }
        /// In the call's type, so that all are of one type.
        func alike(_ argument: Expression) -> String {
            Expression.call(function, arguments).type == .number ? number(argument) : value(argument)
        }
        switch function {
        case .coalesce: return list("coalesce", of: arguments.map(alike))
        case .if:
            let test = condition(arguments[0])
            return "CASE WHEN \(test) THEN \(alike(arguments[1])) ELSE \(alike(arguments[2])) END"
        // DuckDB's pass over NULL, as ours do.
        case .min: return list("least", of: arguments.map(number))
        case .max: return list("greatest", of: arguments.map(number))
        case .abs: return "abs(\(first()))"
        case .floor: return "floor(\(first()))"
        case .round: return "round(\(first()))"
        case .sqrt: return "sqrt(CASE WHEN \(first()) >= 0 THEN \(first()) END)"
        case .log: return "ln(CASE WHEN \(first()) > 0 THEN \(first()) END)"
        case .hour: return "(floor(\(first()) / 3600) - floor(\(first()) / 86400) * 24)"
        // 1970-01-01 was a Thursday, the fourth day.
        case .dayOfWeek: return "(((floor(\(first()) / 86400) + 3) % 7 + 7) % 7 + 1)"
        case .isNull:
            switch arguments[0].type {
            case .textList, .numberList: return "(coalesce(len(\(value(arguments[0]))), 0) = 0)"
            default: return "(\(value(arguments[0])) IS NULL)"
            }
        case .startsWith, .contains:
            let name = function == .contains ? "contains" : "starts_with"
            return "coalesce(\(name)(\(value(arguments[0])), \(value(arguments[1]))), FALSE)"
        case .category:
            let tested = arguments[0].type == .bool ? first() : value(arguments[0])
            let cases = arguments.dropFirst().enumerated().map { place, name in
                "WHEN \(tested) = \(value(name)) THEN \(literal(Double(place)))"
            }
            return cases.isEmpty ? "CAST(NULL AS DOUBLE)" : "CASE \(cases.joined(separator: " ")) END"
        case .length: return "CAST(coalesce(len(\(value(arguments[0]))), 0) AS DOUBLE)"
        case .has: return "coalesce(list_contains(\(value(arguments[0])), \(value(arguments[1]))), FALSE)"
        case .share:
            let (all, wanted) = (value(arguments[0]), value(arguments[1]))
            return "(CAST(len(list_filter(\(all), lambda \(mark)e: \(mark)e = \(wanted))) AS DOUBLE) "
                + "/ nullif(len(\(all)), 0))"
        }
    }

    /// With an exponent: DuckDB takes a number without one for a decimal.
    private func literal(_ number: Double) -> String {
        let text = number.description
        let signed = text.contains("e") ? text : text + "e0"
        return number < 0 ? "(\(signed))" : signed
    }

    func quoted(_ text: String) -> String { "'" + doubled("'", in: text) + "'" }

    func identifier(_ name: String) -> String { "\"" + doubled("\"", in: name) + "\"" }

    private func doubled(_ quote: Character, in text: String) -> String {
        var out = ""
        for character in text { out += character == quote ? "\(quote)\(quote)" : "\(character)" }
        return out
    }
}

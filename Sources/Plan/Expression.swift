/// The type of an expression's value.
public enum ExpressionType: Sendable, Equatable {
    /// A number or a truth value: a lane of `Double`; true is 1, false is 0, null is NaN.
    case number
    case bool
    /// A lane of `Text`; null is `Text.absent`.
    case text
    /// A list of texts or of numbers per event; only functions over lists take one.
    case textList
    case numberList
}

/// A checked expression: every name is resolved, every type fits. Total: evaluating one cannot fail.
///
/// A comparison with null is false, `!=` included; `not null` is false; arithmetic with null is null; so is x / 0.
public indirect enum Expression: Sendable, Equatable {
    case number(Double)
    case bool(Bool)
    case text(String)
    /// The schema field of that index.
    case field(Int, ExpressionType)
    /// The feature of that index (an earlier one; the checker has ordered them).
    case feature(Int, ExpressionType)
    /// The aggregate of that index in `Plan.aggregates`; a number.
    case aggregate(Int)
    case unary(UnaryOperator, Expression)
    case binary(BinaryOperator, Expression, Expression)
    /// `x in ["a", "b"]`, `x not in @list` (lists are replaced by their content).
    case isIn(Expression, texts: [String])
    case isInNumbers(Expression, numbers: [Double])
    case call(Function, [Expression])

    public enum UnaryOperator: Sendable, Equatable { case negate, not }

    public enum BinaryOperator: Sendable, Equatable {
        case add, subtract, multiply, divide, remainder
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
        case and, or
    }

    /// Functions of one event.
    public enum Function: String, Sendable, CaseIterable {
        /// The first argument that is not null (numbers or texts, two or more).
        case coalesce
        /// `if(condition, then, else)`
        case `if`
        case abs, log, sqrt, floor, round, min, max
        /// `is_null(x)`
        case isNull = "is_null"
        /// Of the event's time or of a time field, in UTC: 0…23; Monday = 1 … Sunday = 7.
        case hour
        case dayOfWeek = "day_of_week"
        /// `starts_with(text, "literal")`, `contains(text, "literal")`: on the original bytes of a text field.
        case startsWith = "starts_with"
        case contains
        /// `length(list)`: number of elements, 0 when absent.
        case length
        /// `has(list, "x")`, `share(list, "x")`: whether, and which share of, the elements equal x.
        case has
        case share
        /// `category(x, "a", "b")`: the place of a text, or number, in the list, from 0; null for what is not in it. As
        /// a feature without a list it takes that of the model (``PipelinePlan/name(category:_:)``).
        case category
    }

    public var type: ExpressionType {
        switch self {
        case .number, .aggregate: .number
        case .bool, .isIn, .isInNumbers: .bool
        case .text: .text
        case .field(_, let type), .feature(_, let type): type
        case .unary(let op, _): op == .not ? .bool : .number
        case .binary(let op, _, _):
            switch op {
            case .add, .subtract, .multiply, .divide, .remainder: .number
            default: .bool
            }
        case .call(let function, let arguments):
            switch function {
            case .coalesce: arguments.allSatisfy { $0.type == arguments[0].type } ? arguments[0].type : .number
            case .if: arguments[1].type
            case .isNull, .startsWith, .contains, .has: .bool
            default: .number
            }
        }
    }
}

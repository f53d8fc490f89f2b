/// An expression as written: names not yet resolved, types not yet known.
indirect enum Syntax: Equatable {
    case number(Double, Int)
    case text(String, Int)
    case bool(Bool, Int)
    case duration(Int64, Int)
    case name(String, Int)
    case unary(Expression.UnaryOperator, Syntax, Int)
    case binary(Expression.BinaryOperator, Syntax, Syntax, Int)
    case isNull(Syntax, isNot: Bool, Int)
    case isIn(Syntax, [Syntax], isNot: Bool, Int)
    case isInList(Syntax, String, isNot: Bool, Int)
    case call(String, [Syntax], delay: Int64, excludesCurrent: Bool, Int)

    var column: Int {
        switch self {
        case .number(_, let column), .text(_, let column), .bool(_, let column), .duration(_, let column),
            .name(_, let column), .unary(_, _, let column), .binary(_, _, _, let column),
            .isNull(_, _, let column), .isIn(_, _, _, let column), .isInList(_, _, _, let column),
            .call(_, _, _, _, let column):
            column
        }
    }
}

/// Reads one expression.
///
///     expression = or; or = and {"or" and}; and = not {"and" not}; not = "not" not | comparison
///     comparison = sum [("==" | "!=" | "<" | "<=" | ">" | ">=") sum | ["not"] "in" (list | @name) | "is" ["not"]
///     "null"] sum = product {("+" | "-") product}; product = factor {("*" | "/" | "%") factor}
///     factor = "-" factor | number | duration | text | "true" | "false" | name | call | "(" expression ")"
///     call = name "(" [expression {"," expression}] ["delay" duration] ")" ["excluding" "current"]
struct SyntaxParser {
    private let tokens: [Token]
    private var position = 0
    private var depth = 0

    /// Deeper nesting is refused, so that no input exhausts the stack.
    static let depthLimit = 64

    init(_ source: String) throws(ExpressionError) {
        tokens = try Plan.tokens(of: source)
    }

    mutating func parse() throws(ExpressionError) -> Syntax {
        let syntax = try or()
        guard next.kind == .end else { throw ExpressionError(next.column, "unexpected \(describe(next))") }
        return syntax
    }

    private var next: Token { tokens[position] }

    private mutating func take() -> Token {
        defer { if position < tokens.count - 1 { position += 1 } }
        return tokens[position]
    }

    private mutating func takeSymbol(_ symbol: String) -> Bool {
        guard next.kind == .symbol(symbol) else { return false }
        _ = take()
        return true
    }

    private mutating func takeWord(_ word: String) -> Bool {
        guard next.kind == .name(word) else { return false }
        _ = take()
        return true
    }

    private mutating func expect(_ symbol: String) throws(ExpressionError) {
        guard takeSymbol(symbol) else {
            throw ExpressionError(next.column, "\"\(symbol)\" is missing before \(describe(next))")
        }
    }

    private func describe(_ token: Token) -> String {
        switch token.kind {
        case .name(let name): "\"\(name)\""
        case .number(let value): "\"\(value)\""
        case .duration: "a duration"
        case .text(let text): "the text \"\(text)\""
        case .listName(let name): "\"@\(name)\""
        case .symbol(let symbol): "\"\(symbol)\""
        case .end: "the end"
        }
    }

    private mutating func or() throws(ExpressionError) -> Syntax {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw ExpressionError(next.column, "the expression is nested too deep") }
        var left = try and()
        while next.kind == .name("or") {
            let column = take().column
            left = .binary(.or, left, try and(), column)
        }
        return left
    }

    private mutating func and() throws(ExpressionError) -> Syntax {
        var left = try not()
        while next.kind == .name("and") {
            let column = take().column
            left = .binary(.and, left, try not(), column)
        }
        return left
    }

    private mutating func not() throws(ExpressionError) -> Syntax {
        guard next.kind == .name("not") else { return try comparison() }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw ExpressionError(next.column, "the expression is nested too deep") }
        let column = take().column
        return .unary(.not, try not(), column)
    }

    private mutating func comparison() throws(ExpressionError) -> Syntax {
        let left = try sum()
        let column = next.column
        let operators: [String: Expression.BinaryOperator] = [
            "==": .equal, "!=": .notEqual, "<": .less, "<=": .lessOrEqual, ">": .greater, ">=": .greaterOrEqual,
        ]
        if case .symbol(let symbol) = next.kind, let op = operators[symbol] {
            _ = take()
            return .binary(op, left, try sum(), column)
        }
        if takeWord("is") {
            let isNot = takeWord("not")
            guard takeWord("null") else { throw ExpressionError(next.column, "\"null\" is missing after \"is\"") }
            return .isNull(left, isNot: isNot, column)
        }
        var isNot = false
        if next.kind == .name("not"), position + 1 < tokens.count, tokens[position + 1].kind == .name("in") {
            _ = take()
            isNot = true
        }
        guard takeWord("in") else { return left }
        if case .listName(let name) = next.kind {
            let listColumn = take().column
            return .isInList(left, name, isNot: isNot, listColumn)
        }
        try expect("[")
        var values: [Syntax] = []
        repeat { values.append(try sum()) } while takeSymbol(",")
        try expect("]")
        return .isIn(left, values, isNot: isNot, column)
    }

    private mutating func sum() throws(ExpressionError) -> Syntax {
        var left = try product()
        while case .symbol(let symbol) = next.kind, symbol == "+" || symbol == "-" {
            let column = take().column
            left = .binary(symbol == "+" ? .add : .subtract, left, try product(), column)
        }
        return left
    }

    private mutating func product() throws(ExpressionError) -> Syntax {
        let operators: [String: Expression.BinaryOperator] = ["*": .multiply, "/": .divide, "%": .remainder]
        var left = try factor()
        while case .symbol(let symbol) = next.kind, let op = operators[symbol] {
            let column = take().column
            left = .binary(op, left, try factor(), column)
        }
        return left
    }

    private mutating func factor() throws(ExpressionError) -> Syntax {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw ExpressionError(next.column, "the expression is nested too deep") }
        let token = take()
        switch token.kind {
        case .number(let value): return .number(value, token.column)
        case .duration(let value): return .duration(value, token.column)
        case .text(let text): return .text(text, token.column)
        case .symbol("-"): return .unary(.negate, try factor(), token.column)
        case .symbol("("):
            let inner = try or()
            try expect(")")
            return inner
        case .name("true"): return .bool(true, token.column)
        case .name("false"): return .bool(false, token.column)
        case .name(let name):
            guard takeSymbol("(") else { return .name(name, token.column) }
            return try call(name, token.column)
        default:
            throw ExpressionError(token.column, "a value is missing before \(describe(token))")
        }
    }

    private mutating func call(_ name: String, _ column: Int) throws(ExpressionError) -> Syntax {
        var arguments: [Syntax] = []
        var delay: Int64 = 0
        if !takeSymbol(")") {
            repeat { arguments.append(try or()) } while takeSymbol(",")
            if takeWord("delay") {
                guard case .duration(let value) = next.kind else {
                    throw ExpressionError(next.column, "a duration is missing after \"delay\"")
                }
                _ = take()
                delay = value
            }
            try expect(")")
        }
        var excludesCurrent = false
        if takeWord("excluding") {
            guard takeWord("current") else {
                throw ExpressionError(next.column, "\"current\" is missing after \"excluding\"")
            }
            excludesCurrent = true
        }
        return .call(name, arguments, delay: delay, excludesCurrent: excludesCurrent, column)
    }
}

import Base

extension Checker {
    /// A function of one event, or an aggregate over a window: the first argument of an aggregate names an entity.
    mutating func call(
        _ name: String,
        _ arguments: [Syntax],
        delay: Int64,
        excludesCurrent: Bool,
        _ column: Int
    ) throws(ExpressionError) -> Expression {
        let isWindowed = arguments.first.map(namesWindow) ?? false
        if isWindowed || Expression.Function(rawValue: name) == nil, let function = Aggregate.Function(rawValue: name) {
            return try aggregate(
                function,
                arguments,
                delay: delay,
                excludesCurrent: excludesCurrent,
                column
            )
        }
        guard let function = Expression.Function(rawValue: name) else {
            let known =
                Expression.Function.allCases.map(\.rawValue) + Aggregate.Function.allCases.map(\.rawValue)
                + ["session", "tumbling"]
            throw ExpressionError(
                column,
                "there is no function \"\(name)\"",
                suggestion: closestName(to: name, among: known)
            )
        }
        guard delay == 0, !excludesCurrent else {
            throw ExpressionError(column, "\(name)(…) has no window: \"delay\" and \"excluding current\" do not fit")
        }
        return try plain(function, arguments, column)
    }

    private func namesWindow(_ syntax: Syntax) -> Bool {
        switch syntax {
        case .name(let name, _): entityNames.contains(name) && schema.index(of: name) == nil
        case .call(let name, _, _, _, _): name == "session" || name == "tumbling"
        default: false
        }
    }

    /// A function of one event.
    private mutating func plain(
        _ function: Expression.Function,
        _ arguments: [Syntax],
        _ column: Int
    ) throws(ExpressionError) -> Expression {
        try checkCount(of: arguments, for: function, column)
        switch function {
        case .coalesce: return try coalesce(arguments)
        case .min, .max:
            var checked: [Expression] = []
            for argument in arguments { checked.append(try number(argument)) }
            return .call(function, checked)
        case .if:
            let test = try condition(arguments[0])
            let then = try check(arguments[1])
            let other = then.type == .text ? try text(arguments[2]) : try number(arguments[2])
            guard then.type == other.type else {
                throw ExpressionError(arguments[2].column, "both values of if(…) must be of one type")
            }
            return .call(function, [test, then, other])
        case .abs, .log, .sqrt, .floor, .round, .hour, .dayOfWeek: return .call(function, [try number(arguments[0])])
        case .isNull: return .call(function, [try check(arguments[0])])
        case .startsWith, .contains: return try search(function, arguments)
        case .category: return try category(arguments, column)
        case .length, .has, .share: return try ofList(function, arguments)
        }
    }

    private func checkCount(
        of arguments: [Syntax],
        for function: Expression.Function,
        _ column: Int
    ) throws(ExpressionError) {
        let count: ClosedRange<Int>
        switch function {
        case .coalesce, .min, .max: count = 2...32
        case .if: count = 3...3
        case .abs, .log, .sqrt, .floor, .round, .hour, .dayOfWeek, .isNull, .length: count = 1...1
        case .startsWith, .contains, .has, .share: count = 2...2
        // It says itself how it is written.
        case .category: return
        }
        guard count.contains(arguments.count) else {
            let wanted = count.lowerBound == count.upperBound ? "\(count.lowerBound)" : "at least \(count.lowerBound)"
            throw ExpressionError(column, "\(function.rawValue)(…) takes \(wanted) arguments, not \(arguments.count)")
        }
    }

    private mutating func coalesce(_ arguments: [Syntax]) throws(ExpressionError) -> Expression {
        let first = try check(arguments[0])
        var checked = [first]
        for argument in arguments.dropFirst() {
            checked.append(first.type == .text ? try text(argument) : try number(argument))
        }
        guard first.type == .text || first.type == .number || first.type == .bool else {
            throw ExpressionError(arguments[0].column, "coalesce(…) takes texts or numbers, not a list")
        }
        return .call(.coalesce, checked)
    }

    /// `starts_with(field, "text")` or `contains(field, "text")`.
    private mutating func search(
        _ function: Expression.Function,
        _ arguments: [Syntax]
    ) throws(ExpressionError) -> Expression {
        let subject = try text(arguments[0])
        guard case .field = subject else {
            throw ExpressionError(arguments[0].column, "\(function.rawValue)(…) looks into a text field")
        }
        guard case .text(let literal, _) = arguments[1] else {
            throw ExpressionError(arguments[1].column, "the second argument must be a text, written out")
        }
        return .call(function, [subject, .text(literal)])
    }

    /// `length(list)`, `has(list, element)` or `share(list, element)`.
    private mutating func ofList(
        _ function: Expression.Function,
        _ arguments: [Syntax]
    ) throws(ExpressionError) -> Expression {
        let list = try check(arguments[0])
        guard list.type == .textList || list.type == .numberList else {
            throw ExpressionError(
                arguments[0].column,
                "\(function.rawValue)(…) takes a list field, such as one with the path items[].name"
            )
        }
        guard function != .length else { return .call(function, [list]) }
        switch (arguments[1], list.type) {
        case (.text(let literal, _), .textList): return .call(function, [list, .text(literal)])
        case (.number(let literal, _), .numberList): return .call(function, [list, .number(literal)])
        default:
            throw ExpressionError(arguments[1].column, "the second argument must be an element, written out")
        }
    }

    /// `category(x)` or `category(x, "a", "b")`.
    private mutating func category(_ arguments: [Syntax], _ column: Int) throws(ExpressionError) -> Expression {
        let isOpen = admitsOpenCategory
        admitsOpenCategory = false
        guard let first = arguments.first else {
            throw ExpressionError(column, "category(…) takes a text or number, as in category(country, \"DE\", \"FR\")")
        }
        let subject = try check(first)
        let isText = subject.type == .text
        guard isText || subject.type == .number || subject.type == .bool else {
            throw ExpressionError(first.column, "category(…) takes a text or a number, this is a list")
        }
        guard arguments.count > 1 || isOpen else {
            throw ExpressionError(
                column,
                "category(x) without a list is a feature by itself, for the model that takes it knows the names; "
                    + "elsewhere write them: category(x, \"a\", \"b\")"
            )
        }
        var names: [Expression] = []
        for argument in arguments.dropFirst() {
            let name: Expression
            switch (argument, isText) {
            case (.text(let text, _), true): name = .text(text)
            case (.number(let number, _), false): name = .number(number)
            case (.unary(.negate, .number(let number, _), _), false): name = .number(-number)
            default:
                throw ExpressionError(
                    argument.column,
                    "the categories of a \(self.name(of: subject.type)) are \(isText ? "texts" : "numbers"), written out"
                )
            }
            guard !names.contains(name) else { throw ExpressionError(argument.column, "a category is listed twice") }
            names.append(name)
        }
        return .call(.category, [subject] + names)
    }

    private mutating func aggregate(
        _ function: Aggregate.Function,
        _ arguments: [Syntax],
        delay: Int64,
        excludesCurrent: Bool,
        _ column: Int
    ) throws(ExpressionError) -> Expression {
        var rest = arguments[...]
        var window = try window(&rest, function, column)
        window.delay = delay
        guard delay == 0 || isSliding(window) else {
            throw ExpressionError(column, "\"delay\" shifts a sliding window only, as in count(actor, 7d delay 7d)")
        }
        labelDelay = window.delay
        defer { labelDelay = nil }
        let argument = try argument(of: function, rest, column)
        let found = Aggregate(
            window: window,
            function: function == .avg ? .mean : function,
            argument: argument,
            excludesCurrent: excludesCurrent
        )
        if let known = aggregates.firstIndex(of: found) { return .aggregate(known) }
        aggregates.append(found)
        return .aggregate(aggregates.count - 1)
    }

    /// What stands behind the window: a value or condition of the window's events, as the function wants it.
    mutating func argument(
        of function: Aggregate.Function,
        _ arguments: ArraySlice<Syntax>,
        _ column: Int
    ) throws(ExpressionError) -> Expression? {
        var rest = arguments
        var argument: Expression?
        switch function {
        case .count:
            if let condition = rest.popFirst() { argument = try self.condition(condition) }
        case .sincePrevious:
            break
        case .share:
            guard let condition = rest.popFirst() else {
                throw ExpressionError(column, "share(…) needs a condition after the window")
            }
            argument = try self.condition(condition)
        default:
            guard let value = rest.popFirst() else {
                throw ExpressionError(column, "\(function.rawValue)(…) needs a value after the window")
            }
            argument = function == .distinct ? try check(value) : try number(value)
            if argument?.type == .textList || argument?.type == .numberList {
                throw ExpressionError(value.column, "\(function.rawValue)(…) takes one value an event, this is a list")
            }
        }
        if let extra = rest.first {
            throw ExpressionError(extra.column, "\(function.rawValue)(…) has an argument too many")
        }
        if let argument, mentionsComputed(argument) {
            throw ExpressionError(
                column,
                "a window is over the fields of events; features and other windows cannot stand inside \(function.rawValue)(…)"
            )
        }
        return argument
    }

    /// Takes the window off the front of the arguments: `actor, 5m` or `session(actor, 5m)` or `tumbling(actor, 1h)`.
    private func window(
        _ arguments: inout ArraySlice<Syntax>,
        _ function: Aggregate.Function,
        _ column: Int
    ) throws(ExpressionError) -> Window {
        guard let first = arguments.popFirst() else {
            throw ExpressionError(
                column,
                "\(function.rawValue)(…) needs a window, as in \(function.rawValue)(actor, 5m)"
            )
        }
        switch first {
        case .name(let name, let nameColumn):
            let entity = try entity(name, nameColumn)
            guard let size = arguments.popFirst(), case .duration(let length, let sizeColumn) = size else {
                throw ExpressionError(nameColumn, "a window needs a length after \"\(name)\", such as 5m or 30d")
            }
            try positive(length, sizeColumn)
            return Window(entity: entity, kind: .sliding(size: length))
        case .call(let kind, let parts, _, _, let kindColumn) where kind == "session" || kind == "tumbling":
            guard parts.count == 2, case .name(let name, let nameColumn) = parts[0],
                case .duration(let length, let sizeColumn) = parts[1]
            else { throw ExpressionError(kindColumn, "write \(kind)(entity, duration), as in \(kind)(actor, 5m)") }
            try positive(length, sizeColumn)
            let entity = try entity(name, nameColumn)
            return Window(entity: entity, kind: kind == "session" ? .session(gap: length) : .tumbling(size: length))
        default:
            throw ExpressionError(first.column, "a window starts with an entity, as in \(function.rawValue)(actor, 5m)")
        }
    }

    private func entity(_ name: String, _ column: Int) throws(ExpressionError) -> Int {
        guard let index = entityNames.firstIndex(of: name) else {
            let suggestion = closestName(to: name, among: entityNames)
            let known = suggestion == nil ? "; the entities are \(entityNames.joined(separator: ", "))" : ""
            throw ExpressionError(column, "there is no entity \"\(name)\"" + known, suggestion: suggestion)
        }
        return index
    }

    private func positive(_ length: Int64, _ column: Int) throws(ExpressionError) {
        guard length > 0 else { throw ExpressionError(column, "a window must be longer than 0 s, such as 5m or 30d") }
    }

    private func isSliding(_ window: Window) -> Bool {
        if case .sliding = window.kind { true } else { false }
    }

    func mentionsComputed(_ expression: Expression) -> Bool {
        expression.parts.contains { part in
            switch part {
            case .aggregate, .feature: true
            default: false
            }
        }
    }
}

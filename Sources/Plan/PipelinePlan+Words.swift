/// Checked expressions as a person reads them, in the notation of pipeline files.
extension PipelinePlan {
    /// The expression with the names of this plan's fields, features and entities; lists are written out.
    public func words(_ expression: Expression) -> String { words(expression, inside: 0) }

    /// What raises a detector's alerts.
    public func words(_ detector: Detector) -> String {
        switch detector.kind {
        case .rule(let condition, _): words(condition)
        case .model(let name, let threshold, let features):
            "model \(name) from \(threshold) on" + (features.map { ", of " + $0.joined(separator: ", ") } ?? "")
        }
    }

    private func words(_ expression: Expression, inside level: Int) -> String {
        switch expression {
        case .number(let number): Self.words(number)
        case .bool(let isTrue): isTrue ? "true" : "false"
        case .text(let text): Self.words(text)
        case .field(let index, _): schema.fields[index].name
        case .feature(let index, _): features[index].name
        case .aggregate(let index): words(aggregates[index])
        case .unary(.negate, let operand): "-" + words(operand, inside: 7)
        case .unary(.not, let operand): "not " + words(operand, inside: 7)
        case .binary(let op, let left, let right): words(op, left, right, inside: level)
        case .isIn(let operand, let texts):
            words(operand, inside: 7) + " in [" + texts.map(Self.words).joined(separator: ", ") + "]"
        case .isInNumbers(let operand, let numbers):
            words(operand, inside: 7) + " in [" + numbers.map(Self.words).joined(separator: ", ") + "]"
        case .call(let function, let arguments):
            function.rawValue + "(" + arguments.map { words($0) }.joined(separator: ", ") + ")"
        }
    }

    private func words(
        _ op: Expression.BinaryOperator,
        _ left: Expression,
        _ right: Expression,
        inside level: Int
    ) -> String {
        let (sign, own) = op.spelling
        // Operators of one level go from left to right.
        let text = words(left, inside: own) + " \(sign) " + words(right, inside: own + 1)
        return own < level ? "(" + text + ")" : text
    }

    private func words(_ aggregate: Aggregate) -> String {
        var parts = [words(aggregate.window)]
        if let argument = aggregate.argument { parts.append(words(argument)) }
        let shift = aggregate.excludesCurrent ? ", without the event itself" : ""
        return aggregate.function.rawValue + "(" + parts.joined(separator: ", ") + shift + ")"
    }

    private func words(_ window: Window) -> String {
        let entity = entities[window.entity].name
        let delay = window.delay > 0 ? ", delayed by \(Self.duration(window.delay))" : ""
        return switch window.kind {
        case .sliding(let size): "\(entity), \(Self.duration(size))\(delay)"
        case .session(let gap): "session(\(entity), \(Self.duration(gap)))\(delay)"
        case .tumbling(let size): "tumbling(\(entity), \(Self.duration(size)))\(delay)"
        }
    }

    private static func words(_ number: Double) -> String {
        number.rounded() == number && number.magnitude < 1e15 ? String(Int64(number)) : "\(number)"
    }

    private static func words(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static func duration(_ microseconds: Int64) -> String {
        for (unit, size) in [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)]
            as [(
                String, Int64
            )] where microseconds >= size && microseconds % size == 0
        {
            return "\(microseconds / size)\(unit)"
        }
        return "\(microseconds / 1000)ms"
    }
}

extension Expression.BinaryOperator {
    /// The sign, and how strongly it binds.
    var spelling: (sign: String, level: Int) {
        switch self {
        case .or: ("or", 1)
        case .and: ("and", 2)
        case .equal: ("==", 3)
        case .notEqual: ("!=", 3)
        case .less: ("<", 3)
        case .lessOrEqual: ("<=", 3)
        case .greater: (">", 3)
        case .greaterOrEqual: (">=", 3)
        case .add: ("+", 4)
        case .subtract: ("-", 4)
        case .multiply: ("*", 5)
        case .divide: ("/", 5)
        case .remainder: ("%", 5)
        }
    }
}

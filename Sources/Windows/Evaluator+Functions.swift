import Base
import Plan

extension Evaluator {
    /// Writes the values of a function of one event that yields numbers.
    func call(_ function: Expression.Function, _ arguments: [Expression], into out: UnsafeMutablePointer<Double>) {
        switch function {
        case .coalesce: fold(arguments, into: out) { $0.isNaN ? $1 : $0 }
        case .min: fold(arguments, into: out) { $1 < $0 || $0.isNaN ? $1 : $0 }
        case .max: fold(arguments, into: out) { $1 > $0 || $0.isNaN ? $1 : $0 }
        case .if: choose(arguments, into: out)
        case .abs: map(arguments[0], into: out) { $0.magnitude }
        case .sqrt: map(arguments[0], into: out) { $0 < 0 ? .nan : $0.squareRoot() }
        case .floor: map(arguments[0], into: out) { $0.rounded(.down) }
        case .round: map(arguments[0], into: out) { $0.rounded(.toNearestOrAwayFromZero) }
        case .log: map(arguments[0], into: out) { $0 > 0 ? naturalLogarithm($0) : .nan }
        case .hour: map(arguments[0], into: out) { ($0 / 3600).rounded(.down) - ($0 / 86_400).rounded(.down) * 24 }
        case .dayOfWeek:
            // 1970-01-01 was a Thursday, the fourth day.
            map(arguments[0], into: out) {
                let days = ($0 / 86_400).rounded(.down) + 3
                return days - (days / 7).rounded(.down) * 7 + 1
            }
        case .isNull: isNull(arguments[0], into: out)
        case .startsWith, .contains: search(function, arguments, into: out)
        case .length, .has, .share: overList(function, arguments, into: out)
        case .category: place(arguments[0], arguments.dropFirst(), into: out)
        }
    }

    /// `if(condition, then, else)`
    private func choose(_ arguments: [Expression], into out: UnsafeMutablePointer<Double>) {
        let condition = lanes.pushNumbers()
        let other = lanes.pushNumbers()
        numbers(arguments[0], into: condition)
        numbers(arguments[1], into: out)
        numbers(arguments[2], into: other)
        for row in 0..<count where condition[row] != 1 { out[row] = other[row] }
        lanes.dropNumbers()
        lanes.dropNumbers()
    }

    /// The place in a list of literals, by a table that is made once a batch.
    private func place(
        _ argument: Expression,
        _ names: ArraySlice<Expression>,
        into out: UnsafeMutablePointer<Double>
    ) {
        guard argument.type == .text else {
            var places: [Double: Double] = [:]
            for case (let place, .number(let name)) in names.enumerated() where places[name] == nil {
                places[name] = Double(place)
            }
            map(argument, into: out) { places[$0] ?? .nan }
            return
        }
        var places: [Text: Double] = [:]
        for case (let place, .text(let name)) in names.enumerated() where places[Text(name)] == nil {
            places[Text(name)] = Double(place)
        }
        let lane = lanes.pushTexts()
        texts(argument, into: lane)
        for row in 0..<count { out[row] = places[lane[row]] ?? .nan }
        lanes.dropTexts()
    }

    @inline(__always)
    private func map(
        _ argument: Expression,
        into out: UnsafeMutablePointer<Double>,
        _ body: (Double) -> Double
    ) {
        numbers(argument, into: out)
        for row in 0..<count { out[row] = body(out[row]) }
    }

    /// The arguments' values, the first with the second, the result with the third and so on.
    @inline(__always)
    private func fold(
        _ arguments: [Expression],
        into out: UnsafeMutablePointer<Double>,
        _ body: (Double, Double) -> Double
    ) {
        numbers(arguments[0], into: out)
        let other = lanes.pushNumbers()
        for argument in arguments.dropFirst() {
            numbers(argument, into: other)
            for row in 0..<count { out[row] = body(out[row], other[row]) }
        }
        lanes.dropNumbers()
    }

    private func isNull(_ argument: Expression, into out: UnsafeMutablePointer<Double>) {
        switch argument.type {
        case .text:
            let lane = lanes.pushTexts()
            texts(argument, into: lane)
            for row in 0..<count { out[row] = lane[row].isAbsent ? 1 : 0 }
            lanes.dropTexts()
        case .number, .bool:
            numbers(argument, into: out)
            for row in 0..<count { out[row] = out[row].isNaN ? 1 : 0 }
        case .textList, .numberList:
            overList(.length, [argument], into: out)
            for row in 0..<count { out[row] = out[row] == 0 ? 1 : 0 }
        }
    }

    /// Looks for a literal in the bytes of a text field.
    private func search(
        _ function: Expression.Function,
        _ arguments: [Expression],
        into out: UnsafeMutablePointer<Double>
    ) {
        guard case .field(let field, _) = arguments[0], case .text(let literal) = arguments[1],
            let column = batch.columns[field].spans, let known = batch.columns[field].texts
        else { preconditionFailure("The checker admits a text field and a literal only.") }
        let wanted = Array(literal.utf8)
        for row in 0..<count {
            let source = Int(rows[row])
            guard !known[source].isAbsent else {
                out[row] = 0
                continue
            }
            let span = column[source]
            let text = UnsafeRawBufferPointer(batch.payload[Int(span.start)..<Int(span.start + span.count)])
            out[row] = function == .startsWith ? (starts(text, wanted) ? 1 : 0) : (find(text, wanted) ? 1 : 0)
        }
    }

    /// The length of a list, or whether and how often a literal is in it.
    private func overList(
        _ function: Expression.Function,
        _ arguments: [Expression],
        into out: UnsafeMutablePointer<Double>
    ) {
        guard case .field(let field, _) = arguments[0], let list = batch.columns[field].list else {
            preconditionFailure("The checker admits a list field only.")
        }
        for row in 0..<count {
            let source = Int(rows[row])
            let start = source == 0 ? 0 : Int(list.ends[source - 1])
            let end = Int(list.ends[source])
            if function == .length {
                out[row] = Double(end - start)
                continue
            }
            var hits = 0
            switch arguments[1] {
            case .text(let literal):
                let wanted = Text(literal)
                for index in start..<end where list.texts[index] == wanted { hits += 1 }
            case .number(let wanted):
                for index in start..<end where list.numbers[index] == wanted { hits += 1 }
            default: preconditionFailure("The checker admits a literal only.")
            }
            if function == .has {
                out[row] = hits > 0 ? 1 : 0
            } else {
                out[row] = start == end ? .nan : Double(hits) / Double(end - start)
            }
        }
    }
}

private func starts(_ text: UnsafeRawBufferPointer, _ prefix: [UInt8]) -> Bool {
    guard text.count >= prefix.count else { return false }
    for index in prefix.indices where text[index] != prefix[index] { return false }
    return true
}

private func find(_ text: UnsafeRawBufferPointer, _ wanted: [UInt8]) -> Bool {
    guard text.count >= wanted.count else { return false }
    for start in 0...(text.count - wanted.count)
    where starts(UnsafeRawBufferPointer(rebasing: text[start...]), wanted) { return true }
    return false
}

extension PartHasher {
    /// What an expression computes: by the hashes of its operands, so that it is the same whether a part of it has a
    /// name (is a feature) or not.
    mutating func hash(of expression: Expression) -> String {
        switch expression {
        case .number(let number): CanonicalText("number") { $0.number(number) }.hash
        case .bool(let isTrue): CanonicalText("bool") { $0.truth(isTrue) }.hash
        case .text(let text): CanonicalText("text") { $0.text(text) }.hash
        case .field(let index, _): field(index)
        case .feature(let index, _): feature(index)
        case .aggregate(let index): aggregate(index)
        case .unary(let op, let operand): node("unary", op.sign, [operand])
        case .binary(let op, let left, let right): node("binary", op.spelling.sign, [left, right])
        case .isIn(let operand, let texts): node("in", "texts", [operand]) { $0.set(texts) }
        case .isInNumbers(let operand, let numbers):
            node("in", "numbers", [operand]) { text in for number in Set(numbers).sorted() { text.number(number) } }
        case .call(let function, let arguments): node("call", function.rawValue, arguments)
        }
    }

    private mutating func node(
        _ kind: StaticString,
        _ word: String,
        _ operands: [Expression],
        _ rest: (inout CanonicalText) -> Void = { _ in }
    ) -> String {
        let operands = operands.map { hash(of: $0) }
        return CanonicalText(kind) { text in
            text.word(word)
            for operand in operands { text.word(operand) }
            rest(&text)
        }.hash
    }
}

extension Expression.UnaryOperator {
    fileprivate var sign: String {
        switch self {
        case .negate: "-"
        case .not: "not"
        }
    }
}

/// A word of the expression language and where it starts, in characters from the expression's start.
struct Token: Equatable {
    enum Kind: Equatable {
        case name(String)
        case number(Double)
        /// Microseconds.
        case duration(Int64)
        case text(String)
        /// `@trusted`
        case listName(String)
        case symbol(String)
        case end
    }

    var kind: Kind
    var column: Int
}

/// Why an expression cannot be read: where in it, what is wrong, what was probably meant.
struct ExpressionError: Error, Equatable {
    var column: Int
    var message: String
    var suggestion: String?

    init(_ column: Int, _ message: String, suggestion: String? = nil) {
        self.column = column
        self.message = message
        self.suggestion = suggestion
    }
}

/// Cuts an expression into tokens. Radar's `:field:` and `$field` are spellings of `field`; `&&`, `||`, `!`, `<>`, `=`
/// those of `and`, `or`, `not`, `!=`, `==`.
func tokens(of source: String) throws(ExpressionError) -> [Token] {
    var cutter = TokenCutter(characters: Array(source.unicodeScalars))
    var found: [Token] = []
    while let token = try cutter.next() { found.append(token) }
    found.append(Token(kind: .end, column: cutter.characters.count))
    return found
}

/// An expression's characters, and how far they have been read.
private struct TokenCutter {
    let characters: [Unicode.Scalar]
    private var position = 0

    init(characters: [Unicode.Scalar]) {
        self.characters = characters
    }

    /// The token that comes next; nil at the end.
    mutating func next() throws(ExpressionError) -> Token? {
        skipSpace()
        guard position < characters.count else { return nil }
        let start = position
        let scalar = characters[position]
        let kind: Token.Kind
        if isDigit(scalar) {
            kind = try number()
        } else if isNamePart(scalar) {
            kind = .name(name())
        } else if scalar == "\"" || scalar == "'" {
            kind = try text(quotedBy: scalar)
        } else if scalar == "@" || scalar == "$" || scalar == ":" {
            kind = try markedName(scalar)
        } else {
            kind = try symbol(scalar)
        }
        return Token(kind: kind, column: start)
    }

    /// Skips white space, and comments: from `#` to the end of the line.
    private mutating func skipSpace() {
        while position < characters.count {
            switch characters[position] {
            case " ", "\t", "\n", "\r": position += 1
            case "#": while position < characters.count, characters[position] != "\n" { position += 1 }
            default: return
            }
        }
    }

    private func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || (scalar.isASCII && (scalar.properties.isAlphabetic || isDigit(scalar)))
    }

    private func text(from start: Int) -> String { String(String.UnicodeScalarView(characters[start..<position])) }

    private mutating func name() -> String {
        let start = position
        while position < characters.count, isNamePart(characters[position]) { position += 1 }
        return text(from: start)
    }

    /// Whether the character here is part of a number: a point is one only in front of a digit.
    private var isAtNumberPart: Bool {
        let scalar = characters[position]
        if isDigit(scalar) || scalar == "_" { return true }
        return scalar == "." && position + 1 < characters.count && isDigit(characters[position + 1])
    }

    /// A number, or a duration if a unit of time follows it at once.
    private mutating func number() throws(ExpressionError) -> Token.Kind {
        let start = position
        while position < characters.count, isAtNumberPart { position += 1 }
        let digits = text(from: start).filter { $0 != "_" }
        guard let value = Double(digits), value.isFinite else {
            throw ExpressionError(start, "\"\(digits)\" is not a number")
        }
        let unit = name()
        guard !unit.isEmpty else { return .number(value) }
        guard let scale = microseconds(ofUnit: unit) else {
            throw ExpressionError(start, "unknown unit of time \"\(unit)\": use ms, s, m, h, d or w")
        }
        guard value * scale < 9e17 else { throw ExpressionError(start, "the duration is too long") }
        return .duration(Int64(value * scale))
    }

    /// A text between quotes of one kind; a backslash takes the next character as it is.
    private mutating func text(quotedBy quote: Unicode.Scalar) throws(ExpressionError) -> Token.Kind {
        let start = position
        position += 1
        var text = String.UnicodeScalarView()
        while position < characters.count, characters[position] != quote {
            if characters[position] == "\\", position + 1 < characters.count { position += 1 }
            text.append(characters[position])
            position += 1
        }
        guard position < characters.count else { throw ExpressionError(start, "the text has no closing quote") }
        position += 1
        return .text(String(text))
    }

    /// `@list`, `$field` or `:field:`.
    private mutating func markedName(_ mark: Unicode.Scalar) throws(ExpressionError) -> Token.Kind {
        let start = position
        position += 1
        let word = name()
        guard !word.isEmpty else { throw ExpressionError(start, "a name is missing after \"\(mark)\"") }
        if mark == ":" {
            guard position < characters.count, characters[position] == ":" else {
                throw ExpressionError(start, "\":\(word)\" lacks its closing colon")
            }
            position += 1
        }
        return mark == "@" ? .listName(word) : .name(word)
    }

    /// A symbol of two characters or one, or a word that is spelled as one.
    private mutating func symbol(_ scalar: Unicode.Scalar) throws(ExpressionError) -> Token.Kind {
        let two = String(String.UnicodeScalarView(characters[position..<min(position + 2, characters.count)]))
        let spellings = [
            "==": "==", "!=": "!=", "<>": "!=", "<=": "<=", ">=": ">=", "&&": "and", "||": "or",
        ]
        if let symbol = spellings[two] {
            position += 2
            return symbol == "and" || symbol == "or" ? .name(symbol) : .symbol(symbol)
        }
        guard "()[],+-*/%<>=!".unicodeScalars.contains(scalar) else {
            throw ExpressionError(position, "unexpected character \"\(scalar)\"")
        }
        position += 1
        return switch scalar {
        case "!": .name("not")
        case "=": .symbol("==")
        default: .symbol(String(scalar))
        }
    }
}

private func microseconds(ofUnit unit: String) -> Double? {
    switch unit {
    case "ms": 1e3
    case "s": 1e6
    case "m", "min": 60e6
    case "h": 3600e6
    case "d": 86_400e6
    case "w": 604_800e6
    default: nil
    }
}

/// The microseconds of a duration such as `30s`, or nil if the text is none.
public func duration(_ source: String) -> Int64? {
    do throws(ExpressionError) {
        let found = try tokens(of: source)
        guard found.count == 2, case .duration(let value) = found[0].kind else { return nil }
        return value
    } catch {
        return nil
    }
}

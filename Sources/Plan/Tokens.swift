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
    let characters = Array(source.unicodeScalars)
    var found: [Token] = []
    var position = 0

    func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || (scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)))
    }
    func name() -> String {
        let start = position
        while position < characters.count, isNamePart(characters[position]) { position += 1 }
        return String(String.UnicodeScalarView(characters[start..<position]))
    }

    while position < characters.count {
        let start = position
        let scalar = characters[position]
        if scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" {
            position += 1
            continue
        }
        if scalar == "#" {
            while position < characters.count, characters[position] != "\n" { position += 1 }
            continue
        }
        if ("0"..."9").contains(scalar) {
            while position < characters.count, isNumberPart(characters, position) { position += 1 }
            let digits = String(String.UnicodeScalarView(characters[start..<position])).filter { $0 != "_" }
            guard let value = Double(digits), value.isFinite else {
                throw ExpressionError(start, "\"\(digits)\" is not a number")
            }
            let unit = name()
            if unit.isEmpty {
                found.append(Token(kind: .number(value), column: start))
            } else {
                guard let scale = microseconds(ofUnit: unit) else {
                    throw ExpressionError(start, "unknown unit of time \"\(unit)\": use ms, s, m, h, d or w")
                }
                guard value * scale < 9e17 else { throw ExpressionError(start, "the duration is too long") }
                found.append(Token(kind: .duration(Int64(value * scale)), column: start))
            }
            continue
        }
        if isNamePart(scalar) {
            found.append(Token(kind: .name(name()), column: start))
            continue
        }
        if scalar == "\"" || scalar == "'" {
            position += 1
            var text = String.UnicodeScalarView()
            while position < characters.count, characters[position] != scalar {
                if characters[position] == "\\", position + 1 < characters.count { position += 1 }
                text.append(characters[position])
                position += 1
            }
            guard position < characters.count else { throw ExpressionError(start, "the text has no closing quote") }
            position += 1
            found.append(Token(kind: .text(String(text)), column: start))
            continue
        }
        if scalar == "@" || scalar == "$" || scalar == ":" {
            position += 1
            let word = name()
            guard !word.isEmpty else { throw ExpressionError(start, "a name is missing after \"\(scalar)\"") }
            if scalar == ":" {
                guard position < characters.count, characters[position] == ":" else {
                    throw ExpressionError(start, "\":\(word)\" lacks its closing colon")
                }
                position += 1
            }
            found.append(Token(kind: scalar == "@" ? .listName(word) : .name(word), column: start))
            continue
        }
        let two = String(String.UnicodeScalarView(characters[position..<min(position + 2, characters.count)]))
        let spellings = [
            "==": "==", "!=": "!=", "<>": "!=", "<=": "<=", ">=": ">=", "&&": "and", "||": "or",
        ]
        if let symbol = spellings[two] {
            position += 2
            let isWord = symbol == "and" || symbol == "or"
            found.append(Token(kind: isWord ? .name(symbol) : .symbol(symbol), column: start))
            continue
        }
        guard "()[],+-*/%<>=!".unicodeScalars.contains(scalar) else {
            throw ExpressionError(start, "unexpected character \"\(scalar)\"")
        }
        position += 1
        let kind: Token.Kind =
            switch scalar {
            case "!": .name("not")
            case "=": .symbol("==")
            default: .symbol(String(scalar))
            }
        found.append(Token(kind: kind, column: start))
    }
    found.append(Token(kind: .end, column: characters.count))
    return found
}

private func isNumberPart(_ characters: [Unicode.Scalar], _ position: Int) -> Bool {
    let scalar = characters[position]
    if ("0"..."9").contains(scalar) || scalar == "_" { return true }
    guard position + 1 < characters.count else { return false }
    return scalar == "." && ("0"..."9").contains(characters[position + 1])
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

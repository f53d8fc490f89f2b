/// Gives out names that a pipeline takes, each once.
struct NamePool {
    private var taken: Set<String>

    init(reserved: [String] = []) {
        taken = Set(reserved)
    }

    /// The name of letters, digits and `_` that is nearest to a column's: of a nested one its last parts, as few as
    /// make it different.
    mutating func field(_ path: String) -> String {
        let parts = path.split { $0 == "." || $0 == "[" || $0 == "]" }.map(String.init)
        for count in 1...max(1, parts.count) {
            let name = Self.spelled(parts.suffix(count).joined(separator: "_"))
            // "id" and "value" of an object say little without it.
            if count < parts.count, ["id", "value", "name", "type", "key", "code", "number"].contains(name) {
                continue
            }
            if !taken.contains(name) { return take(name) }
        }
        return take(Self.spelled(path))
    }

    /// The name, or the name with a number behind it.
    mutating func take(_ name: String) -> String {
        var candidate = name
        var number = 2
        while !taken.insert(candidate).inserted {
            candidate = "\(name)_\(number)"
            number += 1
        }
        return candidate
    }

    private static let letters: [Character: String] = [
        "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "ñ": "n",
    ]

    private static func spelled(_ text: String) -> String {
        var name = ""
        for character in text {
            if character == "_" || character.isASCII && (character.isLetter || character.isNumber) {
                name.append(character)
            } else if let letters = letters[Character(character.lowercased())] {
                name += letters
            } else if !name.hasSuffix("_"), !name.isEmpty {
                name.append("_")
            }
        }
        while name.hasSuffix("_") { name.removeLast() }
        guard let first = name.first else { return "field" }
        return first.isNumber ? "f" + name : name
    }
}

import Bytes
import HTTPTypes

/// Takes an object's members one by one, and collects everything that is wrong with them.
struct ObjectReader {
    private let members: [JSONValue.Member]
    private let pointer: String
    private(set) var errors: [Problem.Item] = []

    /// - Parameters:
    ///   - value: What should be an object.
    ///   - pointer: Where it is in the body.
    ///   - known: The members that it may have.
    /// - Throws: ``Problem`` if it is no object.
    init(_ value: JSONValue, at pointer: String = "", known: [String]) throws(Problem) {
        guard case .object(let members) = value else {
            throw Problem(.badRequest, errors: [.init(pointer: pointer, detail: "is not an object")])
        }
        self.members = members
        self.pointer = pointer
        for member in members where !known.contains(member.key) {
            let detail = "is not known; known are " + known.joined(separator: ", ")
            errors.append(.init(pointer: pointer + "/" + RequestBody.escaped(member.key), detail: detail))
        }
    }

    /// Whether the member is there, null included.
    func has(_ key: String) -> Bool { members.contains { $0.key == key } }

    mutating func refuse(_ key: String, _ detail: String) {
        errors.append(.init(pointer: pointer + "/" + key, detail: detail))
    }

    /// A text member of 1…`limit` characters without control characters (line ends are allowed in a text of several
    /// lines); nil if it is not there.
    mutating func text(_ key: String, limit: Int, hasLines: Bool = false, allowsNull: Bool = false) -> String? {
        guard let value = members.first(where: { $0.key == key })?.value else { return nil }
        if allowsNull, value == .null { return nil }
        guard let text = value.text else {
            refuse(key, allowsNull ? "is neither a text nor null" : "is not a text")
            return nil
        }
        guard !text.isEmpty else {
            refuse(key, "is empty")
            return nil
        }
        guard text.unicodeScalars.count <= limit else {
            refuse(key, "has more than \(limit) characters")
            return nil
        }
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            !Text.isControl(scalar) || hasLines && (scalar == "\n" || scalar == "\t" || scalar == "\r")
        }
        guard isPlain else {
            refuse(key, "has control characters")
            return nil
        }
        return text
    }

    /// A text member that is one of a few words; nil if it is not there.
    mutating func choice(_ key: String, among words: [String]) -> String? {
        guard let value = members.first(where: { $0.key == key })?.value else { return nil }
        guard let text = value.text, words.contains(text) else {
            refuse(key, "is not one of " + words.joined(separator: ", "))
            return nil
        }
        return text
    }

    /// A whole number in a range; nil if it is not there.
    mutating func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = members.first(where: { $0.key == key })?.value else { return nil }
        guard let number = value.number, let whole = Int(exactly: number), range.contains(whole) else {
            refuse(key, "is not a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return whole
    }

    /// Ends the reading.
    func finish() throws(Problem) {
        guard errors.isEmpty else { throw Problem(.badRequest, errors: errors) }
    }

    /// What counts as a control character in texts that people write.
    enum Text {
        static func isControl(_ scalar: Unicode.Scalar) -> Bool {
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        }
    }
}

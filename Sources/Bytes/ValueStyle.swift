/// How texts spell values that are no texts: the words for no value, true and false, and how numbers look.
public struct ValueStyle: Sendable, Equatable {
    /// The words for no value; nil: the default ones, which mean nothing in texts.
    public var nullWords: WordList?
    /// The words for true and false; nil: the default ones.
    public var trueWords: WordList?
    public var falseWords: WordList?
    public var numbers = NumberStyle()

    public init() {}

    /// In any case: nothing, `null`, `none`, `nil`, `nan`, `na`, `n/a`, `<na>`, `#n/a`, `\N` and `-`.
    public static let defaultNullWords = WordList([
        "", "null", "none", "nil", "nan", "na", "n/a", "<na>", "#n/a", "\\N", "-",
    ])

    /// Whether a text is a word for no value, spaces around it or not.
    public func isNull(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let content = TextValue.trimmed(text)
        return content.isEmpty || (nullWords ?? Self.defaultNullWords).contains(content)
    }

    /// What one of the words for true and false says, spaces around it or not; nil for anything else.
    public func truth(_ text: UnsafeBufferPointer<UInt8>) -> Bool? {
        guard trueWords != nil || falseWords != nil else { return TextValue.truth(text) }
        let content = TextValue.trimmed(text)
        if trueWords?.contains(content) == true { return true }
        return falseWords?.contains(content) == true ? false : nil
    }

    /// A number as ``TextValue/number(_:)`` has it, or in the style's spelling.
    public func number(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard !numbers.isPlain else { return TextValue.number(text) }
        var spelling: [UInt8] = []
        guard numbers.spell(text, into: &spelling) else { return nil }
        return spelling.withUnsafeBufferPointer(TextValue.number)
    }
}

/// Words that are compared without regard to upper and lower case (of ASCII).
public struct WordList: Sendable, Equatable, CustomStringConvertible {
    private let bytes: [[UInt8]]
    private let longest: Int

    public init(_ words: [String]) {
        bytes = words.map { $0.utf8.map(Self.small) }
        longest = bytes.map(\.count).max() ?? 0
    }

    /// In small letters.
    public var words: [String] { bytes.map { String(decoding: $0, as: UTF8.self) } }

    @inline(__always)
    private static func small(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    public func contains(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count <= longest else { return false }
        return bytes.contains { word in
            guard word.count == text.count else { return false }
            for index in text.indices where Self.small(text[index]) != word[index] { return false }
            return true
        }
    }

    /// The first word that another list has, too.
    public func shared(with other: WordList) -> String? {
        words.first { other.words.contains($0) }
    }

    public var description: String { "\(words)" }
}

/// How numbers look that programs have written for people.
public struct NumberStyle: Sendable, Equatable, CustomStringConvertible {
    /// Whether the decimal sign is a comma.
    public var hasDecimalComma = false
    /// What may stand between thousands; nil: nothing, or points where the decimal sign is a comma.
    public var thousands: UInt8?
    /// Whether a currency's sign or name may stand before or behind it.
    public var hasCurrency = false
    /// Whether brackets around it, or a minus behind it, make it negative.
    public var isAccounting = false

    public init() {}

    /// `1.234,50`, with points between thousands or not.
    public static let decimalComma: NumberStyle = {
        var style = NumberStyle()
        style.hasDecimalComma = true
        return style
    }()

    public var description: String {
        let between = thousands.map { "\($0)" } ?? "-"
        return "comma \(hasDecimalComma) thousands \(between) currency \(hasCurrency) accounting \(isAccounting)"
    }

    public var isPlain: Bool { self == NumberStyle() }

    /// Spells a number as JSON would, as far as it is spelled in this style.
    ///
    /// - Returns: false if it is no such number.
    public func spell(_ text: UnsafeBufferPointer<UInt8>, into spelling: inout [UInt8]) -> Bool {
        spelling.removeAll(keepingCapacity: true)
        var rest = Self.trimmed(text)
        var isNegative = false
        var signs = 0
        func takeSign() {
            guard let first = rest.first, first == 0x2B || first == 0x2D else { return }
            isNegative = first == 0x2D
            signs += 1
            rest = Self.trimmed(UnsafeBufferPointer(rebasing: rest.dropFirst()))
        }
        if isAccounting, rest.count > 2, rest.first == 0x28, rest.last == 0x29 {
            rest = Self.trimmed(UnsafeBufferPointer(rebasing: rest[1..<rest.count - 1]))
            isNegative = true
            signs += 1
        }
        if signs == 0 { takeSign() }
        if hasCurrency {
            rest = Self.withoutCurrency(rest)
            if signs == 0 { takeSign() }
        }
        if isAccounting, signs == 0, rest.last == 0x2D {
            rest = Self.trimmed(UnsafeBufferPointer(rebasing: rest.dropLast()))
            isNegative = true
        }
        if isNegative { spelling.append(0x2D) }
        return digits(rest, into: &spelling)
    }

    /// The digits with what stands between them.
    private func digits(_ text: UnsafeBufferPointer<UInt8>, into spelling: inout [UInt8]) -> Bool {
        let decimal: UInt8 = hasDecimalComma ? 0x2C : 0x2E
        let between = thousands ?? (hasDecimalComma ? 0x2E : nil)
        var index = 0
        // Digits since the last sign between thousands, and how many of these there were.
        var digits = 0
        var groups = 0
        while index < text.count {
            let byte = text[index]
            if byte &- 0x30 < 10 {
                digits += 1
                spelling.append(byte)
                index += 1
            } else if let between, let width = Self.width(of: between, text, index) {
                // India writes groups of two before the last one.
                guard groups == 0 ? (1...3).contains(digits) : digits == 2 || digits == 3 else { return false }
                (groups, digits) = (groups + 1, 0)
                index += width
            } else {
                break
            }
        }
        guard groups == 0 || digits == 3 else { return false }
        if index < text.count, text[index] == decimal {
            spelling.append(0x2E)
            index += 1
        }
        for byte in text[index...] {
            let isPart = byte &- 0x30 < 10 || byte | 0x20 == 0x65 || byte == 0x2B || byte == 0x2D
            guard isPart else { return false }
            spelling.append(byte)
        }
        return spelling.contains { $0 &- 0x30 < 10 }
    }

    /// How many bytes the sign between thousands takes here; nil if it is not here. Spaces are of several kinds.
    private static func width(of sign: UInt8, _ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int? {
        if text[index] == sign { return 1 }
        return sign == 0x20 ? wideSpace(text, index) : nil
    }

    /// A space that does not break the line, and the narrow ones.
    private static func wideSpace(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int? {
        if index + 1 < text.count, text[index] == 0xC2, text[index + 1] == 0xA0 { return 2 }
        guard index + 2 < text.count, text[index] == 0xE2, text[index + 1] == 0x80 else { return nil }
        return text[index + 2] == 0xAF || text[index + 2] == 0x89 ? 3 : nil
    }

    private static func trimmed(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var text = TextValue.trimmed(text)
        while !text.isEmpty, let width = wideSpace(text, 0) {
            text = TextValue.trimmed(UnsafeBufferPointer(rebasing: text.dropFirst(width)))
        }
        while let width = [2, 3].first(where: { text.count >= $0 && wideSpace(text, text.count - $0) == $0 }) {
            text = TextValue.trimmed(UnsafeBufferPointer(rebasing: text.dropLast(width)))
        }
        return text
    }

    /// Without a currency's sign or name on one side.
    private static func withoutCurrency(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        func isPart(_ byte: UInt8) -> Bool {
            byte &- 0x30 < 10 || byte == 0x2C || byte == 0x2E || byte == 0x2B || byte == 0x2D || byte == 0x20
                || byte == 0x27 || byte == 0x5F
        }
        func isCurrency(_ sign: some Collection<UInt8>) -> Bool {
            // $, US$, R$, £, €, kr, zł, EUR: letters and signs.
            (1...6).contains(sign.count) && sign.allSatisfy { $0 == 0x24 || $0 >= 0x80 || $0 | 0x20 &- 0x61 < 26 }
        }
        let front = text.prefix { !isPart($0) }
        if !front.isEmpty, isCurrency(front) {
            return trimmed(UnsafeBufferPointer(rebasing: text.dropFirst(front.count)))
        }
        var end = text.count
        while end > 0, !isPart(text[end - 1]) { end -= 1 }
        let back = text[end...]
        guard !back.isEmpty, isCurrency(back) else { return text }
        return trimmed(UnsafeBufferPointer(rebasing: text[..<end]))
    }
}

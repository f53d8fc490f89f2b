/// How numbers look that programs have written for people.
public struct NumberStyle: Sendable, Equatable, CustomStringConvertible {
    /// Whether the decimal sign is a comma.
    public var hasDecimalComma = false
    /// What may stand between thousands; nil: nothing, or points where the decimal sign is a comma.
    public var thousands: UInt8?
    /// Whether a ``Currency`` may stand before or behind it.
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

    /// Part of what a pipeline is known by: another one where the same texts are other numbers than they were.
    public var description: String {
        let between = thousands.map { "\($0)" } ?? "-"
        let currency = hasCurrency ? "known" : "none"
        return "comma \(hasDecimalComma) groups \(between) currency \(currency) accounting \(isAccounting)"
    }

    public var isPlain: Bool { self == NumberStyle() }

    private var decimal: UInt8 { hasDecimalComma ? 0x2C : 0x2E }

    /// Spells a number as JSON would, as far as it is spelled in this style.
    ///
    /// - Returns: false if it is no such number.
    public func spell(_ text: UnsafeBufferPointer<UInt8>, into spelling: inout [UInt8]) -> Bool {
        spelling.removeAll(keepingCapacity: true)
        var rest = NumberSpace.trimmed(text)
        var isNegative = false
        var signs = 0
        // Whether there is more than digits with a sign: then no exponent is expected.
        var isMarked = false
        func takeSign() {
            guard let first = rest.first, first == 0x2B || first == 0x2D else { return }
            isNegative = first == 0x2D
            signs += 1
            rest = NumberSpace.trimmed(UnsafeBufferPointer(rebasing: rest.dropFirst()))
        }
        func takeBrackets() {
            guard isAccounting, signs == 0, rest.count > 2, rest.first == 0x28, rest.last == 0x29 else { return }
            rest = NumberSpace.trimmed(UnsafeBufferPointer(rebasing: rest[1..<rest.count - 1]))
            (isNegative, isMarked) = (true, true)
            signs += 1
        }
        takeBrackets()
        if signs == 0 { takeSign() }
        if hasCurrency {
            guard let plain = withoutCurrency(rest) else { return false }
            if plain.count < rest.count {
                (rest, isMarked) = (plain, true)
                takeBrackets()
            }
            if signs == 0 { takeSign() }
        }
        if hasCurrency || isAccounting, let whole = withoutDash(rest) {
            (rest, isMarked) = (whole, true)
        } else if isAccounting, signs == 0, rest.last == 0x2D {
            rest = NumberSpace.trimmed(UnsafeBufferPointer(rebasing: rest.dropLast()))
            (isNegative, isMarked) = (true, true)
        }
        if isNegative { spelling.append(0x2D) }
        return digits(rest, isMarked, into: &spelling)
    }

    /// Without a currency on one side; nil if one is followed by a point that may be its own or the number's.
    private func withoutCurrency(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        if let mark = Currency.atStart(of: text) {
            if mark.isName, text[mark.length] == 0x2E || text[mark.length] == 0x2C { return nil }
            return NumberSpace.trimmed(UnsafeBufferPointer(rebasing: text.dropFirst(mark.length)))
        }
        guard let mark = Currency.atEnd(of: text) else { return text }
        return NumberSpace.trimmed(UnsafeBufferPointer(rebasing: text.dropLast(mark.length)))
    }

    /// What is in front of a dash that says that there are no cents: `12.-`, `12,--`, `12.–`; nil if there is none.
    private func withoutDash(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        let dashes: [[UInt8]] = [[0x2D], [0x2D, 0x2D], [0xE2, 0x80, 0x93], [0xE2, 0x80, 0x94]]
        let dash = dashes.first { dash in
            let end = text.count - dash.count
            return end > 1 && text[end - 1] == decimal && text[end...].elementsEqual(dash)
        }
        return dash.map { UnsafeBufferPointer(rebasing: text.dropLast($0.count)) }
    }

    /// The digits with what stands between them.
    private func digits(
        _ text: UnsafeBufferPointer<UInt8>,
        _ isMarked: Bool,
        into spelling: inout [UInt8]
    ) -> Bool {
        let between = thousands ?? (hasDecimalComma ? 0x2E : nil)
        let start = spelling.count
        var index = 0
        // Digits since the last sign between thousands, how many of these there were, and digits of the first group and
        // of those between it and the last one.
        var digits = 0
        var groups = 0
        var (first, width) = (0, 0)
        while index < text.count {
            let byte = text[index]
            if byte &- 0x30 < 10 {
                digits += 1
                spelling.append(byte)
                index += 1
            } else if let between, let size = NumberSpace.width(of: between, text, index) {
                if groups == 0 {
                    // A zero there is the whole part of a number with another decimal sign.
                    guard (1...3).contains(digits), spelling[start] != 0x30 else { return false }
                    first = digits
                } else {
                    // India writes groups of two before the last one.
                    guard digits == 3 || digits == 2 && first < 3, width == 0 || digits == width else { return false }
                    width = digits
                }
                (groups, digits) = (groups + 1, 0)
                index += size
            } else {
                break
            }
        }
        guard groups == 0 || digits == 3 else { return false }
        if index < text.count, text[index] == decimal {
            spelling.append(0x2E)
            index += 1
        }
        let takesExponent = groups == 0 && !isMarked
        while index < text.count {
            let byte = text[index]
            let isExponent =
                byte | 0x20 == 0x65 || (byte == 0x2B || byte == 0x2D) && index > 0 && text[index - 1] | 0x20 == 0x65
            guard byte &- 0x30 < 10 || takesExponent && isExponent else { return false }
            spelling.append(byte)
            index += 1
        }
        return spelling.contains { $0 &- 0x30 < 10 }
    }

    /// Why a text is no number, where a word beside it would make it another one.
    static func fault(_ text: UnsafeBufferPointer<UInt8>) -> StaticString {
        guard text.count <= 32, text.contains(where: { $0 &- 0x30 < 10 }) else { return "is not a number" }
        var words: [String] = [""]
        for byte in text {
            let small = byte | 0x20
            if small &- 0x61 < 26 {
                words[words.count - 1].unicodeScalars.append(Unicode.Scalar(small))
            } else if words.last != "" {
                words.append("")
            }
        }
        for word in words {
            switch word {
            case "cr", "dr":
                return "is not a number: CR and DR say a side of an account, not which sign it has; write the sign"
            case "k", "m", "mn", "mm", "mio", "mil", "bn", "b", "t", "tsd", "mrd", "lakh", "lac", "crore", "thousand",
                "million", "billion":
                return "is not a number: it has a word for thousands or more beside it; write all its digits"
            case "e": return "is not a number: it has an e without digits on both sides"
            default: continue
            }
        }
        return "is not a number"
    }
}

/// Spaces in and around numbers: also one that does not break the line, and the narrow ones.
private enum NumberSpace {
    /// How many bytes the sign between thousands takes here; nil if it is not here. Spaces are of several kinds.
    static func width(of sign: UInt8, _ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int? {
        if text[index] == sign { return 1 }
        return sign == 0x20 ? wide(text, index) : nil
    }

    private static func wide(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int? {
        if index + 1 < text.count, text[index] == 0xC2, text[index + 1] == 0xA0 { return 2 }
        guard index + 2 < text.count, text[index] == 0xE2, text[index + 1] == 0x80 else { return nil }
        return text[index + 2] == 0xAF || text[index + 2] == 0x89 ? 3 : nil
    }

    static func trimmed(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var text = TextValue.trimmed(text)
        while !text.isEmpty, let width = wide(text, 0) {
            text = TextValue.trimmed(UnsafeBufferPointer(rebasing: text.dropFirst(width)))
        }
        while let width = [2, 3].first(where: { text.count >= $0 && wide(text, text.count - $0) == $0 }) {
            text = TextValue.trimmed(UnsafeBufferPointer(rebasing: text.dropLast(width)))
        }
        return text
    }
}

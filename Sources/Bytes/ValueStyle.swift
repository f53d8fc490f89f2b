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

    /// Why a text is no number, in words that begin with what it is not.
    public func numberFault(_ text: UnsafeBufferPointer<UInt8>) -> StaticString { NumberStyle.fault(text) }
}

/// Words that are compared without regard to upper and lower case (of ASCII).
public struct WordList: Sendable, Equatable, CustomStringConvertible {
    private let bytes: [[UInt8]]
    private let longest: Int

    /// The words, in any case.
    public init(_ words: [String]) {
        bytes = words.map { $0.utf8.map(Self.small) }
        longest = bytes.map(\.count).max() ?? 0
    }

    /// In small letters.
    public var words: [String] { bytes.map { String(decoding: $0, as: UTF8.self) } }

    @inline(__always)
    private static func small(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// Whether a text is one of the words, in whatever case.
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

import Base

/// The text that a part of a plan is known by: lists in brackets, each with the word for what it is in front.
///
/// Written by us, value by value, so that it changes only where a meaning does: no name of a type or a case is in it,
/// no compiler's way to print a number. Texts have their number of bytes in front, so that none can look like something
/// else.
struct CanonicalText {
    private var bytes: [UInt8] = []

    /// A list of one kind.
    init(_ kind: StaticString, _ parts: (inout CanonicalText) -> Void) {
        list(kind, parts)
    }

    /// SHA-256 of the text, 64 hexadecimal digits.
    var hash: String { SHA256.hexadecimal(of: bytes) }

    mutating func list(_ kind: StaticString, _ parts: (inout CanonicalText) -> Void) {
        separate()
        bytes.append(0x28)
        kind.withUTF8Buffer { bytes += $0 }
        parts(&self)
        bytes.append(0x29)
    }

    /// A word of the notation or a hash: letters, digits and signs without spaces and brackets.
    mutating func word(_ word: String) {
        separate()
        bytes += word.utf8
    }

    mutating func text(_ text: String) {
        separate()
        bytes += "\(text.utf8.count):".utf8
        bytes += text.utf8
    }

    mutating func whole(_ number: some BinaryInteger) { word(String(number)) }

    /// By its 64 bits.
    mutating func number(_ number: Double) { word("#" + String(number.bitPattern, radix: 16)) }

    mutating func truth(_ isTrue: Bool) { word(isTrue ? "true" : "false") }

    /// A value that may be missing.
    mutating func optional<Value>(_ value: Value?, _ write: (inout CanonicalText, Value) -> Void) {
        if let value { write(&self, value) } else { word("-") }
    }

    /// Texts of which only which ones there are matters.
    mutating func set(_ texts: [String]) {
        list("set") { set in for text in Set(texts).sorted(by: Self.isBefore) { set.text(text) } }
    }

    private mutating func separate() {
        if let last = bytes.last, last != 0x28 { bytes.append(0x20) }
    }

    /// By bytes, wherever and with whatever tables of Unicode it is compared.
    static func isBefore(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }
}

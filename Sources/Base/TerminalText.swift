/// Text as a terminal may show it. What came with events or from files is never trusted: a terminal would obey its
/// control characters, and show text in another order, or two texts as one.
public enum TerminalText {
    /// How a character is written that must not be shown as it is.
    public enum Escape: Sendable {
        /// `\u{1b}`
        case visible
        /// `\u001b`, which is the same character to whoever reads JSON.
        case json
    }

    /// Tabs and ends of lines are among them: only the program itself lays out lines.
    public static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F: true
        // What reorders text, ends lines, or is not to be seen.
        case 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: true
        default: false
        }
    }

    /// The text with everything unsafe escaped; `keepingLines`: but for tabs and line feeds.
    public static func escaped(_ text: String, _ escape: Escape = .visible, keepingLines: Bool = false) -> String {
        func isKept(_ scalar: Unicode.Scalar) -> Bool {
            !isUnsafe(scalar) || keepingLines && (scalar == "\n" || scalar == "\t")
        }
        guard !text.unicodeScalars.allSatisfy(isKept) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            if isKept(scalar) {
                out.unicodeScalars.append(scalar)
            } else {
                let digits = String(scalar.value, radix: 16)
                switch escape {
                case .visible: out += "\\u{\(digits)}"
                case .json: out += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
                }
            }
        }
        return out
    }

    /// An event as it came, which JSON it mostly is: the white space between its values may hold no lines of its own.
    public static func event(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let isLayout: (UInt8) -> Bool = { $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        return Array(escaped(String(decoding: bytes.map { isLayout($0) ? 0x20 : $0 }, as: UTF8.self), .json).utf8)
    }
}

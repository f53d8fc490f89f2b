/// Texts as YAML takes them.
package enum YAMLText {
    /// A scalar: plain if that means the same, else in double quotes on one line.
    package static func scalar(_ text: String) -> String { isPlain(text) ? text : quoted(text) }

    /// In double quotes; nothing of the text ends them, or the line.
    package static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C: out += "\\" + String(scalar)
            case 0x20..<0x7F, 0xA1..<0x2028, 0x2030..<0xD800, 0xE000..<0xFEFF: out.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                out += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return out + "\""
    }

    /// What follows a `#`: one line, without what a terminal would obey.
    package static func comment(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.value {
                    case 0x20..<0x7F, 0xA1..<0x061C, 0x061D..<0x200B, 0x2010..<0x2028, 0x2030..<0x2060, 0x2070..<0xFEFF:
                        scalar
                    default: "?"
                    }
                }
            )
        )
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first == "_" || first.isASCII && first.properties.isAlphabetic,
            !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
        else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789_.-".unicodeScalars.contains(scalar))
        }
    }
}

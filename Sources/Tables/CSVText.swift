import Foundation

/// CSV fields (RFC 4180).
public enum CSVText {
    /// What a listing's formats say of guarded and raw fields.
    public static let guardedWords = "values as they are, but for a ' before a text that a spreadsheet would run"
    public static let rawWords = "every value as it is"

    /// A text as a field. One that a spreadsheet would run as a formula gets a ' in front unless `isRaw`: one that
    /// begins with =, @, a tab or a carriage return, or with + or - and is no number. A telephone number is one here:
    /// only digits and what people put between them; a formula of those alone can do nothing but sums.
    public static func field(_ text: String, isRaw: Bool = false) -> String {
        let text = isRaw || !isRun(text) ? text : "'" + text
        let needsQuotes = text.unicodeScalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
        return needsQuotes ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
    }

    private static func isRun(_ text: String) -> Bool {
        switch text.utf8.first {
        case UInt8(ascii: "="), UInt8(ascii: "@"), 0x09, 0x0D: return true
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            let rest = text.utf8.dropFirst()
            let hasDigit = rest.contains { (0x30...0x39).contains($0) }
            let isNumber = hasDigit && rest.allSatisfy { digitsAndBetween.contains($0) }
            return !isNumber && Double(text) == nil
        default: return false
        }
    }

    private static let digitsAndBetween = Set("0123456789 .,()/-".utf8)
}

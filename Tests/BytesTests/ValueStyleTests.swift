import Bytes
import Testing

/// Values as programs spell them.
@Suite struct ValueStyleTests {
    private func number(_ text: String, _ change: (inout NumberStyle) -> Void = { _ in }) -> Double? {
        var style = ValueStyle()
        change(&style.numbers)
        return Array(text.utf8).withUnsafeBufferPointer(style.number)
    }

    @Test func numbersAreOneGrammar() {
        let known: [(String, Double)] = [
            (".5", 0.5), ("-.5", -0.5), ("5.", 5), ("+5", 5), ("007", 7), (" 10", 10), ("10 ", 10), ("\t10\t", 10),
            ("1e3", 1000),
            ("1E-3", 0.001), ("-0", 0), ("+.5e1", 5),
        ]
        for (text, value) in known { #expect(number(text) == value, "\(text)") }
        for text in [
            "", ".", "+", "1,234.56", "$12.00", "(12.00)", "1_000", "0x10", "1e", "12-", "--1", "inf", "1 2", "١",
        ] {
            #expect(number(text) == nil, "\(text)")
        }
    }

    @Test func numbersForPeopleAreReadByOption() {
        let thousands: (inout NumberStyle) -> Void = { $0.thousands = 0x2C }
        for (text, value) in [
            ("1,234.56", 1234.56), ("1,234,567", 1_234_567), ("12,34,567.5", 1_234_567.5), ("12.5", 12.5),
        ] {
            #expect(number(text, thousands) == value, "\(text)")
        }
        for text in ["1,23", "1234,567", ",123", "1,,234", "1,234,", "1.234,5", "0,5"] {
            #expect(number(text, thousands) == nil, "\(text)")
        }
        let comma: (inout NumberStyle) -> Void = { $0.hasDecimalComma = true }
        for (text, value) in [("1.234,50", 1234.5), ("1234,50", 1234.5), ("-1,5", -1.5), ("7", 7), ("1.234", 1234)] {
            #expect(number(text, comma) == value, "\(text)")
        }
        #expect(number("12.5", comma) == nil && number("1,5,5", comma) == nil)
        let french: (inout NumberStyle) -> Void = {
            ($0.hasDecimalComma, $0.thousands, $0.hasCurrency) = (true, 0x20, true)
        }
        for text in [
            "1 234,50 €", "1\u{A0}234,50\u{A0}€", "1\u{202F}234,50", "€1234,50", "1234,50 EUR", "EUR 1 234,50",
        ] {
            #expect(number(text, french) == 1234.5, "\(text)")
        }
        let swiss: (inout NumberStyle) -> Void = { ($0.thousands, $0.hasCurrency) = (0x27, true) }
        #expect(number("CHF 1'234.50", swiss) == 1234.5)
        let dollars: (inout NumberStyle) -> Void = {
            ($0.thousands, $0.hasCurrency, $0.isAccounting) = (0x2C, true, true)
        }
        let amounts: [(String, Double)] = [
            ("$12.00", 12), ("(12.00)", -12), ("($1,234.50)", -1234.5), ("-$5", -5), ("$-5", -5), ("$ 5", 5),
            ("US$ 7.25", 7.25),
            ("12.00-", -12), ("$(3.50)", -3.5), ("R$ 1,000", 1000), ("+$1", 1),
        ]
        for (text, value) in amounts { #expect(number(text, dollars) == value, "\(text)") }
        for text in ["", "$", "()", "$$$$$$$1", "(-5)", "12.00 due to date", "-5-", "(5"] {
            #expect(number(text, dollars) == nil, "\(text)")
        }
    }

    private static let money: @Sendable (inout NumberStyle) -> Void = {
        ($0.thousands, $0.hasCurrency, $0.isAccounting) = (0x2C, true, true)
    }

    @Test func aCurrencyIsOneThatIsKnown() {
        let amounts: [(String, Double)] = [
            ("Rs.500", 500), ("Rs.2411", 2411), ("Rs. 1,200", 1200), ("Rs 1,23,456.50", 123_456.5), ("500 Rs.", 500),
            ("₹1,200", 1200), ("kr.500", 500), ("500kr.", 500), ("kr 5", 5), ("Fr. 12.50", 12.5), ("12.-", 12),
            ("Fr. 12.-", 12), ("12.- CHF", 12), ("CHF 12.–", 12), ("-12.--", -12), ("(12.-)", -12), ("12.50 zł", 12.5),
            ("5\u{A0}Kč", 5), ("A$5", 5), ("$US 5", 5), ("eur 5", 5), ("1,200円", 1200), ("$.50", 0.5), ("R$.5", 0.5),
            ("$ (3.50)", -3.5), ("12.00- EUR", -12),
        ]
        for (text, value) in amounts { #expect(number(text, Self.money) == value, "\(text)") }
        for text in [
            "12.00 DR", "12.00CR", "CR 12", "1.5k", "1.5M", "1.5M$", "$1.5k", "e3", "12e", "12 E", "$1e3", "1,234e2",
            "(1e3)", "12%", "50¢", "EUR.500", "USD.5", "zł.500", "Rs..5", "12€50", "5 km", "12 p", "É5", "$5 EUR",
            "12,-",
            "1,23,4567", "123,45,678", "1,234,56,789", "0,123", "00,123", "5 EUR-", "-$(5)", "½", "１２", "Betrag 5",
            "++1", "+-1",
        ] {
            #expect(number(text, Self.money) == nil, "\(text)")
        }
        let comma: (inout NumberStyle) -> Void = { ($0.hasDecimalComma, $0.hasCurrency) = (true, true) }
        for (text, value) in [("12,-", 12), ("kr.1.500,50", 1500.5), ("12,-- €", 12), ("1.234,- kr", 1234)] {
            #expect(number(text, comma) == value, "\(text)")
        }
        // The whole part of 0.125 is no group of digits.
        for text in ["0.125", "12.-", "kr..5"] { #expect(number(text, comma) == nil, "\(text)") }
    }

    @Test func whatMakesAnotherNumberOfItIsSaid() {
        func fault(_ text: String) -> String {
            Array(text.utf8).withUnsafeBufferPointer { ValueStyle().numberFault($0).description }
        }
        for text in ["12.00 DR", "12.00CR", "CR 12", "EUR 12.00 Cr."] {
            #expect(fault(text).contains("side of an account"))
        }
        for text in ["1.5k", "1.5M", "$2 bn"] { #expect(fault(text).contains("thousands or more")) }
        for text in ["e3", "12e"] { #expect(fault(text).contains("an e without digits")) }
        for text in ["Betrag 5", "k", "", "12 x"] { #expect(fault(text) == "is not a number") }
    }

    /// Texts of all that stands in amounts, in any order, against the grammar as regular expressions.
    @Test func nothingElseIsTaken() throws {
        let reference = try AmountReference()
        let parts = [
            "1", "12", "234", "0", "5", ",", ",", ".", ".", "-", "+", "(", ")", " ", "\u{A0}", "$", "US$", "Rs.", "Rs",
            "EUR",
            "eur", "kr.", "kr", "zł", "k", "M", "CR", "e", "–", "'", "%",
        ]
        var random = SystemRandomNumberGenerator()
        var seen: Set<String> = []
        var taken = 0
        for _ in 0..<30_000 {
            let text = (0..<Int.random(in: 1...6, using: &random)).map { _ in parts.randomElement(using: &random) ?? ""
            }
            .joined()
            guard seen.insert(text).inserted else { continue }
            let expected = reference.value(text)
            if expected != nil { taken += 1 }
            #expect(number(text, Self.money) == expected, "\"\(text)\"")
        }
        #expect(taken > 300)
    }

    private func isNull(_ text: String, _ style: ValueStyle = ValueStyle()) -> Bool {
        Array(text.utf8).withUnsafeBufferPointer(style.isNull)
    }

    @Test func wordsForNoValue() {
        for text in [
            "", "  ", "NULL", "null", "\\N", "NaN", "nan", "N/A", "n/a", "NA", "None", " null ", "<NA>", "#N/A", "-",
            "nil",
        ] {
            #expect(isNull(text), "\(text)")
        }
        for text in ["0", "nullify", "--", "?", "no", "."] { #expect(!isNull(text), "\(text)") }
        var style = ValueStyle()
        style.nullWords = WordList(["-1", "missing"])
        for text in ["-1", "MISSING", ""] { #expect(isNull(text, style)) }
        for text in ["NULL", "-", "-1.0"] { #expect(!isNull(text, style)) }
    }

    private func truth(_ text: String, _ style: ValueStyle = ValueStyle()) -> Bool? {
        Array(text.utf8).withUnsafeBufferPointer(style.truth)
    }

    @Test func aBooleanIsExactlyOneOfItsWords() {
        for text in ["true", "TRUE", "t", "T", "yes", "Y", "1", " true "] { #expect(truth(text) == true) }
        for text in ["false", "F", "no", "N", "0"] { #expect(truth(text) == false) }
        for text in ["truth", "tru", "fraud", "nope", "yep", "1.0", "2", "on", "", "01"] { #expect(truth(text) == nil) }
        var style = ValueStyle()
        style.trueWords = WordList(["ja", "fraud"])
        style.falseWords = WordList(["nein", "ok"])
        #expect(truth("Fraud", style) == true && truth("OK", style) == false)
        #expect(truth("true", style) == nil && truth("1", style) == nil)
    }
}

/// Amounts with commas between thousands, a currency, and the signs of accounting.
private struct AmountReference {
    private let forms: [(regex: Regex<AnyRegexOutput>, isNegative: Bool)]

    init() throws {
        let space = #"[ \t\x{A0}]*"#
        let whole = #"(?:\d+|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3})"#
        let number = #"(\#(whole)(?:\.\d*)?|\.\d+)"#
        let amount = #"(?:(\#(whole)\.)(?:--?|–)|\#(number))"#
        let front = #"(?:US\$|\$|(?:Rs\.|Rs|EUR|eur|kr\.|kr|zł)(?![.,]))\#(space)"#
        let back = #"\#(space)(?:US\$|\$|Rs\.|Rs|EUR|eur|kr\.|kr|zł)"#
        let signs = [("[+]\(space)", false), ("-\(space)", true), ("", false)]
        var forms: [(String, Bool)] = []
        for (sign, isNegative) in signs {
            forms.append(("\(sign)\(amount)", isNegative))
            forms.append((#"\#(sign)((?:\d+\.?\d*|\.\d+)[eE][-+]?\d+)"#, isNegative))
            forms.append(("\(sign)\(front)\(amount)", isNegative))
            forms.append(("\(front)\(sign)\(amount)", isNegative))
            forms.append(("\(sign)\(amount)\(back)", isNegative))
        }
        let brackets = "[(]\(space)\(amount)\(space)[)]"
        for text in [
            brackets, front + brackets, brackets + back, "[(]\(space)\(front)\(amount)\(space)[)]",
            "[(]\(space)\(amount)\(back)\(space)[)]", "\(number)\(space)-", "\(front)\(number)\(space)-",
            "\(number)\(space)-\(back)",
        ] {
            forms.append((text, true))
        }
        self.forms = try forms.map { (try Regex(space + $0.0 + space), $0.1) }
    }

    func value(_ text: String) -> Double? {
        for (regex, isNegative) in forms {
            guard let match = text.wholeMatch(of: regex) else { continue }
            guard let digits = match.output.dropFirst().lazy.compactMap(\.substring).first else { continue }
            let plain = "0" + digits.replacing(",", with: "").replacing(".e", with: ".0e")
            return Double(plain.hasSuffix(".") ? plain + "0" : plain).map { isNegative ? -$0 : $0 }
        }
        return nil
    }
}

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
        for (text, value) in amounts where text != "$(3.50)" { #expect(number(text, dollars) == value, "\(text)") }
        for text in ["", "$", "()", "$$$$$$$1", "(-5)", "12.00 due to date", "-5-", "(5"] {
            #expect(number(text, dollars) == nil, "\(text)")
        }
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

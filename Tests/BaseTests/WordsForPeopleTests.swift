import Base
import Testing

@Suite struct WordsForPeopleTests {
    @Test(arguments: [
        ("plain-1.txt", "plain-1.txt"), ("", "''"), ("two words", "'two words'"), ("it's", "'it'\\''s'"),
        ("a\u{1B}b", "$'a\\x1bb'"),
    ])
    func wordsOfAShell(_ word: String, _ written: String) { #expect(shellWord(word) == written) }

    @Test func bytesThatAreNoText() { #expect(shellWord([0x61, 0xFF, 0x27]) == "$'a\\xff\\''") }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (-1_754_155, "-1,754,155"), (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func groups(_ count: Int, _ words: String) { #expect(grouped(count) == words) }

    /// A terminal obeys nothing of what came with an event.
    @Test func textForATerminal() {
        #expect(TerminalText.escaped("a\u{1B}[2Jb") == "a\\u{1b}[2Jb")
        #expect(TerminalText.escaped("a\u{202E}b", .json) == "a\\u202eb")
        #expect(TerminalText.escaped("a\tb\nc\r", keepingLines: true) == "a\tb\nc\\u{d}")
        #expect(TerminalText.event(Array("{\"a\":\n1}".utf8)[...]) == Array("{\"a\": 1}".utf8))
    }

    @Test(arguments: [
        (0.125, 2, "0.12"), (2.5, 0, "2"), (-1.005, 2, "-1.00"), (1e22, 1, "10000000000000000000000.0"),
        (0, 4, "0.0000"),
        (.infinity, 1, "inf"),
    ])
    func decimals(_ value: Double, _ count: Int, _ words: String) { #expect(fixed(value, count) == words) }

    @Test func theLargestNumber() { #expect(fixed(-.greatestFiniteMagnitude, 3).utf8.count == 314) }
}

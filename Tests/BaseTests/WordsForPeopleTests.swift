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
}

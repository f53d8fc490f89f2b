import Draft
import Testing

@Suite struct YAMLTextTests {
    @Test func namesThatMeanThemselvesStayPlain() {
        #expect(YAMLText.scalar("amount") == "amount")
        #expect(YAMLText.scalar("card.country") == "card.country")
    }

    @Test(arguments: ["no", "Y", "true", "", "1e3", "a b", "a: b", "#x", "- a", "items[].name", "ä", "\"", "a\nb"])
    func othersAreQuoted(_ text: String) {
        let written = YAMLText.scalar(text)
        #expect(written.hasPrefix("\"") && written.hasSuffix("\"") && !written.contains("\n"))
    }

    @Test func commentsStayOnTheirLine() {
        #expect(YAMLText.comment("a\nfeatures: {x: 1}\u{1B}[2J\u{202E}b") == "a?features: {x: 1}?[2J?b")
    }
}

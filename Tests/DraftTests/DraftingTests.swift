import Draft
import Survey
import TestKit
import Testing

/// What is proposed for a file.
@Suite struct DraftingTests {
    private func draft(_ text: String) throws -> PipelineDraft {
        try Drafting.draft(Surveys.profile(text), name: "p")
    }

    private func payments(_ time: (Int) -> String = { Surveys.minute($0) }) -> String {
        Surveys.payments(1000, time: time)
    }

    @Test func namesAndPathsAreOnesThatAPipelineTakes() throws {
        let header = "who,\"sum: \"\"x\"\" #1 amount\",count,Käufer-Konto,at,is fraud?\n"
        let rows = (0..<200).map { "w\($0),\($0 % 30).5,7,k\($0 % 9),\(Surveys.minute($0)),\($0 % 2)\n" }.joined()
        let draft = try draft(header + rows)
        #expect(draft.text.contains(#"{path: "sum: \"x\" #1 amount", type: number, role: amount}"#), "\(draft.text)")
        let names = draft.fields.map(\.name) + draft.entities.map(\.name) + draft.features.map(\.name)
        #expect(Set(names).count == names.count, "\(names)")
        for name in names { #expect(name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil, "\(name)") }
    }

    @Test func daysOfSpreadsheetsAndSplitTimes() throws {
        let days = (0..<300).map { "t\($0),\(46_083 + $0 / 9),k\($0 % 9),\($0 % 11).5\n" }.joined()
        let draft = try draft("id,ts,card,amount\n" + days)
        #expect(draft.text.contains("type: time, role: time, unit: d, origin: 1899-12-30}"), "\(draft.text)")
        let rows = (0..<300).map { "t\($0),2026-03-02,0\($0 / 60):\(10 + $0 % 50),k\($0 % 9),\($0 % 11).5\n" }.joined()
        let split = try self.draft("id,date,time,card,amount\n" + rows)
        #expect(split.warnings.contains { $0.contains("the column time,") }, "\(split.warnings)")
    }

    @Test func whoPaysIsTheSubject() throws {
        let draft = try draft(payments())
        #expect(draft.entities.map(\.name) == ["who", "payee", "who_payee"])
        #expect(draft.entities[0].key == ["account"])
        #expect(draft.entities[2].key == ["account", "shop"])
        #expect(draft.features.contains { $0.name == "is_new_payee" })
        #expect(draft.ideas.count == 3)
        #expect(draft.fields.last?.options == "type: bool, role: label")
    }

    /// Windows fit how often a key comes: twenty minutes apart.
    @Test func windowsFitTheKeys() throws {
        let values = try draft(payments()).features.map(\.value)
        #expect(values.contains("count(who, 5m)"))
        #expect(values.contains("count(who, 1h)"))
        #expect(values.contains { $0.hasPrefix("mean(who, 1d,") })
    }

    /// A minute, or up to a hundred of them, late.
    @Test(arguments: [0, 1, 7, 100]) func disorderIsThatOfTheFileOrMore(_ minutes: Int) throws {
        let text = payments { Surveys.minute($0 % 50 == 49 ? $0 - minutes : $0) }
        let draft = try draft(text)
        #expect(draft.disorder >= Int64(max(0, minutes - 1)) * 60_000_000)
        #expect(draft.disorder <= Int64(minutes) * 120_000_000)
    }

    /// Two stamps that are days off, forward or back, do not decide it.
    @Test(arguments: [20_000, -20_000]) func disorderIsNotThatOfAFewWrongClocks(_ minutes: Int) throws {
        let text = payments { Surveys.minute($0 == 400 || $0 == 700 ? $0 + minutes : $0 % 50 == 49 ? $0 - 3 : $0) }
        let draft = try draft(text)
        #expect(draft.disorder <= 5 * 60_000_000 && draft.disorder >= 120_000_000, "\(draft.disorder)")
        #expect(draft.maximumAhead == 86_400_000_000)
        #expect(draft.warnings.contains { $0.contains(minutes > 0 ? "far ahead" : "far behind") }, "\(draft.warnings)")
    }

    @Test func timesSayTheirFormat() throws {
        let days = try draft(payments { "\(1 + $0 % 28).12.2025" })
        #expect(days.text.contains(#"format: ["%d.%m.%Y","#))
        let rows = (0..<500).map { "\($0 / 3),k\($0 % 9),\($0 % 11).5\n" }.joined()
        let steps = try draft("step,nameDest,amount\n" + rows)
        #expect(steps.text.contains("unit: h, origin: 2026-01-01T00:00:00Z"))
    }

    @Test func withoutATimeThereIsNone() {
        #expect(throws: Drafting.Fault.noTime) { try draft("a,b\nx,1\ny,2\n") }
        #expect(throws: Drafting.Fault.noRecords) { try draft("a,at\n") }
    }

    @Test func thresholdsAreWhatFewEventsReach() throws {
        let burst = try #require(draft(payments()).ideas.first)
        let feature = burst.features[0]
        var counts = QuantileSketch()
        for event in 0..<10_000 { counts.add(event < 9_000 ? 1 : event < 9_990 ? 2 : 5) }
        #expect(burst.rule([feature: counts])?.condition == "\(feature) >= 3")
        #expect(burst.scaled(by: 100).rule([feature: counts])?.condition == "\(feature) >= 2")
        #expect(burst.rule([:]) == nil)
        var same = QuantileSketch()
        for _ in 0..<10 { same.add(1) }
        #expect(burst.rule([feature: same]) == nil)
    }
}

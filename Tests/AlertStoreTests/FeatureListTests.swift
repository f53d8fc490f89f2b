import AlertStore
import Testing

/// Members of an alert's features stay as they are spelled, in whatever order they are put.
@Suite struct FeatureListTests {
    @Test func membersArePartedAtTheirCommas() throws {
        let text = #"{"a,b":1e-7,"c\"},{":null,"\\":-0.1}"#
        #expect(FeatureMembers(text)?.texts == [#""a,b":1e-7"#, #""c\"},{":null"#, #""\\":-0.1"#])
        for broken in ["", "{", "{}", "[1]", "{\"a\":1"] { #expect(FeatureMembers(broken) == nil, "\(broken)") }
    }
}

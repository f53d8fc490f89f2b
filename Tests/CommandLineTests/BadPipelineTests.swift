import Foundation
import TestKit
import Testing

/// Every kind of mistake in a pipeline file is found before anything is read or written: exit code 3, where it is, what is
/// wrong, and what was probably meant.
@Suite struct BadPipelineTests {
    static let good = """
        version: 1
        name: payments
        schema:
          time_zone: UTC
          fields:
            id: {type: text, role: id}
            at: {type: time, role: time}
            payer: {type: text, required: true}
            amount: {type: number, role: amount, min: 0}
            country: text
            items: {type: text, path: "cart[].name"}
            truth: {type: text, role: label}
            fraud: {type: number, role: label, known_after: 7d}
        time: {disorder: 30s}
        lists:
          risky: [KY, PA]
        entities:
          who: payer
        partitions: 2
        labels: {class: truth, negative: "no"}
        features:
          burst: count(who, 5m, amount > 2000)
          usual: "mean(who, 30d, amount)"
        detectors:
          - name: rule
            when: burst >= 3
            session: 1h
        queries:
          - {name: minutes, by: who, window: 1m, every: 30s, columns: {events: count(), total: sum(amount)}}
          - name: rising
            by: who
            sequence: [amount > 10, amount > 100]
            within: 5m

        """

    /// A text of the good file replaced by another, and the first complaint about it.
    struct Mistake: Sendable, CustomTestStringConvertible {
        var kind: String
        var old: String
        var new: String
        var complaint: String

        init(_ kind: String, _ old: String, _ new: String, _ complaint: String) {
            self.kind = kind
            self.old = old
            self.new = new
            self.complaint = complaint
        }

        var testDescription: String { kind }
    }

    @Test(arguments: mistakesOfTheFile + mistakesInExpressions + mistakesInQueries)
    func isFoundBeforeAByteIsRead(_ mistake: Mistake) throws {
        let space = try Workspace()
        #expect(Self.good.contains(mistake.old))
        let range = try #require(Self.good.range(of: mistake.old))
        try space.write(Self.good.replacingCharacters(in: range, with: mistake.new), "p.yaml")
        // There is no such recording: who looked for it before the pipeline would say so, with exit code 4.
        let result = try space.run(["replay", "none.jsonl", "--pipeline", "p.yaml", "--data-dir", "work"])
        #expect(result.status == 3)
        #expect(result.out.isEmpty)
        #expect(result.err.hasPrefix("p.yaml:" + mistake.complaint + "\n"), "\(result.err)")
        #expect(!space.exists("work"))
    }

    @Test(arguments: [
        ["train", "none.jsonl", "--out", "m"], ["evaluate", "none.jsonl"],
        ["export", "features", "none.jsonl", "--out", "f.csv"], ["export", "sql", "--events", "none.jsonl"],
    ])
    func everyCommandSaysTheSame(_ command: [String]) throws {
        let space = try Workspace()
        try space.write(Self.good.replacingOccurrences(of: "amount > 2000", with: "amout > 2000"), "p.yaml")
        let result = try space.run(command + ["--pipeline", "p.yaml"])
        #expect(result.status == 3)
        #expect(
            result.err == "p.yaml:22:25: error: there is no field or feature \"amout\"; did you mean \"amount\"?\n"
        )
        #expect(!space.exists("m") && !space.exists("f.csv"))
    }

    @Test func theGoodOneIsGood() throws {
        let space = try Workspace()
        try space.write(Self.good, "p.yaml")
        let result = try space.run(["replay", "none.jsonl", "--pipeline", "p.yaml", "--data-dir", "work"])
        #expect(result.status == 4)
    }

    @Test(arguments: [
        ("", "p.yaml:1:1: error: the file is empty"), ("# nothing\n", "p.yaml:1:1: error: the file is empty"),
        ("hello", "p.yaml:1:1: error: the pipeline file must be a map of keys and values"),
        ("a: b: c", "p.yaml:1:5: error: not YAML: mapping values are not allowed in this context"),
    ])
    func aFileThatIsNoPipeline(_ text: String, _ complaint: String) throws {
        let space = try Workspace()
        try space.write(text, "p.yaml")
        let result = try space.run(["replay", "none.jsonl", "--pipeline", "p.yaml", "--data-dir", "work"])
        #expect(result.status == 3)
        #expect(result.err.hasPrefix(complaint), "\(result.err)")
    }

    @Test func allMistakesAreToldAtOnce() throws {
        let space = try Workspace()
        let text = Self.good.replacingOccurrences(of: "amount > 2000", with: "amout > 2000")
            .replacingOccurrences(of: "mean(who", with: "maen(who")
        try space.write(text, "p.yaml")
        let result = try space.run(["replay", "none.jsonl", "--pipeline", "p.yaml", "--data-dir", "work"])
        #expect(result.err.split(separator: "\n").count == 2)
    }
}

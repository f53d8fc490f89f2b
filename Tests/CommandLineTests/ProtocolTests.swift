import Foundation
import TestKit
import Testing

/// Judging as of the time, and exports, as a user runs them. The figures themselves are compared with scikit-learn's, the
/// SQL with the engine, by the scripts in Tests/Interoperability.
@Suite struct ProtocolTests {
    private static let pipeline = """
        version: 1
        name: cards
        schema:
          fields:
            id: {type: text, role: id}
            at: {type: time, role: time}
            card: {type: text, required: true}
            amount: {type: number, role: amount}
            fraud: {type: number, role: label, known_after: 1d}
        time: {disorder: 0s, max_ahead: none}
        entities: {holder: card}
        labels: {class: fraud, map: {"0": no, "1": yes}, negative: no}
        features: {amount: amount, day_count: "count(holder, 1d)"}
        """

    /// Six days from 2026-01-01, eight events a day; a fraud is an amount above 90.
    private func workspace() throws -> Workspace {
        let space = try Workspace()
        try space.write(Self.pipeline, "p.yaml")
        var lines = ""
        for number in 0..<48 {
            let amount = (number * 37) % 100
            let hour = 3 * (number % 8)
            let at = "2026-01-0\(number / 8 + 1)T\(hour < 10 ? "0" : "")\(hour):00:00Z"
            lines += #"{"id":"e\#(number)","at":"\#(at)","card":"c\#(number % 5)","amount":\#(amount),"#
            lines += #""fraud":\#(amount > 80 ? 1 : 0)}"# + "\n"
        }
        try space.write(lines, "e.jsonl")
        return space
    }

    private static let judging = [
        "e.jsonl", "--pipeline", "p.yaml", "--train", "2026-01-02..2026-01-03", "--delay", "1d", "--test",
        "2026-01-05..2026-01-06", "-q",
    ]

    @Test func trainsJudgesAndNotes() throws {
        let space = try workspace()
        let forest = ["--out", "m", "--trees", "5", "--min-leaf", "1"]
        let costs = ["--review-cost", "5", "--miss-cost", "amount", "--capacity", "3/day"]
        let more = ["--alerts", "a.sqlite", "--scores", "s.csv", "--precision-at", "2"]
        let trained = try space.run(["train"] + Self.judging + forest + costs + more)
        #expect(trained.status == 0, "\(trained.err)")
        let value = { (name: String, lines: [String]) in
            lines.first { $0.hasPrefix(name + " ") }?.split(separator: " ").last.map(String.init)
        }
        #expect(value("train_rows", trained.lines) == "16")
        #expect(value("test_rows", trained.lines) == "16")
        #expect(value("roc_auc", trained.lines) != nil)
        #expect(value("cost_without_reviews", trained.lines) != nil)
        let scores = String(decoding: try space.read("s.csv"), as: UTF8.self).split(separator: "\n")
        #expect(scores.count == 17)
        #expect(scores[0] == "fold,event,time_us,label,score")
        #expect(scores[1].hasPrefix("0,32,1767571200000000,"))
        let judged = try space.run(["evaluate"] + Self.judging + ["--model", "m", "--precision-at", "2"] + costs)
        #expect(judged.out == trained.out)
        let json = try space.run(["evaluate"] + Self.judging + ["--model", "m", "--format", "json"])
        let object = try #require(try JSONSerialization.jsonObject(with: json.output) as? [String: Any])
        #expect(object["test_rows"] as? Int == 16)
    }

    @Test func foldsGoBackAndTheSameSeedGivesTheSame() throws {
        let space = try workspace()
        let arguments = [
            "e.jsonl", "--pipeline", "p.yaml", "--train", "2026-01-03..2026-01-04", "--delay", "1d", "--test",
            "2026-01-06..2026-01-06", "--folds", "2", "--trees", "3", "--exclude-known", "holder", "-q",
        ]
        let first = try space.run(["train", "--out", "m"] + arguments)
        let second = try space.run(["train", "--out", "n", "--threads", "1"] + arguments)
        #expect(first.status == 0, "\(first.err)")
        #expect(first.out == second.out)
        #expect(first.lines[0].contains("deviation"))
    }

    @Test(arguments: [
        (["--train", "2026-01-02..2026-01-04", "--test", "2026-01-05..2026-01-06", "--delay", "1d"], "--delay"),
        (["--train", "2026-01-04..2026-01-02", "--test", "2026-01-05..2026-01-06"], "2026-01-04..2026-01-02"),
        (["--test", "2026-01-05..2026-01-06"], "--test needs --train"),
        (["--folds", "2"], "--folds needs --test"),
        (["--exclude-known", "holder"], "need --test"),
        (["--review-cost", "5"], "belong together"),
        (
            ["--train", "2026-01-02..2026-01-03", "--test", "2026-01-05..2026-01-06", "--exclude-known", "holdr"],
            "did you mean \"holder\"?"
        ),
        (
            ["--train", "2026-01-02..2026-01-03", "--test", "2026-01-05..2026-01-06", "--recall-by", "frad"],
            "did you mean \"fraud\"?"
        ),
        (
            [
                "--train", "2026-01-02..2026-01-03", "--test", "2026-01-05..2026-01-06", "--review-cost", "1",
                "--miss-cost", "amunt",
            ], "did you mean \"amount\"?"
        ),
    ])
    func wrongCallsSaySo(_ arguments: [String], _ words: String) throws {
        let space = try workspace()
        let result = try space.run(["train", "e.jsonl", "--pipeline", "p.yaml", "--out", "m", "-q"] + arguments)
        #expect(result.status == 2)
        #expect(result.err.contains(words), "\(result.err)")
        #expect(!space.exists("m"))
    }

    @Test func featuresAreWrittenOncePerAcceptedEvent() throws {
        let space = try workspace()
        var events = String(decoding: try space.read("e.jsonl"), as: UTF8.self)
        // Late, repeated and broken: no rows.
        events += #"{"id":"late","at":"2026-01-01T00:00:00Z","card":"c","amount":1,"fraud":0}"# + "\n"
        events += #"{"id":"e47","at":"2026-01-06T21:00:00Z","card":"c2","amount":1,"fraud":0}"# + "\n{\n"
        events += #"{"id":"last","at":"2026-01-06T21:00:00.5Z","card":"c3","fraud":0}"# + "\n"
        try space.write(events, "e.jsonl")
        let result = try space.run(["export", "features", "e.jsonl", "--pipeline", "p.yaml", "--out", "-", "-q"])
        #expect(result.status == 0)
        #expect(result.err == "52 events = 49 ok + 1 late + 1 duplicate + 1 rejected\n")
        #expect(result.lines.count == 50)
        #expect(result.lines[0] == "event,partition,offset,time_us,amount,day_count")
        #expect(result.lines[1] == "0,0,0,1767225600000000,0,1")
        #expect(result.lines[49] == "51,0,51,1767733200500000,,2")
        let array = try space.run(["export", "features", "e.jsonl", "--pipeline", "p.yaml", "--out", "f.npy", "-q"])
        #expect(array.status == 0)
        #expect(try space.read("f.npy").count % 64 == (49 * 6 * 8) % 64)
        // A file that is there is not overwritten.
        let again = try space.run(["export", "features", "e.jsonl", "--pipeline", "p.yaml", "--out", "f.npy", "-q"])
        #expect(again.status == 5)
    }

    @Test func theScriptIsTheSameForTheSamePlan() throws {
        let space = try workspace()
        let arguments = ["export", "sql", "--pipeline", "p.yaml", "--events", "e.jsonl"]
        let first = try space.run(arguments)
        #expect(first.status == 0)
        #expect(first.out == (try space.run(arguments)).out)
        // In the order of time: OVER; with disorder: a join.
        #expect(first.out.contains("RANGE BETWEEN") && !first.out.contains("LEFT JOIN _events"))
        try space.write(Self.pipeline.replacingOccurrences(of: "disorder: 0s", with: "disorder: 1s"), "p.yaml")
        let other = try space.run(arguments)
        #expect(!other.out.contains("RANGE BETWEEN") && other.out.contains("LEFT JOIN _events"))
    }
}

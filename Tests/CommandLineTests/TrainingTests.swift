import Foundation
import TestKit
import Testing

/// Each algorithm through the executable: trained the same on any number of threads, kept, used and judged.
@Suite struct TrainingTests {
    private func workspace() throws -> Workspace {
        let space = try Workspace()
        try space.run(["simulate", "--events", "6000", "--out", "e.jsonl", "--fraud-share", "0.3"])
        return space
    }

    @Test(arguments: [
        ["--algorithm", "forest", "--trees", "10", "--balanced"],
        ["--algorithm", "boosting", "--trees", "12", "--early-stopping-rounds", "5", "--subsample", "0.8"],
        ["--algorithm", "boosting", "--trees", "6", "--num-leaves", "8", "--calibration", "isotonic"],
        ["--algorithm", "isolation", "--trees", "20", "--calibration", "platt"],
    ])
    func everyAlgorithmTrainsAndIsUsed(_ options: [String]) throws {
        let space = try workspace()
        for (name, threads) in [("a", "1"), ("b", "2")] {
            let trained = try space.run(["train", "e.jsonl", "--out", name, "--threads", threads, "-q"] + options)
            try #require(trained.status == 0, "\(trained.err)")
        }
        #expect(try space.read("a/model.json") == space.read("b/model.json"))
        let card = String(decoding: try space.read("a/card.json"), as: UTF8.self)
        for part in ["gain_importance", "permutation_importance", "\"algorithm\":\"\(options[1])\"", "roc_auc"] {
            #expect(card.contains(part), "\(part)")
        }
        #expect(card.contains("calibration_error") == options.contains("--calibration"))
        let report = try space.run(["evaluate", "e.jsonl", "--model", "a", "--format", "json", "-q"])
        #expect(report.status == 0, "\(report.err)")
        let replay = try space.run(["replay", "e.jsonl", "--model", "a", "--data-dir", "d", "-q"])
        #expect(replay.status == 0, "\(replay.err)")
    }

    @Test func isolationNeedsNoLabels() throws {
        let space = try Workspace()
        let pipeline = """
            version: 1
            name: plain
            schema:
              fields:
                id: {type: text, role: id}
                at: {type: time, role: time}
                card: {type: text, required: true}
                amount: {type: number, role: amount}
            time: {disorder: 0s, max_ahead: none}
            entities: {holder: card}
            features: {amount: amount, day_count: "count(holder, 1d)"}
            """
        try space.write(pipeline, "p.yaml")
        let lines = (0..<400).map { number in
            #"{"id":"e\#(number)","at":"2026-01-\#(10 + number / 24)T\#(10 + number % 12):00:00Z","#
                + #""card":"c\#(number % 5)","amount":\#(number % 97)}"#
        }
        try space.write(lines.joined(separator: "\n") + "\n", "e.jsonl")
        let train = ["train", "e.jsonl", "--pipeline", "p.yaml", "-q", "--out", "m"]
        let refused = try space.run(train)
        #expect(refused.status == 3 && refused.err.contains("--algorithm isolation"), "\(refused.err)")
        let trained = try space.run(train + ["--algorithm", "isolation", "--trees", "10"])
        #expect(trained.status == 0, "\(trained.err)")
        #expect(String(decoding: try space.read("m/card.json"), as: UTF8.self).contains("\"negative\":null"))
    }

    @Test func benchTrainReadsTables() throws {
        let space = try Workspace()
        func table(_ count: Int, _ seed: Int) -> String {
            (0..<count).reduce(into: "a,b,label\n") { text, row in
                let (a, b) = ((row * 37 + seed) % 101, (row * 53 + seed) % 97)
                text += "\(a),\(b % 7 == 0 ? "" : String(b)),\(a > 70 ? 1 : 0)\n"
            }
        }
        try space.write(table(2000, 1), "train.csv")
        try space.write(table(500, 2), "test.csv")
        for algorithm in ["forest", "boosting", "isolation"] {
            let result = try space.run([
                "bench", "train", "train.csv", "--test", "test.csv", "--algorithm", algorithm, "--trees", "20",
                "--runs",
                "1", "--format", "csv", "--scores", "s.txt",
            ])
            #expect(result.status == 0, "\(result.err)")
            #expect(result.lines.contains { $0.hasPrefix("cpu_s,") })
            #expect(try space.read("s.txt").count { $0 == 0x0A } == 500)
            if algorithm != "isolation" { #expect(result.lines.contains("roc_auc,1.0")) }
        }
        let lost = try space.run(["bench", "train", "train.csv", "--test", "test.csv", "--label", "c"])
        #expect(lost.status != 0 && lost.err.contains("--label"), "\(lost.err)")
    }
}

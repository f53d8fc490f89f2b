import Foundation
import TestKit
import Testing

/// The built executable, run as a user runs it.
@Suite final class CommandLineTests {
    private let space: Workspace
    private var folder: String { space.folder }

    init() throws { space = try Workspace() }

    @discardableResult
    private func run(_ arguments: [String], input: String = "") throws -> Workspace.Result {
        try space.run(arguments, input: Data(input.utf8))
    }

    private func write(_ text: String, _ name: String) throws { try space.write(text, name) }

    private func digest(_ result: Workspace.Result) -> String? { result.digest }

    @Test func everyCommandHasHelpWithExamples() throws {
        for command in ["replay", "query", "train", "evaluate", "simulate", "demo"] {
            let help = try run([command, "--help"])
            #expect(help.status == 0)
            #expect(help.out.contains("  patternalarm \(command)"), "\(command)")
        }
        #expect(try run(["--version"]).out == "0.1.0\n")
        for wrong in [
            ["replay"], ["no-such-verb"], ["replay", "x", "--speed", "fast"], ["simulate", "--events", "-1"],
        ] {
            let result = try run(wrong)
            #expect(result.status == 2, "\(wrong)")
            #expect(result.out.isEmpty && !result.err.isEmpty)
        }
    }

    @Test func badEventsAreListedAndTheGoodOnesKept() throws {
        try run(["simulate", "--events", "300", "--out", "good.jsonl"])
        let good = try String(contentsOfFile: folder + "/good.jsonl", encoding: .utf8).split(separator: "\n")
        let long = String(repeating: "x", count: 2_000_000)
        let bad = [
            "{\"transaction_id\":", "not json",
            good[0].replacingOccurrences(of: "\"amount\":", with: "\"amount\":\"x\",\"b\":"),
            good[1].replacingOccurrences(of: "\"actor_id\"", with: "\"actor\""),
            good[2].replacingOccurrences(of: "2026-01-05", with: "2026-13-05"),
            good[3].replacingOccurrences(of: "2026-01-05", with: "2099-01-05"),
            good[4].replacingOccurrences(of: "\"amount\":", with: "\"amount\":-"), "{\"a\":\"\(long)\"}",
        ]
        try write((good[..<100] + bad.map { $0[...] } + good[100...]).joined(separator: "\n"), "mixed.jsonl")
        let result = try run(["replay", "mixed.jsonl", "--data-dir", "d"])
        #expect(result.status == 0)
        #expect(result.err.contains("308 events = 300 ok + 0 late + 0 duplicate + 8 rejected"))
        // Running it again takes nothing twice, and the log alone gives the same.
        let again = try run(["replay", "mixed.jsonl", "--data-dir", "d"])
        #expect(digest(again) == digest(result))
        try FileManager.default.removeItem(atPath: folder + "/d/alerts.sqlite")
        #expect(try digest(run(["replay", "--resume", "--data-dir", "d"])) == digest(result))
        let stopped = try run(["replay", "mixed.jsonl", "--data-dir", "e", "--max-errors", "2"])
        #expect(stopped.status == 4)
        #expect(stopped.err.contains("--max-errors"))
    }

    @Test func badPipelinesAndModelsAreExitThree() throws {
        try write("{}\n", "x.jsonl")
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        let pipeline = try String(contentsOfFile: source + "/../../Data/pipelines/patternalarm.yaml", encoding: .utf8)
        try write(pipeline.replacingOccurrences(of: "{value: amount,", with: "{value: amout,"), "bad.yaml")
        let bad = try run(["replay", "x.jsonl", "--pipeline", "bad.yaml"])
        #expect(bad.status == 3)
        #expect(bad.err.contains("bad.yaml:"))
        #expect(bad.err.contains("did you mean \"amount\"?"))
        try write(pipeline.replacingOccurrences(of: "  usd_share:", with: "  usd_shares:"), "other.yaml")
        let unfit = try run(["replay", "x.jsonl", "--pipeline", "other.yaml"])
        #expect(unfit.status == 3)
        #expect(unfit.err.contains("\"usd_share\""))
        #expect(try run(["replay", "x.jsonl", "--model", "nowhere"]).status == 3)
        #expect(try run(["replay", "gone.jsonl", "--data-dir", "d"]).status == 4)
        #expect(!FileManager.default.fileExists(atPath: folder + "/patternalarm-data"))
    }

    @Test func csvAndJSONGiveTheSameAlerts() throws {
        try space.writePaymentsPipeline()
        var csv = "id,at,payer,amount\n"
        var json = ""
        for index in 0..<50 {
            let (time, payer, amount) = (
                "2026-01-01T00:\(10 + index):00Z", "p\(index % 3)", index % 2 == 0 ? "2500" : "10.5"
            )
            csv += "\"e\(index)\",\(time),\(payer),\(amount)\n"
            json += "{\"id\":\"e\(index)\",\"at\":\"\(time)\",\"payer\":\"\(payer)\",\"amount\":\(amount)}\n"
        }
        try write(csv, "p.csv")
        try write(json, "p.jsonl")
        let first = try run(["replay", "p.csv", "--pipeline", "p.yaml", "--data-dir", "a"])
        let second = try run(["replay", "-", "--pipeline", "p.yaml", "--data-dir", "b"], input: json)
        #expect(first.err.contains("50 events = 50 ok"))
        #expect(digest(first) == digest(second))
    }

    @Test func aLogKeepsItsNumberOfPartitions() throws {
        try run(["simulate", "--events", "100", "--out", "x.jsonl"])
        try run(["replay", "x.jsonl", "--data-dir", "d"])
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        let pipeline = try String(contentsOfFile: source + "/../../Data/pipelines/patternalarm.yaml", encoding: .utf8)
        try write(pipeline.replacingOccurrences(of: "partitions: 2", with: "partitions: 3"), "three.yaml")
        let result = try run(["replay", "x.jsonl", "--data-dir", "d", "--pipeline", "three.yaml"])
        #expect(result.status == 5)
        #expect(result.err.contains("has 2 partitions, the pipeline says 3"))
    }

    /// Killed at many places, the replay ends as if it had never been.
    @Test func killsLeaveNoTrace() throws {
        try run(["simulate", "--events", "20000", "--out", "events.jsonl", "--seed", "3"])
        let expected = try digest(run(["replay", "events.jsonl", "--data-dir", "whole"]))
        for milliseconds in stride(from: 20, through: 400, by: 40) {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Workspace.binary)
            process.arguments = ["replay", "events.jsonl", "--data-dir", "killed", "-q", "--batch-size", "100"]
            process.currentDirectoryURL = URL(fileURLWithPath: folder)
            process.standardError = FileHandle.nullDevice
            let finished = DispatchSemaphore(value: 0)
            process.terminationHandler = { _ in finished.signal() }
            try process.run()
            if finished.wait(timeout: .now() + .milliseconds(milliseconds)) == .timedOut {
                kill(process.processIdentifier, SIGKILL)
                finished.wait()
            }
        }
        #expect(try digest(run(["replay", "events.jsonl", "--data-dir", "killed"])) == expected)
        #expect(try run(["log", "verify", "--data-dir", "killed"]).status == 0)
    }

    @Test func trainingIsReproducible() throws {
        try run(["simulate", "--events", "6000", "--out", "events.jsonl", "--fraud-share", "0.3"])
        for (name, threads) in [("a", "1"), ("b", "2")] {
            let result = try run(["train", "events.jsonl", "--out", name, "--trees", "10", "--threads", threads, "-q"])
            #expect(result.status == 0, "\(result.err)")
        }
        let first = try #require(FileManager.default.contents(atPath: folder + "/a/model.json"))
        #expect(FileManager.default.contents(atPath: folder + "/b/model.json") == first)
        #expect(try run(["train", "events.jsonl", "--out", "a"]).status == 2)
        let report = try run(["evaluate", "events.jsonl", "--model", "a", "--format", "json", "-q"])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(report.out.utf8)) as? [String: Any])
        #expect(Set(object.keys) == ["ledger", "per_event", "per_session", "first_alert", "digest"])
    }

    @Test func alertsAreShownInEveryFormat() throws {
        try run(["simulate", "--events", "5000", "--out", "events.jsonl"])
        try run(["replay", "events.jsonl", "--data-dir", "d"])
        let csv = try run(["alerts", "list", "--data-dir", "d", "--format", "csv", "--limit", "5"])
        let lines = csv.out.split(separator: "\n")
        #expect(lines.count == 6)
        let id = try #require(lines[1].split(separator: ",").first.map(String.init))
        #expect(try run(["alerts", "show", id, "--data-dir", "d"]).out.contains("why"))
        let shown = try run(["alerts", "show", String(id.prefix(12)), "--data-dir", "d", "--format", "json"])
        _ = try JSONSerialization.jsonObject(with: Data(shown.out.utf8))
        for line in try run(["alerts", "list", "--data-dir", "d", "--format", "jsonl"]).out.split(separator: "\n") {
            _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
        }
        #expect(try run(["alerts", "list", "--data-dir", "nowhere"]).status == 5)
        #expect(try run(["log", "cat", "--data-dir", "d", "--limit", "3"]).out.split(separator: "\n").count == 3)
    }
}

import Foundation
import Testing

/// What a pipeline file means decides whether alerts are made anew, not how it is written.
@Suite struct PipelineIdentityTests {
    private static let source: String = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        return folder + "/../../Data/pipelines/patternalarm.yaml"
    }()

    private func hash(_ pipeline: String, in space: Workspace) throws -> String {
        let result = try space.run(["check", pipeline, "--parts", "--format", "csv"])
        try #require(result.status == 0, "\(result.err)")
        return String(result.lines[1].split(separator: ",")[2])
    }

    /// Whoever runs these has alerts and checkpoints that are kept as long as the hashes are.
    @Test func builtInPipelinesAreKnownByWhatTheyWere() throws {
        let space = try Workspace()
        #expect(
            try hash("patternalarm", in: space) == "d1777a323b43e061c53bc0d6cf55525539de4db3b017726fcb07a681f6226a59"
        )
        #expect(try hash("handbook", in: space) == "4f004bec7dc92be087c9e88c497b785702b34e406b191bd0939c9cb765b80aea")
        #expect(
            try hash("card_stream", in: space) == "fb0e348db14b0f2b1d4b32aca9051e78b536d318fa96cff74973d5fbf38c2a70"
        )
    }

    /// A directory of version 4 knows its pipeline by another hash: it is found to be the same, and nothing is made anew.
    @Test func aDirectoryOfBeforeIsTakenOn() throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "6000", "--out", "e.jsonl", "--seed", "5"])
        let digest = try space.run(["replay", "e.jsonl", "-q", "--data-dir", "d"]).digest
        let old = "1e138cc106c228003db6d057115431f385da04f6ebbdc4bffdfcab22653cf0b4"
        // An alert that no log gives tells whether the others are made anew.
        let mark =
            "UPDATE alerts SET amount = amount + 1; UPDATE runs SET pipeline_sha = '\(old)'; DROP TABLE features; ALTER TABLE runs DROP COLUMN kind;"
        let version = "DELETE FROM grdb_migrations WHERE identifier = '5'; PRAGMA user_version = 4;"
        _ = try space.ask(Workspace.toVersion5 + mark + version)
        try space.forgetActivations()
        let marked = try space.ask("SELECT sum(amount) FROM alerts")
        let result = try space.run(["replay", "--resume", "-q", "--data-dir", "d"])
        #expect(result.status == 0 && !result.err.contains("rebuilt"), "\(result.err)")
        #expect(try space.ask("SELECT sum(amount) FROM alerts") == marked)
        let new = try hash("patternalarm", in: space)
        #expect(try space.ask("SELECT pipeline_sha FROM runs ORDER BY run_id DESC LIMIT 1") == new)
        #expect(try space.ask("SELECT count(*) FROM features WHERE title = 'events in the session'") == "1")
        // Of another pipeline than it was they are made anew.
        _ = try space.ask("DELETE FROM activations; UPDATE runs SET pipeline_sha = '0\(old.dropFirst())'")
        try space.forgetActivations()
        let rebuilt = try space.run(["replay", "--resume", "-q", "--data-dir", "d"])
        #expect(rebuilt.err.contains("alerts are rebuilt") && rebuilt.digest == digest, "\(rebuilt.err)")
    }

    /// Order and titles are how alerts are shown: those that are there get the new ones, and are what a fresh run gives.
    @Test func orderAndTitlesAreTakenOverByTheAlertsThatAreThere() throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "6000", "--out", "e.jsonl", "--seed", "5"])
        var lines = try String(contentsOfFile: Self.source, encoding: .utf8).components(separatedBy: "\n")
        try space.write(lines.joined(separator: "\n"), "p.yaml")
        let replay = ["replay", "e.jsonl", "-q", "--data-dir"]
        let before = try space.run(replay + ["d", "--pipeline", "p.yaml"])
        try space.decide(20)
        let said = try space.ask("SELECT * FROM triage")
        let first = try #require(lines.firstIndex(of: "features:")) + 1
        let end = try #require(lines.firstIndex(of: "detectors:"))
        let features = lines[first..<end].filter { !$0.isEmpty }.reversed().map {
            $0.replacing("events in the session", with: "how many in \\\"one\\\" go")
        }
        lines.replaceSubrange(first..<end, with: ["  # the other way round"] + features)
        try space.write(lines.joined(separator: "\n"), "q.yaml")
        #expect(try hash("q.yaml", in: space) == (try hash("p.yaml", in: space)))

        let verify = ["verify", "--deep", "-q", "--data-dir", "d", "--pipeline"]
        for file in ["p.yaml", "q.yaml"] { #expect(try space.run(verify + [file]).status == 0, "\(file)") }
        let taken = try space.run(replay + ["d", "--pipeline", "q.yaml"])
        let fresh = try space.run(replay + ["f", "--pipeline", "q.yaml"])
        #expect(fresh.digest != nil && taken.digest == fresh.digest && fresh.digest != before.digest)
        #expect(!taken.err.contains("rebuilt"), "\(taken.err)")
        #expect(try space.ask("SELECT count(*) FROM alert_reasons WHERE title LIKE 'how many in \"one\"%'") != "0")
        #expect(try space.ask("SELECT * FROM triage") == said)
        for file in ["p.yaml", "q.yaml"] { #expect(try space.run(verify + [file]).status == 0, "\(file)") }
        // And back.
        #expect(try space.run(replay + ["d", "--pipeline", "p.yaml"]).digest == before.digest)
    }
}

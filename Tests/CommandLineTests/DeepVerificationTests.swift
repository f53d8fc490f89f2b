import Foundation
import Testing

/// `verify --deep` says what is so: of a log that was cut at its beginning, and beside a writer.
@Suite struct DeepVerificationTests {
    private static let verify = ["verify", "--deep", "-q", "--data-dir", "d"]

    private func retained() throws -> Workspace {
        let space = try Workspace.withTwoSegments()
        try #require(try space.run(Self.verify).status == 0)
        let result = try space.run(["log", "retain", "--bytes", "0", "--data-dir", "d"])
        try #require(result.err.contains("2 segments removed"), "\(result.out) \(result.err)")
        return space
    }

    /// What can no longer be made again is no difference, and what can be is compared to the row.
    @Test func whatTheLogHasLostIsNamedAndTheRestCompared() throws {
        let space = try retained()
        let sound = try space.run(Self.verify)
        #expect(sound.status == 0, "\(sound.out) \(sound.err)")
        #expect(sound.out.contains("is no longer in the log: compared from offset"), "\(sound.out)")
        let last = "(SELECT alert_id FROM alerts ORDER BY opened_offset DESC LIMIT 1)"
        for change in [
            "UPDATE alerts SET amount = amount + 1 WHERE alert_id = \(last)",
            "DELETE FROM alert_reasons WHERE alert_id = \(last)",
            Workspace.deletingAlerts("alert_id = \(last)"),
        ] {
            try space.copy("d", to: "x")
            _ = try space.ask(change, of: "x/alerts.sqlite")
            let changed = try space.run(["verify", "--deep", "-q", "--data-dir", "x"])
            #expect(changed.status == 1, "\(change): \(changed.out) \(changed.err)")
            #expect(changed.err.contains("alerts rebuild --data-dir x"))
            try space.remove("x")
        }
    }

    /// Without a checkpoint everything depends on what is gone.
    @Test func withoutACheckpointNothingIsClaimed() throws {
        let space = try retained()
        try space.remove("d/state")
        let result = try space.run(Self.verify)
        #expect(result.status == 7 && result.err.contains("has no checkpoint"), "\(result.out) \(result.err)")
        #expect(!result.out.contains("equal"))
    }

    /// Alerts of events that were lost to damage are as little a difference, and no advice costs them.
    @Test func whatDamageHasCostIsNamedAndTheRestCompared() throws {
        let space = try Workspace.withTwoSegments()
        let before = try space.run(["replay", "--resume", "-q", "--data-dir", "d"]).digest
        let segment = "d/log/patternalarm-0/00000000000000000000.log"
        try space.flip(segment, at: try space.read(segment).count / 2)
        let repaired = try space.run(["log", "repair", "--quarantine", "--data-dir", "d"])
        try #require(repaired.status == 0 && repaired.err.contains("records are lost"), "\(repaired.err)")
        #expect(try space.run(["replay", "--resume", "-q", "--data-dir", "d"]).digest == before)
        let words = "of partition 0 were lost to damage of the log: "
        let sound = try space.run(Self.verify)
        #expect(sound.status == 0 && sound.out.contains(words + "compared from offset"), "\(sound.out) \(sound.err)")
        try space.copy("d", to: "anew")
        let rebuild = ["alerts", "rebuild", "-q", "--data-dir", "d"]
        // What is behind is compared to the row, and made anew; what is before is kept.
        _ = try space.ask(
            "UPDATE alerts SET amount = amount + 1 WHERE opened_offset > (SELECT max(opened_offset) - 50 FROM alerts)"
        )
        #expect(try space.run(Self.verify).status == 1)
        #expect(try space.run(rebuild).digest == before)
        #expect(try space.run(Self.verify).status == 0)
        // Without a state nothing of the partition can be compared, or made anew.
        try space.remove("d/state")
        let blind = try space.run(Self.verify)
        #expect(blind.status == 0 && blind.out.contains("nothing of it is compared, up to offset"), "\(blind.err)")
        #expect(try space.run(rebuild).digest == before)
        // Alerts that were made behind the loss know of it: everything is compared.
        try space.script("rm anew/alerts.sqlite*")
        #expect(try space.run(["replay", "--resume", "-q", "--data-dir", "anew"]).status == 0)
        let anew = try space.run(["verify", "--deep", "-q", "--data-dir", "anew"])
        #expect(anew.status == 0 && !anew.out.contains("lost to damage"), "\(anew.out) \(anew.err)")
    }

    /// One moment is compared, whatever a writer does meanwhile.
    @Test func aWriterMayBeAtWork() throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "60000", "--out", "e.jsonl", "--seed", "5"])
        let earlier = ["--seed", "6", "--start", "2026-01-05T07:00:00Z"]
        try space.run(["simulate", "--events", "1000", "--out", "f.jsonl"] + earlier)
        try #require(try space.run(["replay", "f.jsonl", "-q", "--data-dir", "d"]).status == 0)
        let command = [
            Workspace.binary, "replay", "e.jsonl", "-q", "--speed", "200x", "--checkpoint-events", "500", "--data-dir",
            "d",
        ]
        let process = try space.start(command, out: "replay-out", err: "replay-err")
        defer { process.terminate() }
        var calls = 0
        while process.isRunning, calls < 12 {
            let result = try space.run(Self.verify)
            #expect(result.status == 0, "call \(calls): \(result.out) \(result.err)")
            calls += 1
        }
        #expect(calls > 2)
    }
}

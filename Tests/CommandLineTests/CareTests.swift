import Foundation
import Testing

/// Looking at a data directory and after it: stats, state, verify, backup, models check, alerts that are given up.
@Suite struct CareTests {
    private func prepared(events: Int = 3000) throws -> (space: Workspace, digest: String) {
        let space = try Workspace()
        try space.run(["simulate", "--events", "\(events)", "--out", "e.jsonl", "--seed", "5"])
        let digest = try #require(try space.run(["replay", "e.jsonl", "-q", "--data-dir", "d"]).digest)
        return (space, digest)
    }

    private func stats(_ space: Workspace, _ directory: String) throws -> [String: Int] {
        let output = try space.run(["stats", "--data-dir", directory, "--format", "json"]).output
        return try #require(try JSONSerialization.jsonObject(with: output) as? [String: Int])
    }

    @Test func statsAddUp() throws {
        let (space, _) = try prepared()
        let found = try stats(space, "d")
        #expect(found["events"] == 3000 && found["lag"] == 0)
        let sum = ["ok", "late", "duplicate", "rejected", "lag"].reduce(0) { $0 + (found[$1] ?? -1) }
        #expect(sum == found["events"])
        #expect(found["accepted"] == (found["events"] ?? 0) - (found["rejected"] ?? 0))
    }

    /// What was computed is what the log gives; an alert that was changed by hand is found.
    @Test func deepVerificationFindsAChangedAlert() throws {
        let (space, _) = try prepared()
        let sound = try space.run(["verify", "--deep", "-q", "--data-dir", "d"])
        #expect(sound.status == 0 && sound.out.contains("equal, row for row"), "\(sound.err)")
        try space.script("sqlite3 d/alerts.sqlite 'UPDATE alerts SET amount = amount + 1'")
        let changed = try space.run(["verify", "--deep", "-q", "--data-dir", "d"])
        #expect(changed.status == 1 && changed.err.contains("alerts: "), "\(changed.status) \(changed.err)")
    }

    /// Every byte of a checkpoint matters, and none is needed.
    @Test func aDamagedCheckpointIsToldAndDoneWithout() throws {
        let (space, digest) = try prepared()
        let folder = space.path("d/state/patternalarm-0")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            try space.flip("d/state/patternalarm-0/" + name, at: 40)
        }
        let verified = try space.run(["verify", "--data-dir", "d"])
        #expect(verified.status == 7 && verified.err.contains("checkpoint"), "\(verified.err)")
        #expect(verified.err.contains("remove nothing by hand"), "\(verified.err)")
        #expect(try space.run(["state", "checkpoints", "--data-dir", "d"]).status == 7)
        let again = try space.run(["replay", "e.jsonl", "-q", "--data-dir", "d"])
        #expect(again.status == 0 && again.digest == digest && again.err.contains("is damaged"), "\(again.err)")
        #expect(try space.run(["verify", "--data-dir", "d"]).status == 0, "The next checkpoint has taken their place.")
    }

    @Test func whatIsHeldForAKeyCanBeSeen() throws {
        let (space, _) = try prepared()
        let keys = try space.run(["state", "ls", "--entity", "actor", "--format", "csv", "--data-dir", "d"]).lines
        #expect(keys.count > 10)
        let fields = try #require(keys.dropFirst().first).split(separator: ",").map(String.init)
        let (key, count) = (fields[2], Int(fields[3]))
        let events = try space.run(["state", "ls", "--key", key, "--format", "jsonl", "--data-dir", "d"]).lines
        #expect(events.count == count && events.allSatisfy { $0.contains(key) })
        // The same from the log's beginning as from the checkpoint.
        let slow = ["state", "ls", "--key", key, "--format", "jsonl", "--data-dir", "d", "--from-checkpoint", "none"]
        #expect(try space.run(slow).lines == events)
        let early = try space.run(slow + ["--offset", "0"]).lines
        #expect(early.isEmpty)
        #expect(try space.run(["state", "ls", "--entity", "actro", "--data-dir", "d"]).err.contains("\"actor\""))
    }

    /// A replay that stops at a time and goes on later ends as one that never stopped.
    @Test func aReplayStopsAtATime() throws {
        let (space, digest) = try prepared()
        let lines = String(decoding: try space.read("e.jsonl"), as: UTF8.self).split(separator: "\n")
        let middle = try #require(lines[1500].range(of: #""timestamp":"[^"]*""#, options: .regularExpression))
        let time = lines[1500][middle].dropFirst(13).dropLast()
        let stopped = try space.run(["replay", "e.jsonl", "-q", "--data-dir", "u", "--until", "\(time)"])
        #expect(stopped.status == 0, "\(stopped.err)")
        let count = try stats(space, "u")["events"] ?? 0
        #expect((1...1500).contains(count))
        #expect(try space.run(["replay", "e.jsonl", "-q", "--data-dir", "u"]).digest == digest)
    }

    @Test func aBackupIsRestoredAndGoesOn() throws {
        let (space, digest) = try prepared()
        #expect(try space.run(["backup", "copy", "--data-dir", "d"]).status == 0)
        #expect(try space.run(["restore", "copy", "--data-dir", "r"]).status == 0)
        #expect(try space.run(["replay", "e.jsonl", "-q", "--data-dir", "r"]).digest == digest)
        #expect(try space.run(["restore", "copy", "--data-dir", "r"]).status == 2)
        let log = "copy/log/patternalarm-0/00000000000000000000.log"
        try space.flip(log, at: 100)
        let damaged = try space.run(["restore", "copy", "--data-dir", "r2"])
        #expect(damaged.status == 7 && damaged.err.contains("is not what was backed up") && !space.exists("r2"))
        try space.remove("copy/backup.txt")
        #expect(try space.run(["restore", "copy", "--data-dir", "r2"]).status == 7)
    }

    @Test func oldAlertsAreGivenUpAndNotMissed() throws {
        let (space, _) = try prepared(events: 60_000)
        let all = try stats(space, "d")["alerts"] ?? 0
        let short = try space.run(["replay", "e.jsonl", "-q", "--data-dir", "t", "--alert-ttl", "10s"])
        #expect(short.status == 0, "\(short.err)")
        let kept = try stats(space, "t")["alerts"] ?? 0
        #expect(kept < all)
        #expect(try space.run(["verify", "--deep", "-q", "--data-dir", "t"]).status == 0)
        let cut = try space.run([
            "replay", "e.jsonl", "-q", "--data-dir", "t2", "--alert-ttl", "10s", "--batch-size", "9",
        ])
        #expect(cut.digest == short.digest, "What is given up depends on event time only.")
        #expect(try space.run(["alerts", "vacuum", "--older-than", "10s", "--data-dir", "d"]).status == 0)
        #expect(try stats(space, "d")["alerts"] == kept)
        #expect(try space.run(["verify", "--deep", "-q", "--data-dir", "d"]).status == 0)
    }

    @Test func modelsAreChecked() throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "4000", "--out", "e.jsonl", "--seed", "5"])
        let trained = try space.run(["train", "e.jsonl", "--out", "m", "--trees", "3"])
        try #require(trained.status == 0, "\(trained.err)")
        let sound = try space.run(["models", "check", "m", "--pipeline", "patternalarm", "--format", "json"])
        #expect(sound.status == 0 && sound.out.contains("\"trees\":3"), "\(sound.out) \(sound.err)")
        let size = try space.read("m/model.json").count
        try space.flip("m/model.json", at: size / 2)
        let damaged = try space.run(["models", "check", "m/model.json"])
        #expect(damaged.status == 3 && !damaged.err.isEmpty, "\(damaged.err)")
    }
}

import Foundation
import Testing

/// A data directory that cannot be written, or has no alerts yet, can be looked at and copied.
@Suite struct ReadOnlyTests {
    private static let looks = [
        "verify", "verify --deep -q", "stats", "alerts list", "log verify", "log stats", "log ls", "state checkpoints",
        "state ls --limit 3", "log retain --bytes 1GB --dry-run",
    ]

    private func prepared() throws -> Workspace {
        let space = try Workspace()
        try space.run(["simulate", "--events", "3000", "--out", "e.jsonl", "--seed", "5"])
        try #require(try space.run(["replay", "e.jsonl", "-q", "--data-dir", "d"]).status == 0)
        return space
    }

    /// Runs commands one after another where `d` is also to be seen as `m`, which cannot be written; what they said and how
    /// they ended.
    private func statuses(_ commands: [String], _ space: Workspace) throws -> [String] {
        let script = """
            mkdir m && mount --bind d m && mount -o remount,bind,ro m || exit 99
            \(commands.map { "\"$0\" \($0) > out 2> err; echo \"$? \($0) $(cat err)\"" }.joined(separator: "\n"))
            """
        let result = try space.script(script, under: ["unshare", "-m"])
        try #require(result.status == 0, "\(result.err)")
        return result.lines
    }

    @Test(.enabled(if: Tools.canMount, "file systems cannot be mounted"))
    func aClosedDirectoryOnAReadOnlyMountIsReadAndCopied() throws {
        let space = try prepared()
        let id = try space.ask("SELECT min(alert_id) FROM alerts")
        let looks = (Self.looks + ["alerts show \(id)", "backup copy"]).map { $0 + " --data-dir m" }
        for line in try statuses(looks, space) { #expect(line.hasPrefix("0 "), "\(line)") }
        #expect(try space.run(["restore", "copy", "--data-dir", "r"]).status == 0)
        #expect(try space.run(["verify", "--deep", "-q", "--data-dir", "r"]).status == 0)
        // What is still in the write-ahead log cannot be read there: the way out is said, and nothing is left behind.
        try space.write("no log, but something that belongs to the file", "d/alerts.sqlite-wal")
        try space.remove("m")
        let refused = ["stats", "backup again", "replay e.jsonl"].map { $0 + " --data-dir m" }
        for line in try statuses(refused, space) {
            #expect(line.hasPrefix("5 "), "\(line)")
            #expect(line.contains("copy the whole folder") || line.contains("replay"), "\(line)")
        }
        #expect(!space.exists("again"))
    }

    /// What an early power cut leaves.
    @Test func aFileWithoutTablesHasNoAlertsYet() throws {
        let space = try prepared()
        let whole = [UInt8](try space.read("d/alerts.sqlite"))
        _ = try space.ask("PRAGMA journal_mode = WAL; CREATE TABLE t (x); DROP TABLE t; VACUUM", of: "empty.sqlite")
        try space.copy("d", to: "half")
        for (bytes, what) in [(Data(), "no bytes"), (try space.read("empty.sqlite"), "no tables")] {
            try space.write(bytes, "d/alerts.sqlite")
            for look in Self.looks {
                let result = try space.script("\"$0\" \(look) --data-dir d")
                // A power cut leaves tables or none, but no file without bytes beside checkpoints.
                let expected: Int32 = bytes.isEmpty && look.hasPrefix("verify") ? 7 : 0
                #expect(result.status == expected, "\(what), \(look): \(result.err)")
            }
            #expect(try space.run(["alerts", "list", "--format", "csv", "--data-dir", "d"]).lines.count == 1)
            #expect(try space.read("d/alerts.sqlite") == bytes, "Looking changes nothing.")
        }
        #expect(whole.count > 4096)
        #expect(try space.run(["replay", "--resume", "-q", "--data-dir", "d"]).status == 0)
        #expect(try space.run(["verify", "--deep", "-q", "--data-dir", "d"]).status == 0)
    }

    /// What cannot be copied is said, and the rest is; a backup that fails leaves nothing.
    @Test func aBackupSaysWhatItLacks() throws {
        let space = try prepared()
        try space.script("mkdir -p d/models/m/1; mkfifo d/models/m/1/pipe; ln -s gone d/state/link")
        let partial = try space.run(["backup", "copy", "--data-dir", "d"])
        #expect(partial.status == 7, "\(partial.err)")
        #expect(partial.err.contains("models/m/1/pipe") && partial.err.contains("state/link"), "\(partial.err)")
        #expect(try space.run(["restore", "copy", "--data-dir", "r"]).status == 0)
        try space.script("rm d/models/m/1/pipe d/state/link; : > file")
        #expect(try space.run(["backup", "file/copy", "--data-dir", "d"]).status == 5)
        #expect(!space.exists("file/copy") && !space.exists("file/copy.unfinished"))
        #expect(try space.run(["backup", "whole copy", "--data-dir", "d"]).status == 0)
        #expect(try space.run(["restore", "whole copy", "--data-dir", "s"]).status == 0)
    }
}

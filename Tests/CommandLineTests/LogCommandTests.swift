import Foundation
import TestKit
import Testing

/// The commands that look at, repair and shorten the log.
@Suite struct LogCommandTests {
    private static let segment = "log/patternalarm-0/00000000000000000000.log"

    private func replayed(_ events: Int = 3000) throws -> Workspace {
        let space = try Workspace()
        try space.run(["simulate", "--events", "\(events)", "--out", "e.jsonl", "--seed", "5"])
        #expect(try space.run(["replay", "e.jsonl", "--data-dir", "d", "-q", "--batch-size", "200"]).status == 0)
        return space
    }

    private func objects(_ result: Workspace.Result) throws -> [[String: Any]] {
        try result.lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    /// The rows of partitions with events, without that of what was in force.
    private func events(_ result: Workspace.Result) throws -> [[String: Any]] {
        try objects(result).filter { ($0["partition"] as? String)?.hasPrefix("patternalarm-") ?? false }
    }

    @Test func batchesCoverTheFilesWithoutAGap() throws {
        let space = try replayed()
        let rows = try events(space.run(["log", "batches", "--data-dir", "d", "--format", "jsonl"]))
        var end: [String: Int] = [:]
        var offset: [String: Int] = [:]
        for row in rows {
            let file = try #require(row["file"] as? String)
            #expect(row["byte"] as? Int == end[file] ?? 0)
            #expect(row["first_offset"] as? Int == offset[file] ?? 0)
            #expect(row["fault"] is NSNull)
            end[file] = row["end_byte"] as? Int
            offset[file] = try #require(row["last_offset"] as? Int) + 1
        }
        #expect(end.count == 2)
        for (file, size) in end { #expect(try space.read("d/" + file).count == size) }
        #expect(offset.values.reduce(0, +) == 3000)
        let json = try space.run(["log", "batches", "--data-dir", "d", "--format", "json"])
        #expect(try JSONSerialization.jsonObject(with: json.output) is [Any])
        let csv = try space.run(["log", "batches", "--data-dir", "d", "--format", "csv", "--partition", "1"])
        #expect(csv.lines.count == rows.count { $0["partition"] as? String == "patternalarm-1" } + 1)
        #expect(try space.run(["log", "batches", "--data-dir", "d", "--partition", "9"]).status == 2)
        let stats = try events(space.run(["log", "stats", "--data-dir", "d", "--format", "jsonl"]))
        #expect(stats.reduce(0) { $0 + ($1["records"] as? Int ?? 0) } == 3000)
        #expect(stats.allSatisfy { $0["durable_offset"] as? Int == $0["end_offset"] as? Int })
        #expect(stats.allSatisfy { ($0["ratio"] as? Double ?? 0) > 1 })
    }

    @Test func catTakesOffsetsTimesAndKeys() throws {
        let space = try replayed()
        let all = try space.run(["log", "cat", "--data-dir", "d", "--with-offsets"]).lines.map {
            $0.split(separator: "\t", maxSplits: 3).map(String.init)
        }
        #expect(all.count == 3000)
        func found(_ arguments: [String]) throws -> [[String]] {
            let result = try space.run(["log", "cat", "--data-dir", "d", "--with-offsets"] + arguments)
            #expect(result.status == 0, "\(result.err)")
            return result.lines.map { $0.split(separator: "\t", maxSplits: 3).map(String.init) }
        }
        let few = try found(["--partition", "0", "--from", "317", "--to", "533"])
        #expect(few.map { $0[1] } == (317..<533).map(String.init))
        // Times in this form compare as texts do.
        let (from, to) = (all[400][2], all[900][2])
        let expected = all.filter { $0[2] >= from && $0[2] < to }
        #expect(!expected.isEmpty)
        #expect(try found(["--from", from, "--to", to]) == expected)
        #expect(try found(["--from", "2099-01-01T00:00:00Z"]).isEmpty)
        #expect(try found(["--limit", "0"]).isEmpty)
        #expect(try space.run(["log", "cat", "--data-dir", "d", "--from", "yesterday"]).status == 2)
        #expect(try space.run(["log", "cat", "--data-dir", "d", "--from", "-3"]).status == 2)
    }

    @Test func aDamagedLogIsListedRepairedAndReplayed() throws {
        let space = try replayed()
        try space.flip("d/" + Self.segment, at: 30_000)
        let rows = try objects(space.run(["log", "batches", "--data-dir", "d", "--format", "jsonl"]))
        let bad = try #require(rows.first { $0["fault"] is String })
        #expect(rows.count { $0["fault"] is String } == 1)
        let lost = try #require(bad["count"] as? Int)
        #expect((bad["fault"] as? String)?.contains("checksum") == true && lost > 0)

        #expect(try space.run(["log", "cat", "--data-dir", "d"]).status == 7)
        let listed = try space.run(["log", "repair", "--data-dir", "d"])
        #expect(listed.status == 7 && listed.out.contains("would lose \(lost) records"))
        #expect(!space.exists("d/quarantine"))
        let done = try space.run(["log", "repair", "--quarantine", "--data-dir", "d"])
        #expect(done.status == 0 && done.out.contains("\(lost) records lost"))
        let again = try space.run(["log", "repair", "--quarantine", "--data-dir", "d"])
        #expect(again.status == 0 && again.out.hasSuffix("patternalarm-0: sound\npatternalarm-1: sound\n"))
        let verify = try space.run(["log", "verify", "--data-dir", "d"])
        #expect(verify.status == 0 && verify.out.contains("known: offset"))
        #expect(try space.run(["log", "cat", "--data-dir", "d"]).lines.count == 3000 - lost)

        // Every lost event is in the ledger, whether the alerts are there or made anew.
        #expect(try space.run(["replay", "--resume", "--data-dir", "d"]).status == 0)
        try space.remove("d/alerts.sqlite")
        let rebuilt = try space.run(["replay", "--resume", "--data-dir", "d"])
        #expect(rebuilt.err.contains("0 late + 0 duplicate + \(lost) rejected"), "\(rebuilt.err)")
    }

    @Test func aLostTailIsRepairedAndTheRecordingBringsItBack() throws {
        let space = try replayed()
        let data = try space.read("d/" + Self.segment)
        try space.write(data.dropLast(500), "d/" + Self.segment)
        #expect(try space.run(["log", "cat", "--data-dir", "d"]).status == 7)
        #expect(try space.run(["log", "repair", "--quarantine", "--data-dir", "d"]).status == 0)
        #expect(try space.run(["replay", "e.jsonl", "--data-dir", "d"]).status == 0)
        // Made anew from the log, the alerts know that the recording's end is missing.
        for name in ["d/alerts.sqlite", "d/state"] where space.exists(name) { try space.remove(name) }
        let again = try space.run(["replay", "e.jsonl", "--data-dir", "d"])
        #expect(again.status == 0, "\(again.err)")
        let values = Set(try space.run(["log", "cat", "--data-dir", "d"]).lines)
        #expect(
            values.isSuperset(
                of: String(decoding: try space.read("e.jsonl"), as: UTF8.self).split(separator: "\n").map(String.init)
            )
        )
    }

    /// Looking is free beside a writer; changing is not.
    @Test func besideAWriter() throws {
        let space = try replayed(2000)
        let pipe = Pipe()
        let command = [Workspace.binary, "replay", "-", "--data-dir", "live"]
        let process = try space.start(command, pipe: pipe, out: "live.out", err: "live.err")
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        try pipe.fileHandleForWriting.write(contentsOf: space.read("e.jsonl"))
        // The writer holds the lock once batches are there; a bounded number of looks, each a whole run.
        var rows = 0
        for _ in 0..<500 where rows == 0 {
            rows = try space.run(["log", "batches", "--data-dir", "live", "--format", "jsonl"]).lines.count
        }
        #expect(rows > 0)
        #expect(try space.run(["log", "stats", "--data-dir", "live"]).status == 0)
        for change in [["repair", "--quarantine"], ["retain", "--bytes", "0"]] {
            let refused = try space.run(["log"] + change + ["--data-dir", "live"])
            #expect(refused.status == 6 && refused.err.contains("in use by process \(process.processIdentifier)"))
        }
        #expect(try space.run(["log", "repair", "--data-dir", "live"]).status == 0)
        try pipe.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func exportAndReplayBringBackTheSameBytes() throws {
        let space = try replayed()
        for file in ["x.jsonl", "x.jsonl.lz4"] {
            #expect(try space.run(["log", "export", file, "--data-dir", "d"]).status == 0)
            let replay = try space.run(["replay", file, "--data-dir", "from-" + file])
            #expect(replay.status == 0)
            for partition in ["0", "1"] {
                let range = ["--partition", partition]
                let before = try space.run(["log", "export", "-", "--data-dir", "d"] + range)
                let after = try space.run(["log", "export", "-", "--data-dir", "from-" + file] + range)
                #expect(before.output == after.output && !before.output.isEmpty)
            }
            let expected = try space.run(["replay", "--resume", "--data-dir", "d"]).digest
            #expect(replay.digest == expected)
        }
        #expect(try space.read("x.jsonl.lz4").count < space.read("x.jsonl").count)
        // Nothing is overwritten.
        #expect(try space.run(["log", "export", "x.jsonl", "--data-dir", "d"]).status == 5)
        #expect(!space.exists("x.jsonl.part"))
        let part = try space.run([
            "log", "export", "-", "--data-dir", "d", "--partition", "1", "--from", "5", "--to", "9",
        ])
        #expect(part.lines.count == 4)
    }

    /// Killed at a write or in front of the rename: nothing has the name of the export, and the next one is whole.
    @Test(.enabled(if: Tools.canTrace, "strace is not there, or may not trace"))
    func aKilledExportHasNoName() throws {
        let space = try replayed()
        #expect(try space.run(["log", "export", "whole.jsonl", "--data-dir", "d"]).status == 0)
        for call in ["write", "fsync", "rename"] {
            let kill = [
                "strace", "-f", "-o", "trace", "-e", "trace=" + call, "-e", "inject=\(call):signal=SIGKILL:when=1",
            ]
            let killed = try space.run(["log", "export", "x.jsonl", "--data-dir", "d"], under: kill)
            #expect(killed.status != 0 && !space.exists("x.jsonl") && space.exists("x.jsonl.part"), "\(call)")
        }
        #expect(try space.run(["log", "export", "x.jsonl", "--data-dir", "d"]).status == 0)
        #expect(try space.read("x.jsonl") == space.read("whole.jsonl"))
        #expect(!space.exists("x.jsonl.part"))
    }

    @Test func retainKeepsWhatIsNeeded() throws {
        let space = try replayed()
        // A repaired tail makes a second segment.
        let data = try space.read("d/" + Self.segment)
        try space.write(data.dropLast(500), "d/" + Self.segment)
        try space.run(["log", "repair", "--quarantine", "--data-dir", "d"])
        let retain = ["log", "retain", "--bytes", "0", "--data-dir", "d", "--format", "jsonl"]
        func outcomes(_ more: [String]) throws -> [String] {
            let result = try space.run(retain + more)
            #expect(result.status == 0, "\(result.err)")
            return try objects(result).compactMap { $0["outcome"] as? String }
        }
        #expect(try outcomes(["--dry-run"]) == ["would be removed"])
        #expect(try outcomes(["--dry-run", "--alerts", "gone.sqlite"])[0].hasPrefix("kept: no consumer"))
        // A consumer that has read 17 events of each partition, and no more.
        for partition in ["0", "1"] {
            let read = [
                "log", "cat", "--consumer", "reports", "--limit", "17", "--partition", partition, "--data-dir", "d",
            ]
            #expect(try space.run(read).lines.count == 17)
        }
        #expect(try outcomes([]) == ["kept: it is needed from offset 17 on"])
        let lags = try objects(space.run(["log", "consumers", "--data-dir", "d", "--format", "jsonl"]))
        #expect(lags.map { $0["offset"] as? Int } == [17, 17])
        try space.write("what", "d/log/consumers/reports")
        #expect(try space.run(retain).status != 0)
        #expect(space.exists("d/" + Self.segment))
        #expect(try outcomes(["--force"]) == ["removed"])
        #expect(!space.exists("d/" + Self.segment))
        #expect(try space.run(["log", "verify", "--data-dir", "d"]).status == 0)
        #expect(try space.run(["log", "retain", "--data-dir", "d"]).status == 2)
        #expect(try space.run(["log", "retain", "--data-dir", "d", "--age", "soon"]).status == 2)
        #expect(try space.run(["log", "retain", "--data-dir", "d", "--bytes", "99999999999GB"]).status == 2)
        #expect(try space.run(["replay", "--resume", "--data-dir", "d"]).status == 0)
    }

    /// A restart may fall back to the older checkpoint, and reads the log on from there.
    @Test func retainKeepsWhatACheckpointNeeds() throws {
        let space = try replayed()
        let stats = try events(space.run(["log", "stats", "--data-dir", "d", "--format", "jsonl"]))
        let end = try #require(stats[0]["end_offset"] as? Int)
        try space.run(["simulate", "--events", "1000", "--out", "f.jsonl", "--start", "2026-01-06T08:00:00Z"])
        #expect(try space.run(["replay", "f.jsonl", "--data-dir", "d", "-q"]).status == 0)
        let data = try space.read("d/" + Self.segment)
        try space.write(data.dropLast(500), "d/" + Self.segment)
        try space.run(["log", "repair", "--quarantine", "--data-dir", "d"])
        let retain = ["log", "retain", "--bytes", "0", "--data-dir", "d", "--format", "jsonl", "--dry-run"]
        let kept = try objects(space.run(retain))
        #expect(kept.compactMap { $0["outcome"] as? String } == ["kept: it is needed from offset \(end) on"])
        try space.remove("d/state")
        #expect(try objects(space.run(retain)).compactMap { $0["outcome"] as? String } == ["would be removed"])
    }
}

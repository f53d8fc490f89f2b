import Base
import Foundation
import TestKit
import Testing

/// Goal: `kill -9` at any moment loses nothing that was acknowledged and doubles nothing.
///
/// Method: the real executable, killed by strace in front of its n-th call of a kind, its restarts killed, too; and killed
/// right after its n-th acknowledgement. Kills at random times would hardly ever hit the moments that matter.
@Suite struct KillTests {
    private static let settings = ["-q", "--threads", "1", "--checkpoint-events", "60", "--state-memory", "1MB"]
    /// With a call of its own for each batch.
    private static let counted = ["--batch-size", "40", "--durability", "fsync"] + settings
    private static let replay = ["replay", "e.jsonl"] + counted + ["--data-dir"]

    /// Options that must not change a result, each drawn or left out.
    private static func drawn(_ random: inout Seeded) -> [String] {
        let values = [
            ("--threads", ["1", "2"]), ("--batch-size", ["7", "40", "300"]), ("--durability", ["fsync", "5ms"]),
            ("--checkpoint-events", ["30", "60", "250"]), ("--checkpoint-seconds", ["0.05"]),
            ("--state-memory", ["1MB", "2MB"]),
        ]
        return ["-q"] + values.filter { _ in random.below(3) > 0 }.flatMap { [$0, $1[random.below($1.count)]] }
    }

    private static let calls = ["pwrite64", "fdatasync", "fsync", "openat", "rename", "ftruncate", "unlink", "write"]

    private static let places = 7

    private func prepared(withWrongClocks: Bool = false) throws -> (space: Workspace, digest: String) {
        let space = try Workspace()
        try space.run(["simulate", "--events", "600", "--out", "e.jsonl", "--seed", "11"])
        if withWrongClocks { try spoilClocks(space) }
        let whole = try space.run(Self.replay + ["whole"])
        if withWrongClocks {
            #expect(whole.err.contains("435 ok + 0 late + 0 duplicate + 165 rejected"), "\(whole.err)")
        }
        return (space, try #require(whole.digest))
    }

    /// Three sources are a year ahead. One of them speaks, then three that are right, then all three, then three more that are
    /// right: whoever goes on from the middle and has forgotten who spoke before believes them. Behind a gap of a month there
    /// is one of two months, of which three sources speak, 40 events each, and then only one that is wrong. So the event clock
    /// nearly always holds something back.
    private func spoilClocks(_ space: Workspace) throws {
        let lines = String(decoding: try space.read("e.jsonl"), as: UTF8.self).split(separator: "\n")
        let spoiled = lines.enumerated().map { number, line in
            switch (number, number % 10) {
            case (560..., _): said(line, "2026-03-06")
            case (520..., _): said(line, "2027-03-06", by: "wrong-0")
            case (400..., _): said(line, "2026-03-06", by: "right-\(number / 40)")
            case (360..., _): said(line, "2026-02-04")
            case (46..., let place) where place < 3 || place == 6: said(line, "2027-01-05", by: "wrong-\(place % 3)")
            default: String(line)
            }
        }
        try space.write(spoiled.map { $0 + "\n" }.joined(), "e.jsonl")
    }

    /// An event of another day, and of another source.
    private func said(_ line: Substring, _ day: String, by source: String? = nil) -> String {
        let dated = String(line).replacing("\"timestamp\":\"2026-01-05", with: "\"timestamp\":\"" + day)
        guard let source else { return dated }
        return dated.replacing(/"actor_id":"[^"]*"/, with: "\"actor_id\":\"\(source)\"")
    }

    /// 7 places for each kind of call, each with up to two restarts that are killed themselves: about 80 kills.
    @Test(.enabled(if: Tools.canTrace, "strace is not there, or may not trace"), arguments: calls)
    func killedInFrontOfACall(call: String) throws {
        let (space, digest) = try prepared(withWrongClocks: true)
        var random = Seeded(seed: UInt64(call.utf8.reduce(7) { $0 &* 31 &+ Int($1) }))
        try space.run(Self.replay + ["counted"], under: ["strace", "-f", "-o", "count", "-e", "trace=" + call])
        let count = String(decoding: try space.read("count"), as: UTF8.self).split(separator: "\n").count {
            $0.contains(call + "(")
        }
        try #require(count > 0)
        var kills = 0
        for place in 0..<Self.places {
            let directory = "k\(place)"
            for restart in 0..<1 + random.below(3) {
                // The first run makes the calls that were counted, so that the places are spread over all of them.
                let number = restart == 0 ? 1 + place * count / Self.places : 1 + random.below(count)
                let options = restart == 0 ? Self.counted : Self.drawn(&random)
                let under = [
                    "strace", "-f", "-o", "trace", "-e", "trace=" + call,
                    "-e", "inject=\(call):signal=SIGKILL:when=\(number)",
                ]
                let killed = try space.run(["replay", "e.jsonl", "--data-dir", directory] + options, under: under)
                if killed.status != 0 { kills += 1 }
            }
            let end = try space.run(Self.replay + [directory])
            #expect(end.status == 0 && end.digest == digest, "\(call) \(place): \(end.err)")
            try space.remove(directory)
        }
        print("\(kills) kills in front of \(call), the digest is the same after each")
        // strace counts the calls of each thread for itself, so the last places are not always reached.
        #expect(kills >= 4, "\(call): only \(kills) kills")
    }

    /// Killed right after an acknowledgement: the log holds at least the acknowledged events, and the rest can follow.
    @Test(arguments: [1, 3, 7, 12])
    func killedAfterAnAcknowledgement(number: Int) throws {
        let (space, digest) = try prepared()
        let lines = String(decoding: try space.read("e.jsonl"), as: UTF8.self).split(separator: "\n")
        let pipe = Pipe()
        let arguments = [Workspace.binary, "replay", "-", "--ack"] + Self.settings + ["--data-dir", "d"]
        let process = try space.start(arguments, pipe: pipe, out: "acks", err: "talk")
        // The next part is written only when the last one has been acknowledged, so there are that many lines of ACK.
        var acknowledged = 0
        for part in 0..<number {
            let text = lines[part * 40..<part * 40 + 40].map { $0 + "\n" }.joined()
            try pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))
            repeat {
                try #require(process.isRunning)
                let acks = String(decoding: try space.read("acks"), as: UTF8.self).split(separator: "\n")
                acknowledged = acks.last.flatMap { Int($0.dropFirst(4)) } ?? 0
            } while acknowledged < (part + 1) * 40
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(acknowledged == number * 40)
        let stats = try space.run(["stats", "--data-dir", "d", "--format", "json"])
        let found = try #require(try JSONSerialization.jsonObject(with: stats.output) as? [String: Int])
        #expect(found["events"] ?? 0 >= acknowledged)
        // The source goes on behind what the log holds.
        let rest = lines.dropFirst(found["events"] ?? 0).map { $0 + "\n" }.joined()
        let end = try space.run(["replay", "-"] + Self.settings + ["--data-dir", "d"], input: Data(rest.utf8))
        #expect(end.status == 0, "\(end.err)")
        let after = try space.run(["stats", "--data-dir", "d", "--format", "json"])
        let totals = try #require(try JSONSerialization.jsonObject(with: after.output) as? [String: Int])
        #expect(totals["accepted"] == 600 && totals["processed"] == 600 && totals["lag"] == 0)
        #expect(end.digest == digest)
    }
}

import Foundation
import TestKit
import Testing

/// What Swift and its libraries do that a program must not: dying of a full disk, a closed pipe or a large number, taking
/// different texts for the same, mending invalid bytes.
@Suite struct TrapTests {
    private func payments(_ lines: [Data]) throws -> (space: Workspace, replay: Workspace.Result) {
        let space = try Workspace()
        try space.writePaymentsPipeline()
        try space.write(Data(lines.map { $0 + Data("\n".utf8) }.joined()), "e.jsonl")
        return (space, try space.run(["replay", "e.jsonl", "--pipeline", "p.yaml", "--data-dir", "d"]))
    }

    private func event(_ id: Int, payer: String = "p", amount: String = "2500", at: String? = nil) -> Data {
        let time = at ?? "\"2026-01-01T00:00:\(10 + id % 50)Z\""
        return Data("{\"id\":\"e\(id)\",\"at\":\(time),\"payer\":\"\(payer)\",\"amount\":\(amount)}".utf8)
    }

    @Test func aFullStandardOutputIsNamed() throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "300", "--out", "e.jsonl"])
        try space.run(["replay", "e.jsonl", "--data-dir", "d"])
        for command in ["log cat", "log ls", "log batches", "log stats", "log verify", "log export -", "alerts list"] {
            let result = try space.script("\"$0\" \(command) --data-dir d >/dev/full")
            #expect(result.status == 5, "\(command)")
            #expect(result.err.contains("cannot write to standard output: No space left on device"), "\(command)")
        }
        let simulate = try space.run(["simulate", "--events", "300", "--out", "/dev/full"])
        #expect(simulate.status == 5)
        // Talk that nobody can hear stops nothing.
        #expect(try space.script("\"$0\" replay e.jsonl --data-dir other 2>/dev/full").status == 0)
        #expect(try space.script("\"$0\" log verify --data-dir other 2>&-").status == 0)
    }

    @Test func aReaderThatGoesAwayEndsTheProgramQuietly() throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "3000", "--out", "e.jsonl"])
        try space.run(["replay", "e.jsonl", "--data-dir", "d"])
        for command in ["log cat", "log export -", "log batches --format jsonl"] {
            let result = try space.script("\"$0\" \(command) --data-dir d | true; echo ${PIPESTATUS[0]}")
            #expect(result.lines.last == "0" && result.err.isEmpty, "\(command): \(result.out) \(result.err)")
        }
    }

    @Test func numbersThatNoIntegerHolds() throws {
        let numbers = ["1e30", "-1e30", "1e308", "9223372036854775808", "-9223372036854775809", "0.1e-400", "5e-324"]
        let notNumbers = ["NaN", "Infinity", "-Infinity", "01", "1e", "+1", "0x10", ".5"]
        let long = String(repeating: "9", count: 5000)
        let amounts = numbers + notNumbers + [long, "1e999", "-1e999"]
        let times = (numbers + notNumbers + [long, "-1", "\"2025-02-30T00:00:00Z\"", "\"2026-01-01T24:00:01Z\""])
        var lines = amounts.enumerated().map { event($0, payer: "a", amount: $1) }
        lines += times.enumerated().map { event(100 + $0, payer: "b", at: $1) }
        lines += [event(300, payer: "c"), event(301, payer: "c"), event(302, payer: "c")]
        let (space, replay) = try payments(lines)
        #expect(replay.status == 0, "\(replay.err)")
        #expect(replay.err.contains("\(lines.count) events = "))
        let reject = try space.script("\"$0\" log cat --data-dir d | wc -l")
        #expect(reject.lines == ["\(lines.count)"])
        for option in [["log", "cat", "--limit"], ["alerts", "list", "--limit"], ["simulate", "--events"]] {
            for number in ["1e30", "NaN", "9223372036854775808", "-1"] {
                #expect(try space.run(option + [number]).status == 2, "\(option) \(number)")
            }
        }
        #expect(try space.run(["alerts", "list", "--data-dir", "d", "--min-score", "1e999"]).status != 132)
        #expect(try space.run(["log", "cat", "--data-dir", "d", "--from", "9223372036854775807"]).status == 0)
        // Shown amounts and reasons may be as large.
        let shown = try space.run(["alerts", "list", "--data-dir", "d", "--format", "jsonl"])
        for line in shown.lines { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        for line in shown.lines {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let id = try #require(object["alert_id"] as? String)
            #expect(try space.run(["alerts", "show", id, "--data-dir", "d"]).status == 0)
        }
    }

    /// Swift's `==` takes these for the same text; payers they are not.
    @Test(arguments: [
        ("\u{e9}", "e\u{301}"), ("\u{1e9b}\u{323}", "\u{1e9b}\u{323}".decomposedStringWithCanonicalMapping),
        ("\u{212b}", "\u{c5}"),
    ])
    func textsThatAreEqualByUnicodeAreDifferentPayers(one: String, other: String) throws {
        #expect(one == other && Array(one.utf8) != Array(other.utf8))
        let lines = [event(0, payer: one), event(1, payer: other), event(2, payer: one), event(3, payer: other)]
        let (space, replay) = try payments(lines)
        #expect(replay.err.contains("4 events = 4 ok") && replay.err.contains(" 0 alerts"), "\(replay.err)")
        for payer in [one, other] {
            #expect(try space.run(["log", "cat", "--data-dir", "d", "--key", payer]).lines.count == 2)
        }
        // The third of one of them is found, and is that one's.
        let (_, three) = try payments(lines + [event(4, payer: other)])
        #expect(three.err.contains(" 1 alerts"), "\(three.err)")
    }

    @Test func invalidUTF8IsRejectedAndKeptAsItCame() throws {
        let bad: [[UInt8]] = [
            [0xFF], [0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80],
        ]
        var lines = [event(0), event(1)]
        for (number, bytes) in bad.enumerated() {
            var line = Data("{\"id\":\"x\(number)\",\"at\":\"2026-01-01T00:00:20Z\",\"payer\":\"p".utf8)
            line.append(contentsOf: bytes)
            line.append(Data("\",\"amount\":2500}".utf8))
            lines.append(line)
        }
        let (space, replay) = try payments(lines)
        #expect(replay.err.contains("9 events = 2 ok + 0 late + 0 duplicate + 7 rejected"), "\(replay.err)")
        let kept = Set(try space.run(["log", "export", "-", "--data-dir", "d"]).output.split(separator: 0x0A))
        #expect(kept == Set(lines))
        // No option is mended either: there is no such key.
        let cat = try space.script("\"$0\" log cat --data-dir d --key $'p\\xff'")
        #expect(cat.out.isEmpty)
    }

    @Test func lenientJSONIsRejected() throws {
        let lines = [
            "{\"id\":\"1\",\"at\":\"2026-01-01T00:00:10Z\",\"payer\":\"p\",\"amount\":1,}",
            "{\"id\":\"2\",\"at\":\"2026-01-01T00:00:10Z\",\"payer\":\"p\",\"amount\":1} x",
            "{\"id\":\"3\",\"at\":\"2026-01-01T00:00:10Z\",\"payer\":\"p\",\"amount\":1,\"z\":\(String(repeating: "[", count: 50000))}",
        ]
        let (_, replay) = try payments(lines.map { Data($0.utf8) })
        #expect(replay.err.contains("3 events = 0 ok + 0 late + 0 duplicate + 3 rejected"), "\(replay.err)")
    }

    /// A new name is durable only once its folder has been synced.
    @Test(.enabled(if: Tools.canTrace, "strace is not there, or may not trace"))
    func everyRenameIsFollowedByASyncOfItsFolder() throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "1000", "--out", "e.jsonl"])
        var renames = 0
        func check(_ lines: [Substring]) throws {
            for (number, line) in lines.enumerated() where line.contains(" rename") {
                let names = line.split(separator: "\"")
                let target = try #require(names.count > 3 ? String(names[3]) : nil)
                let folder = target.split(separator: "/").dropLast().joined(separator: "/")
                renames += 1
                // Names may be changed together, but nothing else comes before the folder's sync.
                let next = try #require(lines[number...].first { !$0.contains(" rename") })
                #expect(next.contains("fsync(") && next.contains(folder + ">"), "\(line)\n\(next)")
                // What gets the name has been synced before.
                let before = lines[..<number].last { $0.contains(names[1]) && $0.contains("sync(") }
                #expect(before != nil, "\(line)")
            }
        }
        func trace(_ arguments: [String]) throws {
            let traced = [
                "strace", "-f", "-y", "-s", "999", "-o", "trace", "-e",
                "trace=rename,renameat,renameat2,fsync,fdatasync",
            ]
            #expect(try space.run(arguments, under: traced).status == 0)
            // A call that another thread's came in between of is told twice; the first time has its arguments.
            let calls = String(decoding: try space.read("trace"), as: UTF8.self).split(separator: "\n")
                .filter { !$0.contains(" resumed>") }
            // Each thread for itself: others sync their own files meanwhile.
            let threads = Dictionary(grouping: calls) { $0.prefix { $0 != " " } }
            for lines in threads.values { try check(lines) }
        }
        try trace(["replay", "e.jsonl", "--data-dir", "d", "-q", "--threads", "1"])
        #expect(renames >= 2)
        try space.flip("d/log/patternalarm-0/00000000000000000000.log", at: 1000)
        let before = renames
        try trace(["log", "repair", "--quarantine", "--data-dir", "d"])
        #expect(renames >= before + 5)
    }
}

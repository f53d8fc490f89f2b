import Foundation
import Testing

/// An alert with very many events is made, shown and exported in bounded memory, and nothing of it is lost.
@Suite struct LargeAlertTests {
    private static let count = 100_000

    /// One actor, a millisecond between events; one detector opens at once, one in the middle, one at the last event.
    private func prepared() throws -> Workspace {
        let space = try Workspace()
        try space.writePaymentsPipeline(
            settings: ["partitions: 1"],
            features: ["n: \"count(who, 1h)\""],
            rules: [1, Self.count / 2, Self.count].map { "{name: from_\($0), when: \"n >= \($0)\", session: 1h}" }
        )
        var lines = Data()
        for index in 0..<Self.count {
            let time = 1_772_438_400_000 + index
            let line = #"{"id":"e\#(index)","at":\#(time),"payer":"A","amount":1,"note":"all of it"}"#
            lines.append(contentsOf: (line + "\n").utf8)
        }
        try space.write(lines, "e.jsonl")
        return space
    }

    /// Runs a command to its end and returns what it wrote and the largest memory it had, in MB.
    ///
    /// Method: the command waits for its reader while much is still to be written, so that the kernel can be asked for its
    /// peak after each piece.
    private func peak(_ space: Workspace, _ arguments: [String]) throws -> (output: Data, megabytes: Int) {
        let pipe = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Workspace.binary)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: space.folder)
        process.standardOutput = pipe
        try process.run()
        var output = Data()
        var kilobytes = 0
        while true {
            let piece = pipe.fileHandleForReading.availableData
            if piece.isEmpty { break }
            output.append(piece)
            kilobytes = try Self.peak(of: process.processIdentifier) ?? kilobytes
        }
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return (output, kilobytes / 1024)
    }

    /// VmHWM of a process; nil once it has ended.
    private static func peak(of process: Int32) throws -> Int? {
        let file = "/proc/\(process)/status"
        guard let handle = FileHandle(forReadingAtPath: file) else { return nil }
        let lines = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix("VmHWM:") }.flatMap { Int($0.split(separator: " ")[1]) }
    }

    private func sql(_ space: Workspace, _ text: String) throws -> String {
        try space.execute(["sqlite3", "d/alerts.sqlite", text]).out.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test(.timeLimit(.minutes(10))) func oneHundredThousandEvents() throws {
        let space = try prepared()
        let arguments = ["--pipeline", "p.yaml", "--data-dir", "d"]
        let replay = try space.run(["replay", "e.jsonl", "-q"] + arguments)
        #expect(replay.status == 0 && replay.err.contains("100,000 ok"), "\(replay.err)")

        // Three alerts name the events; each is there once, whole.
        let once = "SELECT count(*), count(DISTINCT payload), min(event_id) FROM events"
        #expect(try sql(space, once) == "100000|100000|e0")
        let counts = "SELECT events, (SELECT count(*) FROM evidence l WHERE l.alert_id = a.alert_id) FROM alerts a"
        #expect(try sql(space, counts + " ORDER BY detector") == "100000|100000\n100000|100000\n100000|100000")
        let roles = "SELECT role, count(*), count(score) FROM alert_events GROUP BY role ORDER BY role"
        #expect(try sql(space, roles) == "before|149998|0\nopened|3|3\nrevised|149999|149999")
        let misplaced = "SELECT count(*) FROM alert_events WHERE position <> \"offset\" OR event_id <> 'e' || position"
        #expect(try sql(space, misplaced) == "0")
        let verified = try space.run(["verify", "--deep", "-q"] + arguments)
        #expect(verified.status == 0 && verified.out.contains("equal, row for row"), "\(verified.out) \(verified.err)")

        try show(space, id: try sql(space, "SELECT alert_id FROM alerts WHERE detector = 'from_\(Self.count)'"))
    }

    /// The first number whose text does not come behind the one before it; nil if all do. Not by `Data.range(of:in:)`, which
    /// takes minutes for it.
    private static func firstMissing(of count: Int, in output: Data, text: (Int) -> String) -> Int? {
        output.withUnsafeBytes { bytes in
            var rest = bytes[...]
            return (0..<count).first { number in
                let marker = Array(text(number).utf8)
                guard
                    let found = rest.indices.first(where: { start in
                        start + marker.count <= rest.endIndex
                            && (0..<marker.count).allSatisfy { rest[start + $0] == marker[$0] }
                    })
                else { return true }
                rest = rest[(found + marker.count)...]
                return false
            }
        }
    }

    private func show(_ space: Workspace, id: String) throws {
        let show = ["alerts", "show", id, "--data-dir", "d"]
        let text = try space.run(show)
        #expect(text.lines.filter { $0.contains("  score ") }.count == 20)
        #expect(text.out.contains("events 11 to 99,990 are left out; --events all shows every one"))
        #expect(text.out.contains("  e0  ") && text.out.contains("  e99999  ") && !text.out.contains("  e10  "))

        let json = try space.run(show + ["--format", "json", "--events", "2"]).output
        let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(object["event_count"] as? Int == 100_000 && object["events_left_out"] as? Int == 99_996)
        let ids = (object["events"] as? [[String: Any]])?.compactMap { $0["event_id"] as? String }
        #expect(ids == ["e0", "e1", "e99998", "e99999"])

        let csv = try space.run(show + ["--format", "csv", "--events", "1"])
        #expect(csv.lines.map { $0.prefix { $0 != "," } } == ["position", "0", "99999"])
        #expect(csv.err.contains("events 2 to 99,999 are left out"))
        #expect(try space.run(show + ["--format", "jsonl", "--events", "0"]).out.isEmpty)
        #expect(try space.run(show + ["--events", "some"]).status == 2)

        let markers: [(format: String, before: String, after: String)] = [
            ("text", " offset ", "\n"), ("json", "\"event_id\":\"e", "\""), ("jsonl", "\"event_id\":\"e", "\""),
            ("csv", "Z,e", ","),
        ]
        for (format, before, after) in markers {
            let (output, megabytes) = try peak(space, show + ["--events", "all", "--format", format])
            #expect(megabytes > 5 && megabytes < 64, "\(format): \(megabytes) MB")
            // Every event, once, in order.
            let lines = output.count { $0 == 0x0A }
            #expect(lines >= Self.count && lines < Self.count + 10, "\(format): \(lines) lines")
            let first = Self.firstMissing(of: Self.count, in: output) { before + String($0) + after }
            #expect(first == nil, "\(format)")
            guard format == "json" else { continue }
            let object = try #require(try JSONSerialization.jsonObject(with: output) as? [String: Any])
            #expect((object["events"] as? [Any])?.count == Self.count)
        }
    }
}

import Foundation
import Testing

/// No control character of an event, a file or an argument reaches a terminal; into a pipe everything goes as it is.
@Suite struct TerminalTests {
    private let space: Workspace
    /// Sets a terminal's title, colours what follows, turns it round, hides a part of it.
    private static let actor = "a\u{1B}]0;owned\u{7}\u{9B}31m\u{202E}b\u{200B}\u{7F}c\n"
    private static let name = "f\u{1B}]0;owned\u{7}\u{9B}31m.jsonl"
    private let events: [String]

    init() throws {
        space = try Workspace()
        try space.writePaymentsPipeline()
        let text = String(decoding: try space.read("p.yaml"), as: UTF8.self)
        let queries = """

            queries:
              - {name: q, by: who, window: 1m, columns: {n: count()}}
            """
        try space.write(text + queries, "p.yaml")
        // JSON allows all of these as they are but what lies below the space.
        let actor = Self.actor.unicodeScalars.map { $0.value < 0x20 ? String(format: "\\u%04x", $0.value) : String($0) }
            .joined()
        events = (0..<9).map {
            "{\"id\":\"\(actor)\($0)\",\t\"at\":\"2026-01-01T00:\(10 + $0):00Z\",\"payer\":\"\(actor)\",\"amount\":2500}"
        }
        try space.write(events.map { $0 + "\n" }.joined(), Self.name)
        let result = try space.run(["replay", Self.name, "-q", "--pipeline", "p.yaml", "--data-dir", "d"])
        try #require(result.status == 0 && result.err.contains(" 1 alerts"), "\(result.err)")
    }

    private func alertID() throws -> String {
        let out = try space.run(["alerts", "list", "--data-dir", "d", "--format", "csv"]).out
        return String(out.split(separator: "\n")[1].prefix { $0 != "," })
    }

    private static let pipeline = ["--pipeline", "p.yaml"]
    private static let data = ["--data-dir", "d"]
    private static let formats = ["table", "csv", "json", "jsonl"].map { ["--format", $0] }

    /// Every command that shows what came with events, in each of its formats.
    private func listings() throws -> [[String]] {
        let state = ["state", "ls"] + Self.pipeline + Self.data
        var commands: [[String]] = []
        for format in Self.formats {
            commands.append(["alerts", "list"] + Self.data + format)
            commands.append(state + ["--entity", "who"] + format)
            commands.append(state + ["--key", Self.actor] + format)
            commands.append(["stats", "--recordings"] + Self.data + format)
        }
        commands.append(["alerts", "show", try alertID()] + Self.data)
        commands.append(["alerts", "show", try alertID(), "--format", "json"] + Self.data)
        commands.append(["log", "cat"] + Self.data)
        commands.append(["log", "cat", "--with-offsets"] + Self.data)
        commands.append(["log", "export", "-"] + Self.data)
        commands.append(["inspect", Self.name, "-q"])
        commands.append(["inspect", Self.name, "-q", "--json"])
        commands.append(["init", Self.name, "-q"])
        commands.append(["check", "p.yaml", Self.name, "-q"])
        commands.append(["export", "features", Self.name, "--out", "-"] + Self.pipeline)
        for format in ["csv", "jsonl", "summary"] {
            commands.append(["query", "q", Self.name, "-q", "--format", format] + Self.pipeline)
        }
        return commands
    }

    private func isQuiet(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            let value = scalar.value
            let isControl = value < 0x20 && scalar != "\n" && scalar != "\t" || (0x7F...0x9F).contains(value)
            return !isControl && !(0x2028...0x202E).contains(value) && value != 0x200B
        }
    }

    @Test func nothingThatATerminalObeysIsShown() throws {
        for command in try listings() {
            let shown = try space.runOnTerminal(command)
            #expect(shown.status == 0, "\(command): \(shown.err)")
            #expect(isQuiet(shown.out) && isQuiet(shown.err), "\(command)")
            #expect(!shown.out.isEmpty, "\(command)")
            // An event makes no lines of its own.
            let isOneLine = !shown.out.contains("c\n\"") && !shown.out.contains("c\n ")
            #expect(isOneLine, "\(command): \(shown.out)")
        }
    }

    /// What is escaped is the same value for whoever reads the format.
    @Test func escapedJSONIsTheSameJSON() throws {
        for command in [["alerts", "list", "--format", "jsonl"], ["log", "cat"], ["log", "export", "-"]] {
            let shown = try space.runOnTerminal(command + Self.data)
            for line in shown.out.split(separator: "\n") {
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                #expect((object?["payer"] ?? object?["entity_key"]) as? String == Self.actor, "\(command)")
            }
        }
        let shown = try space.runOnTerminal(["alerts", "show", try alertID(), "--format", "json"] + Self.data)
        let object = try JSONSerialization.jsonObject(with: Data(shown.out.utf8)) as? [String: Any]
        #expect(object?["entity_key"] as? String == Self.actor)
    }

    @Test func aPipeGetsTheBytesAsTheyAre() throws {
        let whole = events.map { $0 + "\n" }.joined()
        #expect(try space.run(["log", "cat"] + Self.data).out == whole)
        #expect(try space.run(["log", "export", "-"] + Self.data).out == whole)
        let csv = "\"\(Self.actor)\""
        #expect(try space.run(["alerts", "list", "--format", "csv"] + Self.data).out.contains(csv))
        #expect(try space.run(["query", "q", Self.name, "-q"] + Self.pipeline).out.contains(csv))
        for command in [["state", "ls", "--entity", "who"] + Self.pipeline, ["alerts", "list"]] {
            let out = try space.run(command + Self.data + ["--format", "jsonl"]).out
            let line = out.split(separator: "\n")[0]
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            let key = (object?["key"] ?? object?["entity_key"]) as? String
            // A long key is kept as its hash in the state.
            #expect(key == Self.actor || command[0] == "state" && key?.hasPrefix("#") == true, "\(command): \(out)")
            #expect(command[0] == "state" || out.contains("\u{9B}31m\u{202E}"))
        }
        let value = try space.run(
            ["state", "ls", "--key", Self.actor, "--format", "jsonl"] + Self.pipeline + Self.data
        )
        let line = try #require(value.out.split(separator: "\n").first)
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?.values.contains { $0 as? String == events[0] } == true, "\(line)")
    }

    @Test func mistakesQuoteNothingThatATerminalObeys() throws {
        try space.write("version: 1\nname: \(Self.name)\n\(Self.name): 1\n", "bad.yaml")
        for command in [
            ["replay", "no-" + Self.name], ["--no-such" + Self.name], ["alerts", "show", Self.name] + Self.data,
            ["replay", Self.name, "--pipeline", Self.name], ["replay", Self.name, "--pipeline", "bad.yaml"],
            ["replay", Self.name, "--speed", Self.name], ["log", "cat", "--data-dir", Self.name],
            ["query", Self.name, Self.name] + Self.pipeline, ["models", "check", Self.name],
        ] {
            let shown = try space.runOnTerminal(command)
            #expect(shown.status != 0 && !shown.err.isEmpty, "\(command)")
            #expect(isQuiet(shown.out) && isQuiet(shown.err), "\(command): \(shown.err)")
        }
        let help = try space.runOnTerminal(["replay", "--help"])
        #expect(help.status == 0 && help.err.isEmpty && help.out.contains("  patternalarm replay events.jsonl.lz4"))
    }
}

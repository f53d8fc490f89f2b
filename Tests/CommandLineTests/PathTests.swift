import Foundation
import Testing

/// Folders may have any name.
@Suite struct PathTests {
    static let names = [
        "a b", "a%20b", "a?b#c", "a#b", "50%", "it's", "\"quoted\"", "$(id)`id`", "-dash", "file:x", ":memory:", "~",
        "new\nline",
        "tab\tcr\r", "\u{301}accent", "e\u{301}", "\u{e9}", "\\", "a&b;c|d", "*", "日本語 🙈", "…", " ",
        String(repeating: "n", count: 255), String(repeating: "é", count: 127),
    ]

    @Test(arguments: names) func everyCommandTakesIt(name: String) throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "1500", "--out", "e.jsonl", "--seed", "5"])
        let folder = "./" + name
        func fine(_ arguments: [String], _ what: String = "") throws {
            let result = try space.run(arguments)
            #expect(result.status == 0, "\(arguments): \(result.status) \(result.err)")
        }
        try fine(["replay", "e.jsonl", "-q", "--data-dir", folder])
        for look in [
            ["verify", "--deep", "-q"], ["stats"], ["alerts", "list"], ["state", "ls", "--limit", "1"],
            ["log", "verify"], ["log", "cat", "--limit", "1"], ["alerts", "rebuild", "-q"], ["alerts", "vacuum"],
            ["replay", "--resume", "-q"],
        ] { try fine(look + ["--data-dir", folder]) }
        try fine(["backup", "copies/" + name, "--data-dir", folder])
        try fine(["restore", "copies/" + name, "--data-dir", "restored/" + name])
        try fine(["verify", "--deep", "-q", "--data-dir", "restored/" + name])
        try FileManager.default.createDirectory(atPath: space.path("files/" + name), withIntermediateDirectories: true)
        let file = "files/\(name)/"
        try fine(["log", "export", file + "x.jsonl", "--data-dir", folder])
        try fine(["replay", file + "x.jsonl", "-q", "--data-dir", "again", "--alerts", file + "alerts.sqlite"])
        try fine(["verify", "--deep", "-q", "--data-dir", "again", "--alerts", file + "alerts.sqlite"])
        // Nothing was made under another name.
        let made = Set(try FileManager.default.contentsOfDirectory(atPath: space.folder))
        let known: Set = ["e.jsonl", "copies", "restored", "files", "again", "stdin"]
        #expect(made.subtracting(known).filter { !$0.hasPrefix("std") } == [name])
    }

    /// Recordings, pipelines and models, too.
    @Test(arguments: ["a%20b?#", "it's \"x\"\n", "\u{301}accent", String(repeating: "é", count: 127)])
    func whatIsReadAndTrainedMayHaveAnyName(name: String) throws {
        let space = try Workspace()
        try FileManager.default.createDirectory(atPath: space.path("f/" + name), withIntermediateDirectories: true)
        let folder = "f/\(name)/"
        let recording = folder + "e.jsonl"
        try space.writePaymentsPipeline(folder + "p.yaml")
        for command in [
            ["simulate", "--events", "3000", "--out", recording, "--seed", "5"],
            ["train", recording, "--out", folder + "m", "--trees", "2"],
            ["train", recording, "--out", "models/\(name)", "--trees", "2"],
            ["models", "check", folder + "m", "models/\(name)"],
            ["models", "export", folder + "m", "--format", "onnx", "-o", folder + "m.onnx"],
            ["evaluate", recording, "--model", folder + "m"],
            ["replay", recording, "-q", "--model", folder + "m", "--data-dir", folder + "d"],
            ["verify", "--deep", "-q", "--model", folder + "m", "--data-dir", folder + "d"],
            ["state", "ls", "--pipeline", folder + "p.yaml", "--data-dir", folder + "d"],
        ] {
            let result = try space.run(command)
            #expect(result.status == 0, "\(command): \(result.status) \(result.err)")
        }
        #expect(space.exists(folder + "m/model.json") && space.exists(folder + "m.onnx"))
    }

    /// Names without a folder in front of them.
    @Test(arguments: ["file:x", ":memory:", "a%20b", "\u{301}accent"]) func aNameAloneIsAName(name: String) throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "500", "--out", "e.jsonl", "--seed", "5"])
        #expect(try space.run(["replay", "e.jsonl", "-q", "--data-dir", "d", "--alerts", name]).status == 0)
        #expect(space.exists(name))
        #expect(try space.run(["verify", "--deep", "-q", "--data-dir", "d", "--alerts", name]).status == 0)
        #expect(try space.run(["replay", "e.jsonl", "-q", "--data-dir", name + "-d"]).status == 0)
        #expect(space.exists(name + "-d/alerts.sqlite"))
        #expect(try space.run(["alerts", "list", "--data-dir", name + "-d"]).status == 0)
    }

    /// Swift cannot hold such a name: it is refused, and no other file is touched.
    @Test func bytesThatAreNoTextAreRefused() throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "500", "--out", "e.jsonl", "--seed", "5"])
        let before = Set(try FileManager.default.contentsOfDirectory(atPath: space.folder))
        let result = try space.script("\"$0\" replay e.jsonl -q --data-dir $'a\\xffb'")
        #expect(result.status == 2 && result.err.contains(#"$'a\xffb' is not UTF-8"#), "\(result.status) \(result.err)")
        let after = Set(try FileManager.default.contentsOfDirectory(atPath: space.folder))
        #expect(after.subtracting(before).allSatisfy { $0.hasPrefix("std") })
    }

    /// What a message says to run does run.
    @Test func wordsOfAMessageCanBeCopied() throws {
        let space = try Workspace()
        try space.run(["simulate", "--events", "500", "--out", "e.jsonl", "--seed", "5"])
        let name = "it's a \"$(touch hit)\" 50%\nfolder"
        try #require(try space.run(["replay", "e.jsonl", "-q", "--data-dir", name]).status == 0)
        let backup = try space.run(["backup", "copy of " + name, "--data-dir", name])
        let command = try #require(backup.err.range(of: "patternalarm restore"))
        let words = backup.err[command.upperBound...]
        #expect(try space.script("\"$0\" restore \(words.trimmingCharacters(in: .newlines)) --data-dir r").status == 0)
        #expect(!space.exists("hit") && space.exists("r/alerts.sqlite"))
    }
}

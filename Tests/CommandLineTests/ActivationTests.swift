import Foundation
import TestKit
import Testing

/// What is in force changes on a directory at rest (C11), as a person does it.
@Suite struct ActivationTests {
    private let space: Workspace

    init() throws {
        space = try Workspace()
        try space.run(["simulate", "--events", "6000", "--out", "all.jsonl", "--seed", "5"])
        let lines = String(decoding: try space.read("all.jsonl"), as: UTF8.self).split(separator: "\n")
        try space.write(lines[..<3000].joined(separator: "\n") + "\n", "one.jsonl")
        try space.write(lines[3000...].joined(separator: "\n") + "\n", "two.jsonl")
        try space.write(ActivationLogTests.changed, "changed.yaml")
    }

    private func replay(_ file: String, _ options: [String] = []) throws -> Workspace.Result {
        try space.run(["replay", file, "--data-dir", "d", "-q"] + options)
    }

    private func activate() throws -> Workspace.Result {
        try space.run(["activate", "--pipeline", "changed.yaml", "--data-dir", "d", "-q", "--note", "looser"])
    }

    private func activations() throws -> [[String: Any]] {
        let result = try space.run(["activations", "--data-dir", "d", "--format", "json"])
        let value = try JSONSerialization.jsonObject(with: Data(result.out.utf8))
        return try #require(value as? [[String: Any]])
    }

    private func verify() throws -> String { try space.run(["verify", "--deep", "--data-dir", "d", "-q"]).out }

    @Test func alertsOfBothStayAndTheLogGivesThem() throws {
        #expect(try replay("one.jsonl").status == 0)
        let result = try activate()
        #expect(result.status == 0)
        #expect(result.err.contains("activation 2: changes: structuring_burst; 1 goes on as before"), "\(result.err)")
        // Also while no event is behind it.
        #expect(try verify().contains("equal, row for row"))
        // Without a word of it, it is in force.
        #expect(try replay("two.jsonl").status == 0)
        let list = try activations()
        #expect(list.map { $0["activation"] as? Int } == [1, 2])
        #expect(list.last?["note"] as? String == "looser")
        #expect(list.last?["kind"] as? String == "activate")
        #expect(try verify().contains("equal, row for row"))
        let alerts = try space.run(["alerts", "list", "--data-dir", "d", "--limit", "100000", "--format", "csv"]).out
        let numbers = Set(alerts.split(separator: "\n").dropFirst().compactMap { $0.split(separator: ",").last })
        #expect(numbers == ["1", "2"])
        // Made anew from nothing but the log.
        let before = try space.run(["stats", "--data-dir", "d", "--format", "json"]).out
        #expect(try space.run(["alerts", "rebuild", "--data-dir", "d", "-q"]).status == 0)
        #expect(try space.run(["stats", "--data-dir", "d", "--format", "json"]).out == before)
        #expect(try verify().contains("equal, row for row"))
    }

    @Test func whatWasInForceComesAgain() throws {
        #expect(try replay("one.jsonl").status == 0)
        #expect(try activate().status == 0)
        let again = try activate()
        #expect(again.status == 0 && again.err.contains("nothing new: activation 2"), "\(again.err)")
        let back = try space.run(["activations", "rollback", "1", "--data-dir", "d", "-q"])
        #expect(back.status == 0)
        let list = try activations()
        #expect(list.map { $0["activation"] as? Int } == [1, 2, 3])
        #expect(list[0]["definition"] as? String == list[2]["definition"] as? String)
        #expect(try replay("two.jsonl").status == 0)
        #expect(try verify().contains("equal, row for row"))
        let none = try space.run(["activations", "rollback", "9", "--data-dir", "d"])
        #expect(none.status == 2 && none.err.contains("there is no activation 9"))
    }

    /// A rebuild as if something had always been in force undoes what people have done: only when it is asked for.
    @Test func aReplayDoesNotUndoActivations() throws {
        #expect(try replay("one.jsonl").status == 0)
        // As long as there is nothing to undo, it is as it always was.
        let first = try replay("one.jsonl", ["--pipeline", "changed.yaml"])
        #expect(first.err.contains("rebuilt from the log"), "\(first.err)")
        #expect(try space.run(["activations", "rollback", "1", "--data-dir", "d", "-q"]).status == 0)
        let refused = try replay("two.jsonl", ["--pipeline", "changed.yaml"])
        #expect(refused.status == 2 && refused.err.contains("1 activation"), "\(refused.err)")
        let forced = try replay("two.jsonl", ["--pipeline", "changed.yaml", "--rebuild"])
        #expect(forced.status != 2 && forced.err.contains("rebuilt from the log"), "\(forced.err)")
        #expect(try activations().last?["kind"] as? String == "begin")
        #expect(try verify().contains("equal, row for row"))
    }

    @Test func whatCannotBeInForceChangesNothing() throws {
        #expect(try replay("one.jsonl").status == 0)
        try space.write("version: 1\nname: patternalarm\nschema: {fields: {}}\n", "broken.yaml")
        let broken = try space.run(["activate", "--pipeline", "broken.yaml", "--data-dir", "d"])
        #expect(broken.status == 3 && broken.err.contains("broken.yaml:"), "\(broken.err)")
        #expect(try space.run(["activate", "--data-dir", "d"]).status == 2)
        #expect(try activations().count == 1)
    }
}

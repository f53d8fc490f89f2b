import Foundation
import Testing

/// Parts of a data directory that are gone are missed by everything that looks at it, and what is left can be kept.
@Suite struct MissingStateTests {
    /// Behind a log that was shortened only a checkpoint knows what came before.
    @Test func checkpointsOfAShortenedLogAreMissed() throws {
        let space = try Workspace.withTwoSegments()
        try space.run(["log", "retain", "--bytes", "0", "--data-dir", "d"])
        #expect(try space.run(["verify", "--data-dir", "d"]).status == 0)
        try space.remove("d/state")
        let words = "has no checkpoint, though its log begins at offset"
        let verified = try space.run(["verify", "--data-dir", "d"])
        #expect(verified.status == 7 && verified.err.contains(words), "\(verified.err)")
        let copied = try space.run(["backup", "b", "--data-dir", "d"])
        #expect(copied.status == 7 && copied.err.contains(words) && space.exists("b/alerts.sqlite"), "\(copied.err)")
        #expect(try space.run(["replay", "--resume", "-q", "--data-dir", "d"]).status == 7)
        let accepted = ["replay", "--resume", "-q", "--from-checkpoint", "none", "--data-dir", "d"]
        #expect(try space.run(accepted).status == 0)
        #expect(try space.run(["verify", "--data-dir", "d"]).status == 0)
    }

    @Test func aLogThatIsGoneIsMissedAndTheRestIsKept() throws {
        let space = try Workspace.withTwoSegments()
        let said = try space.ask("SELECT * FROM triage")
        try space.remove("d/log")
        for command in [["verify"], ["stats"], ["backup", "b"]] {
            let result = try space.run(command + ["--data-dir", "d"])
            #expect(result.status == 7 && result.err.contains("is not there"), "\(command): \(result.err)")
        }
        #expect(try space.ask("SELECT * FROM triage", of: "b/alerts.sqlite") == said && !said.isEmpty)
        let accepted = try space.run(["log", "repair", "--quarantine", "--data-dir", "d"])
        #expect(accepted.status == 0 && accepted.err.contains("records are lost"), "\(accepted.err)")
        #expect(try space.run(["verify", "--data-dir", "d"]).status == 0)
        // Where nothing ever was, nothing is missed.
        try FileManager.default.createDirectory(atPath: space.path("n"), withIntermediateDirectories: true)
        #expect(try space.run(["verify", "--data-dir", "n"]).err.contains("there is no log in n"))
    }

    /// A reader of a named pipe would wait for ever.
    @Test func whatIsNoFileIsRefused() throws {
        let space = try Workspace.withTwoSegments()
        try space.script("rm d/alerts.sqlite*; mkfifo d/alerts.sqlite")
        for command in [["alerts", "rebuild", "-q"], ["verify"], ["replay", "--resume", "-q"]] {
            let result = try space.run(command + ["--data-dir", "d"], under: ["timeout", "20"])
            #expect(
                result.status == 7 && result.err.contains("a named pipe"),
                "\(command): \(result.status) \(result.err)"
            )
        }
    }
}

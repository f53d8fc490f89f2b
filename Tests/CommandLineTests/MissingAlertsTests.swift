import Foundation
import Testing

/// An alerts file that is gone is missed: people's decisions were in it.
@Suite struct MissingAlertsTests {
    private func prepared() throws -> (space: Workspace, digest: String) {
        let space = try Workspace()
        try space.run(["simulate", "--events", "3000", "--out", "e.jsonl", "--seed", "5"])
        let digest = try #require(try space.run(["replay", "e.jsonl", "-q", "--data-dir", "d"]).digest)
        try space.decide(5)
        return (space, digest)
    }

    @Test(arguments: [("rm d/alerts.sqlite*", "not there"), ("truncate -s 0 d/alerts.sqlite", "empty")])
    func itIsSaidBeforeAndAfter(loss: String, words: String) throws {
        let (space, digest) = try prepared()
        try space.script(loss)
        try space.copy("d", to: "x")
        for command in [["verify"], ["verify", "--deep", "-q"]] {
            let found = try space.run(command + ["--data-dir", "d"])
            #expect(found.status == 7 && found.err.contains("d/alerts.sqlite is \(words)"), "\(found.out) \(found.err)")
            #expect(found.err.contains("patternalarm restore") && found.err.contains("alerts rebuild --data-dir d"))
        }
        // Going on is possible, and not silent; once is enough.
        let resume = ["replay", "--resume", "-q", "--data-dir", "d"]
        let next = try space.run(resume)
        #expect(next.status == 0 && next.digest == digest, "\(next.err)")
        #expect(next.err.contains("d/alerts.sqlite was not there: alerts are made anew"), "\(next.err)")
        #expect(try space.run(["verify", "--deep", "-q", "--data-dir", "d"]).status == 0)
        #expect(try !space.run(resume).err.contains("was not there"))
        // So is what `verify` says.
        #expect(try space.run(["alerts", "rebuild", "-q", "--data-dir", "x"]).digest == digest)
        #expect(try space.run(["verify", "--deep", "-q", "--data-dir", "x"]).status == 0)
    }

    @Test func itIsLookedForWhereItIsSaidToBe() throws {
        let (space, _) = try prepared()
        try space.script("mv d/alerts.sqlite elsewhere.sqlite")
        #expect(try space.run(["verify", "--data-dir", "d"]).err.contains("name it with --alerts"))
        #expect(try space.run(["verify", "--data-dir", "d", "--alerts", "elsewhere.sqlite"]).status == 0)
        let missed = try space.run(["verify", "--data-dir", "d", "--alerts", "no.sqlite"])
        #expect(missed.status == 7 && missed.err.contains("no.sqlite is not there"), "\(missed.err)")
        #expect(missed.err.contains("alerts rebuild --data-dir d --alerts no.sqlite"), "\(missed.err)")
    }

    /// A log that nothing was made from misses nothing.
    @Test func whatNeverWasIsNotMissed() throws {
        let (space, _) = try prepared()
        try space.script("rm -r d/alerts.sqlite* d/state")
        let verified = try space.run(["verify", "--data-dir", "d"])
        #expect(verified.status == 0 && verified.out.contains("alerts.sqlite: not there; "), "\(verified.err)")
        let next = try space.run(["replay", "--resume", "-q", "--data-dir", "d"])
        #expect(next.status == 0 && !next.err.contains("was not there"), "\(next.err)")
    }
}

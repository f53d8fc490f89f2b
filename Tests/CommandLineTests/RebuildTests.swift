import Foundation
import Testing

/// `alerts rebuild`: the log gives the alerts again, and nothing that it does not give is lost.
@Suite struct RebuildTests {
    private static func rebuild(_ directory: String) -> [String] {
        ["alerts", "rebuild", "-q", "--data-dir", directory]
    }

    private static func deep(_ directory: String) -> [String] { ["verify", "--deep", "-q", "--data-dir", directory] }

    private func prepared(decisions: Int = 60) throws -> Workspace {
        let space = try Workspace()
        try space.run(["simulate", "--events", "12000", "--out", "e.jsonl", "--seed", "5"])
        try #require(try space.run(["replay", "e.jsonl", "-q", "--data-dir", "d"]).status == 0)
        try space.decide(decisions)
        return space
    }

    /// Alerts that were changed by hand are as they were; what people have said is as it is.
    @Test func derivedTablesAreMadeAnew() throws {
        let space = try prepared()
        let digest = try space.run(["replay", "--resume", "-q", "--data-dir", "d"]).digest
        let said = try space.ask("SELECT * FROM triage; SELECT * FROM labels")
        _ = try space.ask(
            "UPDATE alerts SET amount = amount + 1; UPDATE evidence SET role = 'revised' WHERE position = 0"
        )
        #expect(try space.run(Self.deep("d")).status == 1)
        let result = try space.run(Self.rebuild("d"))
        #expect(result.status == 0 && result.digest == digest, "\(result.err)")
        #expect(try space.run(Self.deep("d")).status == 0)
        #expect(try space.ask("SELECT * FROM triage; SELECT * FROM labels") == said)
        #expect(try space.run(["replay", "--resume", "-q", "--data-dir", "d"]).digest == digest)
    }

    /// What was made from events that are gone is kept, and what lies behind is made anew.
    @Test func alertsOfEventsThatAreGoneStay() throws {
        let space = try Workspace.withTwoSegments()
        let before = try space.run(["replay", "--resume", "-q", "--data-dir", "d"]).digest
        let said = try space.ask("SELECT * FROM triage")
        try space.run(["log", "retain", "--bytes", "0", "--data-dir", "d"])
        try space.deleteAlerts("opened_offset > (SELECT max(opened_offset) - 50 FROM alerts)")
        #expect(try space.run(Self.deep("d")).status == 1)
        let result = try space.run(Self.rebuild("d"))
        #expect(result.status == 0 && result.digest == before, "\(result.err)")
        #expect(result.err.contains("is no longer in the log: made anew from offset"), "\(result.err)")
        #expect(try space.run(Self.deep("d")).status == 0)
        #expect(try space.ask("SELECT * FROM triage") == said)
        // Without a state to begin with nothing is made anew, and nothing lost.
        try space.remove("d/state")
        let refused = try space.run(Self.rebuild("d"))
        #expect(refused.status == 5 && refused.err.contains("nothing has been changed"), "\(refused.err)")
        #expect(try space.ask("SELECT digest FROM runs ORDER BY run_id DESC LIMIT 1") == before)
        // Another pipeline gives them up, and says how many.
        let file =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../Data/pipelines/patternalarm.yaml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try space.write(text.replacingOccurrences(of: "score: 0.85", with: "score: 0.86"), "other.yaml")
        let replay = ["replay", "--resume", "-q", "--pipeline", "other.yaml", "--data-dir", "d"]
        // Somebody has decided something: only if it is asked for.
        #expect(try space.run(replay).status == 2)
        let other = try space.run(replay + ["--rebuild"])
        #expect(other.status == 0 && other.err.contains(" alerts of events before offset "), "\(other.err)")
        #expect(try space.ask("SELECT * FROM triage") == said)
    }

    @Test func aDirectoryInUseIsLeftAlone() throws {
        let space = try prepared(decisions: 1)
        let script = """
            exec 9<>d/lock; flock 9; "$0" alerts rebuild -q --data-dir d
            """
        #expect(try space.script(script).status == 6)
    }

    /// Whatever is wrong with the file: a new one is made, the old one kept, and what could not be read is said.
    @Test(arguments: Damage.all)
    func aDamagedFileIsSalvaged(damage: Damage) throws {
        let space = try prepared()
        let digest = try space.run(["replay", "--resume", "-q", "--data-dir", "d"]).digest
        try space.write(Data(damage.apply(to: [UInt8](try space.read("d/alerts.sqlite")))), "d/alerts.sqlite")
        let found = try space.run(["verify", "--data-dir", "d"])
        if found.status == 0 {
            // The changed bytes belong to nothing, or to a text.
            return #expect(damage.canBeHarmless, "\(damage)")
        }
        #expect(found.status == 7 && found.err.contains("alerts rebuild"), "\(found.status) \(found.err)")
        let result = try space.run(Self.rebuild("d"))
        #expect(result.status == 0 && result.digest == digest, "\(result.status) \(result.err)")
        #expect(try space.run(Self.deep("d")).status == 0)
        let kept = Int(try space.ask("SELECT count(*) FROM triage")) ?? 0
        #expect(
            kept <= 60 && (kept == 60 || result.err.contains("could not be read") || result.err.contains("damaged,"))
        )
        #expect(kept >= damage.leastKept, "\(kept): \(result.err)")
        let texts = try space.ask("SELECT count(*) FROM triage WHERE note LIKE 'called the card holder, %'")
        #expect(Int(texts) == kept)
        // Where no page is damaged, only what is made from the log was, and the file is mended where it is.
        #expect(space.exists("d/alerts.sqlite.damaged-1") || damage.canBeHarmless && kept == 60)
    }

    /// Killed anywhere: the next run completes it, or begins anew.
    @Test(
        .enabled(if: Tools.canTrace, "strace is not there, or may not trace"),
        arguments: ["rename", "link", "fsync"]
    )
    func aKilledSalvageIsCompleted(call: String) throws {
        let space = try prepared()
        let digest = try space.run(["replay", "--resume", "-q", "--data-dir", "d"]).digest
        var bytes = [UInt8](try space.read("d/alerts.sqlite"))
        bytes.replaceSubrange(0..<100, with: [UInt8](repeating: 0x55, count: 100))
        try space.write(Data(bytes), "d/alerts.sqlite")
        var strikes = 0
        for number in 1...12 {
            try space.copy("d", to: "k")
            let inject = "inject=\(call):signal=KILL:when=\(number)"
            let kill = ["strace", "-f", "-o", "trace", "-e", "trace=" + call, "-e", inject]
            let killed = try space.run(Self.rebuild("k"), under: kill)
            if killed.status == 0 {
                try space.remove("k")
                break
            }
            strikes += 1
            var next = try space.run(["replay", "--resume", "-q", "--data-dir", "k"])
            if next.status == 7 { next = try space.run(Self.rebuild("k")) }
            #expect(next.status == 0 && next.digest == digest, "\(call) \(number): \(next.err)")
            #expect(try space.ask("SELECT count(*) FROM triage", of: "k/alerts.sqlite") == "60", "\(call) \(number)")
            try space.remove("k")
        }
        #expect(strikes > 0)
    }
}

/// A way to damage a file.
struct Damage: CustomStringConvertible, Sendable {
    let description: String
    /// How many of 60 decisions are there afterwards at least.
    var leastKept = 0
    var canBeHarmless = false
    let apply: @Sendable ([UInt8]) -> [UInt8]

    func apply(to bytes: [UInt8]) -> [UInt8] { apply(bytes) }

    static let all: [Damage] =
        flips + [
            Damage(description: "garbage for a header", leastKept: 60) { overwritten($0, 0x55, count: 100) },
            Damage(description: "a garbage first page", leastKept: 60) { overwritten($0, 0xAA, count: 4096) },
            Damage(description: "a third of it") { Array($0.prefix($0.count / 3)) },
            Damage(description: "half a page less") { $0.dropLast(2048) },
            Damage(description: "text") { _ in Array("not a database, but long enough to be one\n".utf8) },
            Damage(description: "zeros") { overwritten($0, 0, count: $0.count) },
        ]

    private static func overwritten(_ bytes: [UInt8], _ byte: UInt8, count: Int) -> [UInt8] {
        [UInt8](repeating: byte, count: count) + bytes.dropFirst(count)
    }

    /// Bytes that are changed all over the file, so many as to hit tables of people, too.
    private static let flips = (1...8).map { seed in
        Damage(description: "flips \(seed)", canBeHarmless: true) { bytes in
            var (bytes, state) = (bytes, UInt64(seed) &* 0x9E37_79B9_7F4A_7C15)
            for _ in 0..<(seed * 4) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 20) % bytes.count] ^= UInt8(1 << (state >> 60 & 7))
            }
            return bytes
        }
    }
}

import Base
import Foundation
import TestKit
import Testing

/// `query`, as a person runs it.
@Suite struct QueryCommandTests {
    private static let events = """
        {"domain":"fintech","actor_id":"u1","amount":1500.25,"timestamp":1700000000000,"country":"DE","device":"d1"}
        {"domain":"fintech","actor_id":"u1","amount":2000,"timestamp":1700000001000,"country":"FR","device":"d1"}
        {"domain":"gaming","actor_id":"=cmd()","amount":3,"timestamp":1700000002000,"country":"DE"}
        {"domain":"fintech","actor_id":"u1","amount":1001,"timestamp":1700000041000,"country":"DE","device":"d2"}
        not an event
        {"domain":"fintech","actor_id":"an account with a long name","amount":1,"timestamp":1700000130000,"country":"DE"}

        """

    @Test func windowsAndSequencesAsTables() throws {
        let space = try Workspace()
        try space.write(Data(Self.events.utf8), "events.jsonl")
        let minutes = try space.run(["query", "per_minute", "events.jsonl", "--pipeline", "card_stream", "-q"])
        #expect(minutes.status == 0)
        #expect(
            minutes.lines == [
                "start,end,domain,actor_id,events,total,average,least,largest,countries,devices",
                "2023-11-14T22:13:00.000Z,2023-11-14T22:14:00.000Z,fintech,u1,2,3500.25,1750.125,1500.25,2000,2,1",
                "2023-11-14T22:13:00.000Z,2023-11-14T22:14:00.000Z,gaming,'=cmd(),1,3,3,3,3,1,0",
                "2023-11-14T22:14:00.000Z,2023-11-14T22:15:00.000Z,fintech,u1,1,1001,1001,1001,1001,1,1",
                "2023-11-14T22:15:00.000Z,2023-11-14T22:16:00.000Z,fintech,an account with a long name,1,1,1,1,1,1,0",
            ]
        )
        #expect(minutes.err.contains("6 events = 5 ok + 0 late + 0 duplicate + 1 rejected; 4 rows"))
        let arguments = ["--pipeline", "card_stream", "-q", "--format", "jsonl"]
        let matches = try space.run(["query", "three_large", "-"] + arguments, input: Data(Self.events.utf8))
        #expect(
            matches.lines == [
                #"{"start":"2023-11-14T22:13:20.000Z","end":"2023-11-14T22:14:01.000Z","actor_id":"u1"}"#
            ]
        )
    }

    /// What a program reads is what was there; what a spreadsheet would run is made text, unless that is not wanted.
    @Test func cellsHoldTheValues() throws {
        let space = try Workspace()
        let cells = [
            ("+49 (170) 123-45/6", "+49 (170) 123-45/6"), ("-12.50", "-12.50"), ("+1e5", "+1e5"), ("-", "'-"),
            ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"), ("+SUM(1)", "'+SUM(1)"), ("=1", "'=1"), ("@x", "'@x"),
            ("a=1", "a=1"), ("007", "007"), ("'x", "'x"), ("+-", "'+-"),
        ]
        let events = cells.enumerated().map { index, cell in
            "{\"domain\":\"d\",\"actor_id\":\"\(cell.0)\",\"amount\":1,\"timestamp\":\(1_700_000_000_000 + index)}\n"
        }
        try space.write(Data(events.joined().utf8), "events.jsonl")
        let query = ["query", "per_minute", "events.jsonl", "--pipeline", "card_stream", "-q", "--format"]
        func keys(_ format: String) throws -> [String] {
            let result = try space.run(query + [format])
            #expect(result.status == 0, "\(result.err)")
            return result.lines.dropFirst().map { String($0.split(separator: ",")[3]) }.sorted()
        }
        #expect(try keys("csv") == cells.map(\.1).sorted())
        #expect(try keys("csv-raw") == cells.map(\.0).sorted())
        let help = try space.run(["query", "--help"]).out
        #expect(help.contains("csv-raw") && help.contains("spreadsheet"))
    }

    /// The same rows whatever the threads; what is recorded is in the log once, however often it is run.
    @Test func recordsOnce() throws {
        let space = try Workspace()
        var random = Seeded(seed: 3)
        var lines = ""
        for event in 0..<20_000 {
            lines += "{\"domain\":\"d\",\"actor_id\":\"u\(random.below(500))\",\"amount\":\(random.below(1200)),"
            lines +=
                "\"timestamp\":\(1_700_000_000_000 + event * 50 - random.below(4000)),\"device\":\"\(random.below(9))\"}\n"
        }
        try space.write(Data(lines.utf8), "events.jsonl")
        let query = ["query", "last_5m", "events.jsonl", "--pipeline", "card_stream", "-q"]
        let rows = try space.run(query + ["--threads", "1"])
        #expect(rows.lines.count > 5_000)
        for _ in 0..<2 {
            let recorded = try space.run(query + ["--threads", "2", "--record", "work"])
            #expect(recorded.output == rows.output)
            #expect(try space.run(["log", "cat", "--data-dir", "work"]).out == lines)
        }
    }

    @Test func mistakesAreNamed() throws {
        let space = try Workspace()
        try space.write(Data(Self.events.utf8), "events.jsonl")
        let unknown = try space.run(["query", "per_hour", "events.jsonl", "--pipeline", "card_stream"])
        #expect(unknown.status == 3)
        #expect(unknown.err.contains("no query \"per_hour\"; it has per_minute, last_5m, three_large"))
        let missing = try space.run(["query", "per_minute", "nothing.jsonl", "--pipeline", "card_stream"])
        #expect(missing.status == 4)
        #expect(missing.err.contains("nothing.jsonl"))
    }
}

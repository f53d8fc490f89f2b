import Foundation
import TestKit
import Testing

/// Recordings as people have them: what is read of them, and what is said.
@Suite struct RecordingTests {
    private let space: Workspace

    init() throws {
        space = try Workspace()
        try space.writePaymentsPipeline()
    }

    private func replay(_ file: String, _ options: [String] = []) throws -> Workspace.Result {
        try space.run(["replay", file, "-q", "--pipeline", "p.yaml", "--data-dir", "d-\(file)"] + options)
    }

    private func rows(_ count: Int, separator: String = ",", item: (Int) -> String) -> [String] {
        (0..<count).map { index in
            let time = "2026-03-02T08:\(10 + index / 50):\(10 + index % 50)Z"
            return ["e\(index)", time, "p\(index % 5)", "3000", item(index)].joined(separator: separator) + "\n"
        }
    }

    private func events(_ result: Workspace.Result) -> Substring {
        (result.err.split(separator: "\n").last ?? "").prefix { $0 != ";" }
    }

    @Test func aQuoteInsideOfAFieldIsText() throws {
        let header = "id,at,payer,amount,item\n"
        try space.write(header + rows(300) { $0 == 2 ? "TV 42\" black" : "book" }.joined(), "inch.csv")
        #expect(try events(replay("inch.csv")) == "300 events = 300 ok + 0 late + 0 duplicate + 0 rejected")
        try space.write(header + rows(300) { $0 == 2 ? "\"TV 42 black" : "\"a, b\"" }.joined(), "open.csv")
        #expect(try events(replay("open.csv")) == "300 events = 299 ok + 0 late + 0 duplicate + 1 rejected")
        let log = try space.run(["log", "cat", "--data-dir", "d-inch.csv"])
        #expect(log.out.contains(#""item":"TV 42\" black""#))
    }

    @Test func linesAreThoseOfTheFile() throws {
        let text = "id,at,payer,amount,item\n" + rows(3) { _ in "\"one\ntwo\nthree\"" }.joined() + "e,soon,p,1,x\n"
        try space.write(text, "lines.csv")
        _ = try replay("lines.csv")
        let query = "SELECT line, field FROM rejects"
        let result = try space.execute(["sqlite3", "d-lines.csv/alerts.sqlite", query])
        #expect(result.out == "11|at\n")
    }

    @Test(arguments: [("semi.csv", ";"), ("bank.TSV", "\t"), ("tab.csv", "\t"), ("pipe.CSV", "|")])
    func otherSeparators(name: String, separator: String) throws {
        let header = ["id", "at", "payer", "amount", "item"].joined(separator: separator) + "\n"
        try space.write(header + rows(30, separator: separator) { _ in "\"a\(separator), b\"" }.joined(), name)
        let word = separator == "\t" ? "tab" : separator
        if name.hasSuffix(".TSV") {
            #expect(try events(replay(name)) == "30 events = 30 ok + 0 late + 0 duplicate + 0 rejected")
        } else {
            let refused = try replay(name)
            #expect(refused.status == 4 && refused.err.contains("add --separator '\(word)'"))
            let read = try replay(name, ["--separator", word])
            #expect(read.status == 0)
            #expect(events(read) == "30 events = 30 ok + 0 late + 0 duplicate + 0 rejected")
        }
    }

    @Test func columnsOfAnotherSpellingAreTaken() throws {
        try space.write("\u{FEFF}ID, at ,payer,Amount,item\n" + rows(30) { _ in "book" }.joined(), "case.csv")
        let result = try replay("case.csv")
        #expect(events(result) == "30 events = 30 ok + 0 late + 0 duplicate + 0 rejected")
        #expect(result.err.contains("case.csv: the column \"Amount\" is taken as the field amount"))
        #expect(result.err.contains("case.csv: the column \" at \" is taken as the field at"))
        #expect(!result.err.contains(" 0 alerts"))
        // The exact name comes first, then the first one that is like it.
        try space.write("id,at,payer,amount,AMOUNT\n" + rows(30) { _ in "x" }.joined(), "exact.csv")
        #expect(try !replay("exact.csv").err.contains("is taken"))
        try space.write("id,at,payer,Amount,AMOUNT\n" + rows(30) { _ in "x" }.joined(), "two.csv")
        #expect(
            try replay("two.csv").err.contains(
                "the field amount is the first of the columns \"Amount\", \"AMOUNT\" that has"
            )
        )
        try space.write("id,at,payer,amount,amount\n" + rows(30) { _ in "1" }.joined(), "twice.csv")
        let twice = try replay("twice.csv")
        #expect(twice.status == 4 && twice.err.contains("the column \"amount\" more than once"))
    }

    /// Whoever reads a file while it is written to has in the end what one has who reads it when it is whole.
    @Test(arguments: ["jsonl", "csv"])
    func aFileThatIsBeingWritten(format: String) throws {
        let lines =
            format == "csv"
            ? ["id,at,payer,amount,item\n"] + rows(4) { $0 == 2 ? "\"two\nlines\"" : "125.75" }
            : (0..<4).map {
                "{\"id\":\"e\($0)\",\"at\":\"2026-03-02T08:00:0\($0)Z\",\"payer\":\"p\",\"amount\":2500.5}\n"
            }
        let text = Array(lines.joined().utf8)
        func replay(_ count: Int, _ directory: String, _ options: [String] = []) throws -> Workspace.Result {
            try space.write(Data(text[..<count]), "app.\(format)")
            let run = ["replay", "app.\(format)", "-q", "--pipeline", "p.yaml", "--data-dir", directory]
            return try space.run(run + options)
        }
        let digest = try #require(try replay(text.count, "whole").digest)
        let last = text.count - lines[lines.count - 1].utf8.count
        for split in [3, last - 1, last, last + 5, text.count - 4, text.count - 1] {
            let part = try replay(split, "d\(split)")
            // Of the first three bytes there is no event.
            #expect(part.status == (split == 3 ? 4 : 0))
            let whole = try replay(text.count, "d\(split)")
            #expect(whole.digest == digest && events(whole) == "4 events = 4 ok + 0 late + 0 duplicate + 0 rejected")
        }
        let half = try replay(text.count - 4, "half")
        #expect(half.err.contains("app.\(format): line \(format == "csv" ? 6 : 4) has no end yet: its "))
        #expect(half.err.contains("if the file is finished, add --finished") && half.err.contains("3 events = 3 ok"))
        let finished = try replay(text.count - 4, "half", ["--finished"])
        #expect(finished.err.contains("4 events = \(format == "csv" ? 4 : 3) ok"))
    }

    @Test func aPathIsOneColumnOrNested() throws {
        let text = String(decoding: try space.read("p.yaml"), as: UTF8.self)
        try space.write(text.replacing("payer: {", with: "payer: {path: card.payer, "), "p.yaml")
        try space.write("id,at,card.payer,amount,item\n" + rows(30) { _ in "x" }.joined(), "dots.csv")
        #expect(try events(replay("dots.csv")) == "30 events = 30 ok + 0 late + 0 duplicate + 0 rejected")
        let time = "\"at\":\"2026-03-02T08:00:00Z\""
        try space.write(
            "{\"id\":\"1\",\(time),\"card\":{\"payer\":\"a\"}}\n{\"id\":\"2\",\(time),\"card.payer\":\"a\"}\n",
            "dots.jsonl"
        )
        #expect(try events(replay("dots.jsonl")) == "2 events = 2 ok + 0 late + 0 duplicate + 0 rejected")
    }
}

/// A CSV log read with another schema than the one of its day.
@Suite struct ChangedSchemaTests {
    private static let schemas = [
        "",
        "amount: {type: number, role: amount}, flag: {type: bool}, seen: {type: time}, note: {type: text}",
        "amount: {type: text}, flag: {type: text}, seen: {type: text}, note: {type: text}",
        "amount: {type: text}, flag: {type: number}, seen: {type: number}",
        "flag: {type: bool}, seen: {type: time}, amount: {type: number, role: amount, min: 0}",
    ]

    /// What a detector says of the fields that a schema names.
    private static func pipeline(_ fields: String) -> String {
        var conditions: [String] = []
        if fields.contains("amount: {type: number") { conditions.append("amount > 650") }
        if fields.contains("amount: {type: text") { conditions.append("amount == \"700.0\" or amount == \"007\"") }
        if fields.contains("flag: {type: bool") { conditions.append("flag == true") }
        if fields.contains("flag: {type: text") { conditions.append("flag == \"T\" or flag == \"1\"") }
        if fields.contains("flag: {type: number") { conditions.append("flag == 1") }
        if fields.contains("note") { conditions.append("contains(note, \"b\")") }
        let detectors = (conditions + ["n >= 8"]).enumerated().map { "  - {name: d\($0), when: '\($1)', session: 1h}" }
        return """
            version: 1
            name: payments
            schema:
              fields: {id: {type: text, role: id}, at: {type: time, role: time}, payer: {type: text}\(fields.isEmpty ? "" : ", ")\(fields)}
            entities: {who: payer}
            features: {n: "count(who, 1h)"}
            detectors:
            \(detectors.joined(separator: "\n"))

            """
    }

    private static let amounts = [
        "600", "700.0", "1e3", " 800", ".5", "007", "+900", "x", "", "-1", "5.", "1234567890123456789",
    ]
    private static let flags = ["true", "T", "1", "0", "no", "", "FALSE", "maybe", "Y"]
    private static let times = ["2026-03-02 08:00:00", "1772438400", "", "1772438400123", "soon"]

    private func write(_ space: Workspace, separator: String) throws {
        var rows = ["id,at,payer,amount,flag,seen,note".replacing(",", with: separator)]
        for index in 0..<200 {
            let amount = Self.amounts[index % Self.amounts.count]
            let note = ["plain", "\"a \"\"b\"\"\(separator) c\"", "", "\"two\nlines\""][index % 4]
            let time = "2026-03-02T08:\(10 + index / 50):\(10 + index % 50)Z"
            let flag = Self.flags[index % Self.flags.count]
            let seen = Self.times[index % Self.times.count]
            rows.append(["e\(index)", time, "p\(index % 7)", amount, flag, seen, note].joined(separator: separator))
        }
        try space.write(rows.joined(separator: "\n") + "\n", "t.csv")
    }

    private func replay(_ space: Workspace, _ schema: Int, _ directory: String, _ options: [String]) throws -> String {
        let pipeline = "v\(schema).yaml"
        if !space.exists(pipeline) { try space.write(Self.pipeline(Self.schemas[schema]), pipeline) }
        let run = ["replay", "t.csv", "-q", "--pipeline", pipeline, "--data-dir", directory]
        let result = try space.run(run + options)
        #expect(result.status == 0, "\(result.err)")
        let line = try #require(result.err.split(separator: "\n").last { $0.contains(" events = ") })
        // All but the seconds.
        return line.split(separator: ";").filter { !$0.hasSuffix(" s") }.joined(separator: ";")
    }

    @Test func alertsAreThoseOfANewDirectory() throws {
        let space = try Workspace()
        try write(space, separator: ",")
        let fresh = try Self.schemas.indices.map { try replay(space, $0, "fresh\($0)", []) }
        #expect(Set(fresh).count == Self.schemas.count)
        for first in Self.schemas.indices {
            for later in Self.schemas.indices where later != first {
                #expect(try replay(space, later, "d\(first)", []) == fresh[later], "\(first), then \(later)")
            }
        }
    }

    /// The same with decimal commas, whether the schema of the day had named the column as a number or not at all.
    @Test func decimalCommasAreReadLater() throws {
        let space = try Workspace()
        try write(space, separator: ";")
        let text = String(decoding: try space.read("t.csv"), as: UTF8.self)
        try space.write(text.replacing(";700.0;", with: ";1.700,5;").replacing(";.5;", with: ";12.5;"), "t.csv")
        let options = ["--separator", ";", "--decimal", ","]
        let fresh = try [0, 1, 4].map { try replay(space, $0, "fresh\($0)", options) }
        for first in [0, 1, 4] {
            for (index, later) in [0, 1, 4].enumerated() where later != first {
                #expect(try replay(space, later, "d\(first)", options) == fresh[index], "\(first), then \(later)")
            }
        }
        let cat = try space.run(["log", "cat", "--data-dir", "d0"]).out
        #expect(cat.contains(#""amount":"1\u002e700\u002c5""#))
    }
}

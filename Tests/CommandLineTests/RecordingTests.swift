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
        // The exact name comes first; two that are like it are as good as none.
        try space.write("id,at,payer,amount,AMOUNT\n" + rows(30) { _ in "x" }.joined(), "exact.csv")
        #expect(try !replay("exact.csv").err.contains("is taken"))
        try space.write("id,at,payer,Amount,AMOUNT\n" + rows(30) { _ in "x" }.joined(), "two.csv")
        #expect(try replay("two.csv").err.contains("may be any of the columns \"Amount\", \"AMOUNT\": none is taken"))
        try space.write("id,at,payer,amount,amount\n" + rows(30) { _ in "1" }.joined(), "twice.csv")
        let twice = try replay("twice.csv")
        #expect(twice.status == 4 && twice.err.contains("the column \"amount\" more than once"))
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

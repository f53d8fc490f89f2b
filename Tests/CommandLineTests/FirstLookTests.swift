import Foundation
import Testing

/// `inspect`, `init` and `check`, on files that a person has and on pipelines that a person has written.
@Suite struct FirstLookTests {
    private let space: Workspace

    init() throws { space = try Workspace() }

    /// Payments of twenty accounts, one of which pays much and often in the end; semicolons and decimal commas.
    private func writePayments(_ name: String = "payments.csv", encoding: String.Encoding = .utf8) throws {
        var text = "Nr;Zeit;Konto;Händler;Betrag\r\n"
        for row in 0..<2000 {
            let time = String(format: "%02d.03.2026 %02d:%02d", 1 + row / 80, row % 80 / 4, row % 4 * 15)
            let isPlanted = row >= 1990
            let account = isPlanted ? "k7" : "k\(row * 7 % 20)"
            let amount = isPlanted ? "2.500,50" : "\(10 + row * 13 % 17),25"
            text += "\(row);\(isPlanted ? "25.03.2026 19:59" : time);\(account);Bäcker \(row % 9);\(amount)\r\n"
        }
        try #require(text.data(using: encoding)).write(to: URL(fileURLWithPath: space.folder + "/" + name))
    }

    @Test func fromAFileToAlerts() throws {
        try writePayments()
        let look = try space.run(["inspect", "payments.csv", "-q"])
        #expect(look.status == 0)
        #expect(look.out.contains("separated by semicolons") && look.out.contains("decimal commas"))
        #expect(look.lines.allSatisfy { $0.count <= 80 })
        let draft = try space.run(["init", "payments.csv", "-q"])
        try #require(draft.status == 0, "\(draft.err)")
        #expect(draft.err.contains("2,000 events = 2,000 ok + 0 late + 0 duplicate + 0 rejected"))
        try space.write(draft.out, "pipeline.yaml")
        let checked = try space.run(["check", "pipeline.yaml", "payments.csv", "-q", "--separator", ";"])
        #expect(checked.status == 0, "\(checked.out)\(checked.err)")
        // As the head of the draft has it.
        let replayed = try space.script(
            #"eval "$(sed -n "s|^#   patternalarm replay|$0 replay|p" pipeline.yaml) -q --finished""#
        )
        #expect(replayed.status == 0, "\(replayed.err)")
        #expect(replayed.err.contains("2,000 events = 2,000 ok"), "\(replayed.err)")
        let alerts = try space.run(["alerts", "list", "--data-dir", "work", "--format", "csv"])
        #expect(alerts.out.contains("k7"), "\(alerts.out)")
    }

    @Test func otherEncodingsAreProposed() throws {
        try writePayments("ansi.csv", encoding: .windowsCP1252)
        let look = try space.run(["inspect", "ansi.csv", "-q", "--json"])
        #expect(look.out.contains(#""encoding":"windows-1252","encoding_guessed":true"#))
        #expect(look.out.contains("Händler"))
        let draft = try space.run(["init", "ansi.csv", "-q"])
        #expect(draft.out.contains("--separator ';' --encoding windows-1252"))
        #expect(draft.err.contains(" 0 rejected"), "\(draft.err)")
    }

    /// What is proposed reads the values that are there.
    @Test func currenciesAreReadAsTheyAreMeant() throws {
        let rows = (0..<600).map { row in
            String(format: "t%d,2026-03-02T08:%02d:%02dZ,c%d,Rs.%d\n", row, row / 60, row % 60, row % 20, 2000 + row)
        }
        try space.write("id,ts,card,amount\n" + rows.joined(), "rupees.csv")
        let look = try space.run(["inspect", "rupees.csv", "-q"])
        #expect(look.out.contains(" 2,000 … 2,") && look.out.contains("… 2,599"), "\(look.out)")
        let draft = try space.run(["init", "rupees.csv", "-q"])
        try space.write(draft.out, "pipeline.yaml")
        let export = ["export", "features", "rupees.csv", "--pipeline", "pipeline.yaml", "--out", "f.csv", "-q"]
        #expect(try space.run(export).status == 0)
        let lines = String(decoding: try space.read("f.csv"), as: UTF8.self).split(separator: "\n")
        let names = lines[0].split(separator: ",", omittingEmptySubsequences: false)
        let column = try #require(names.firstIndex(of: "amount_now"), "\(lines[0])")
        let values = lines.dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false)[column] }
        #expect(values.compactMap { Double($0) }.sorted() == (2000..<2600).map(Double.init))
    }

    /// The draft's own command takes the last line, too.
    @Test func aLastLineWithoutAnEnd() throws {
        let rows = (0..<200).map { row in
            String(format: "t%d,2026-03-02T08:%02d:%02dZ,c%d,%d.5", row, row / 60, row % 60, row % 20, row % 17)
        }
        try space.write("id,ts,card,amount\n" + rows.joined(separator: "\n"), "cut.csv")
        let draft = try space.run(["init", "cut.csv", "-q"])
        #expect(draft.out.contains("--data-dir work --finished\n"), "\(draft.out.prefix(600))")
        try space.write(draft.out, "pipeline.yaml")
        let checked = try space.run(["check", "pipeline.yaml", "cut.csv", "-q"])
        #expect(checked.out.contains("cut.csv: its last line has no line end"), "\(checked.out)")
        let replayed = try space.script(
            #"eval "$(sed -n "s|^#   patternalarm replay|$0 replay|p" pipeline.yaml) -q""#
        )
        #expect(replayed.status == 0 && replayed.err.contains("200 events = 200 ok"), "\(replayed.err)")
        try space.write("id,ts,card,amount\n" + rows.joined(separator: "\n") + "\n", "whole.csv")
        #expect(try !space.run(["init", "whole.csv", "-q"]).out.contains("--finished"))
        #expect(try !space.run(["check", "pipeline.yaml", "whole.csv", "-q"]).out.contains("no line end"))
    }

    /// Headers as spreadsheets write them: the draft reads what a replay can read.
    @Test(arguments: ["id,ts,card,amount,,", "id,ts,card,amount,note,note"])
    func headersWithEmptyOrRepeatedNames(header: String) throws {
        let end = header.hasSuffix(",") ? ",," : ",a,b"
        let rows = (0..<200).map { row in
            String(format: "t%d,2026-03-02T08:%02d:%02dZ,c%d,%d.5", row, row / 60, row % 60, row % 20, row % 17) + end
        }
        try space.write(header + "\n" + rows.joined(separator: "\n") + "\n", "sheet.csv")
        let look = try space.run(["inspect", "sheet.csv", "-q"])
        #expect(look.out.contains(" a header,"), "\(look.out)")
        #expect(look.out.contains("\"note\" more than once") == header.hasSuffix("note"), "\(look.out)")
        let draft = try space.run(["init", "sheet.csv", "-q"])
        #expect(draft.status == 0 && draft.err.contains("200 events = 200 ok"), "\(draft.err)")
        try space.write(draft.out, "pipeline.yaml")
        let replayed = try space.run(["replay", "sheet.csv", "-q", "--pipeline", "pipeline.yaml", "--data-dir", "d"])
        #expect(replayed.status == 0 && replayed.err.contains("200 events = 200 ok"), "\(replayed.err)")
    }

    @Test func whatCannotBeDraftedIsSaid() throws {
        try space.write("1,2026-01-01,a\n2,2026-01-02,b\n", "bare.csv")
        try space.write("a,b\nx,1\ny,2\n", "timeless.csv")
        try space.write(#"203.0.113.9 - - [10/Oct/2025:13:55:36 +0200] "GET /a HTTP/1.1" 200 23"# + "\n", "access.log")
        for (file, words) in [
            ("bare.csv", "names no columns"), ("timeless.csv", "no column has the times"),
            ("access.log", "web server's log"),
        ] {
            let result = try space.run(["init", file, "-q"])
            #expect(result.status == 4 && result.err.contains(words), "\(file): \(result.err)")
            #expect(result.out.isEmpty)
        }
        let log = try space.script(
            "eval \"$(\"$0\" inspect access.log 2>&1 | tail -n +2)\" && cat log.csv"
        )
        #expect(log.out.contains("203.0.113.9,-,10/Oct/2025:13:55:36 +0200,GET,\"/a\",200,23"), "\(log.out)\(log.err)")
    }

    @Test func checkNamesMistakesAndWhatIsUnused() throws {
        try space.writePaymentsPipeline()
        let text = String(decoding: try space.read("p.yaml"), as: UTF8.self)
        try space.write(text.replacingOccurrences(of: "count(", with: "cuont("), "wrong.yaml")
        let wrong = try space.run(["check", "wrong.yaml"])
        #expect(wrong.status == 3)
        #expect(wrong.err.contains("did you mean \"count\"?"), "\(wrong.err)")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let place = try #require(lines.firstIndex { $0.contains("payer:") })
        var more = lines.map(String.init)
        more.insert("    purpose: text", at: place)
        try space.write(more.joined(separator: "\n"), "more.yaml")
        let unused = try space.run(["check", "more.yaml"])
        #expect(unused.status == 0)
        #expect(unused.out.contains("more.yaml:\(place + 1):5: note: the field \"purpose\""), "\(unused.out)")
    }

    @Test func checkComparesAFileWithThePipeline() throws {
        try space.writePaymentsPipeline()
        try space.write("id,at,Payer,amount\n1,2026-01-01T00:00:00Z,a,5\n", "case.csv")
        let good = try space.run(["check", "p.yaml", "case.csv", "-q"])
        #expect(good.status == 0 && good.out.contains("1 events = 1 ok"), "\(good.out)\(good.err)")
        try space.write(#"{"id":"1","at":"2026-01-01T00:00:00Z","payer":"a","amo_unt":5}"# + "\n", "case.jsonl")
        let other = try space.run(["check", "p.yaml", "case.jsonl", "-q"])
        #expect(other.out.contains("did you mean amo_unt?"), "\(other.out)\(other.err)")
        #expect(other.status == 4)
    }
}

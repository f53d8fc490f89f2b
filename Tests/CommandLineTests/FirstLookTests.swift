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

    private func rows(_ count: Int, amount: (Int) -> String = { "\($0 % 17).5" }) -> [String] {
        (0..<count).map { row in
            String(
                format: "t%d,2026-03-02T%02d:%02d:%02dZ,c%d,",
                row,
                8 + row / 3600,
                row / 60 % 60,
                row % 60,
                row % 20
            )
                + amount(row)
        }
    }

    private let header = "id,ts,card,amount"

    private func write(_ lines: [String], _ name: String, end: String = "\n") throws {
        try space.write(lines.joined(separator: "\n") + end, name)
    }

    /// A few words among amounts are no amounts; many of them, and the column is none of numbers.
    @Test func wordsAmongNumbersCostNoEvent() throws {
        try write([header] + rows(1200) { $0 % 100 == 7 ? " TBC" : $0 % 400 == 9 ? "#N/A" : "\($0 % 17).5" }, "few.csv")
        let few = try space.run(["init", "few.csv", "-q"])
        #expect(few.err.contains("1,200 events = 1,200 ok"), "\(few.err)")
        #expect(few.out.contains(#"role: amount"#) && few.out.contains(#", "TBC"]"#), "\(few.out)")
        try write([header] + rows(1200) { $0 % 60 == 7 ? "see \($0)" : "\($0 % 17).5" }, "many.csv")
        let many = try space.run(["init", "many.csv", "-q"])
        #expect(many.err.contains("1,200 events = 1,200 ok") && !many.out.contains("role: amount"), "\(many.err)")
    }

    /// The command that is proposed turns a file round, and the header stays where it is.
    @Test(arguments: ["csv", "tsv", "jsonl", "csv.gz"]) func newestFirst(_ ending: String) throws {
        let events = rows(300).reversed()
        let end = ending == "csv" ? "" : "\n"
        switch ending {
        case "jsonl":
            let names = header.split(separator: ",")
            let objects = events.map { event in
                let members = zip(names, event.split(separator: ",")).map { "\"\($0)\":\"\($1)\"" }
                return "{" + members.joined(separator: ",") + "}"
            }
            try write(Array(objects), "new.jsonl", end: "")
        case "tsv": try write(([header] + events).map { $0.replacing(",", with: "\t") }, "new.tsv")
        default: try write([header] + events, "new.csv", end: end)
        }
        if ending == "csv.gz" { try space.script("gzip new.csv") }
        let look = try space.run(["inspect", "new.\(ending)", "-q"])
        let command = try #require(look.lines.first { $0.contains(" | tac") && $0.contains("turned.") }, "\(look.out)")
        #expect(look.out.contains("the newest first"))
        let draft = try space.run(["init", "new.\(ending)", "-q"])
        #expect(draft.out.contains(command.trimmingCharacters(in: .whitespaces)), "\(draft.out.prefix(900))")
        try space.write(draft.out, "pipeline.yaml")
        // In the other order it is another draft.
        let again = #"eval "$(sed -n "s|^#   patternalarm init|$0 init -q|p" pipeline.yaml)""#
        let replay = #"eval "$(sed -n "s|^#   patternalarm replay|$0 replay|p" pipeline.yaml) -q""#
        let run = try space.script(
            [command, again, "grep 'disorder: 0s' pipeline.yaml", replay].joined(separator: " && ")
        )
        #expect(run.status == 0 && run.err.contains("300 events = 300 ok"), "\(run.err)")
        let turned = try space.run([
            "inspect", ending == "tsv" ? "turned.tsv" : ending == "jsonl" ? "turned.jsonl" : "turned.csv", "-q",
        ])
        #expect(turned.out.contains("            in order"), "\(turned.out)")
    }

    /// What a name does not say is said in the end, and by a replay that has not been told.
    @Test(arguments: [("|", "'|'"), (";", "';'"), ("\t", "tab")])
    func whatAReplayNeedsIsSaid(_ separator: String, _ option: String) throws {
        try write(([header] + rows(200)).map { $0.replacing(",", with: separator) }, "q.txt")
        let draft = try space.run(["init", "q.txt", "-q"])
        let command = "  patternalarm replay q.txt --pipeline pipeline.yaml --data-dir work --separator \(option)"
        #expect(draft.err.split(separator: "\n").contains { $0 == command }, "\(draft.err)")
        try space.write(draft.out, "pipeline.yaml")
        let plain = try space.run(["replay", "q.txt", "-q", "--pipeline", "pipeline.yaml", "--data-dir", "d"])
        #expect(plain.status == 4 && plain.err.contains("add --separator "), "\(plain.err)")
        let told = try space.script(
            "eval \"$(sed -n \"s|^#   patternalarm replay|$0 replay|p\" pipeline.yaml) -q\""
        )
        #expect(told.status == 0 && told.err.contains("200 events = 200 ok"), "\(told.err)")
    }

    @Test func anEncodingThatAReplayNeedsIsSaid() throws {
        try writePayments("ansi.txt", encoding: .windowsCP1252)
        let draft = try space.run(["init", "ansi.txt", "-q"])
        #expect(draft.err.contains("--data-dir work --separator ';' --encoding windows-1252\n"), "\(draft.err)")
        try space.write(draft.out, "pipeline.yaml")
        let plain = try space.run(["replay", "ansi.txt", "-q", "--pipeline", "pipeline.yaml", "--data-dir", "d"])
        #expect(plain.err.contains("add --separator ';' --encoding windows-1252"), "\(plain.err)")
    }

    /// A bank's title above the table, and what Excel puts in front of one.
    @Test(arguments: [("Kontoauszug 2026;;;\nErstellt am 03.04.2026;;;\n\n", 4), ("Umsätze\n", 2), ("sep=;\n", 2)])
    func linesAboveTheHeader(_ above: String, _ line: Int) throws {
        try write(
            [above + header].map { $0.replacing(",", with: ";") } + rows(200).map { $0.replacing(",", with: ";") },
            "bank.csv"
        )
        let command = "tail -n +\(line) bank.csv > table.csv"
        let look = try space.run(["inspect", "bank.csv", "-q"])
        let words = look.out.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("probably in line \(line)") && words.contains(command), "\(look.out)")
        #expect(
            words.contains("id id") && words.contains("card: 20 keys") && words.contains("200 records"),
            "\(look.out)"
        )
        let refused = try space.run(["init", "bank.csv", "-q"])
        #expect(refused.status == 4 && refused.out.isEmpty && refused.err.contains(command), "\(refused.err)")
        try space.script(command)
        #expect(try space.run(["init", "table.csv", "-q"]).err.contains("200 events = 200 ok"))
    }

    /// Two stamps of a clock that is eleven days fast do not decide how long a replay waits for all others.
    @Test func fewStraysAreNamed() throws {
        let events = rows(2500)
        let strayed = events.enumerated().map { index, row in
            index == 700 || index == 1400 ? row.replacing("2026-03-02", with: "2026-03-13") : row
        }
        try write([header] + strayed, "fast.csv")
        let look = try space.run(["inspect", "fast.csv", "-q"])
        let words = look.out.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("2 × ts is far ahead of the events around it, by 264 hours at most"), "\(look.out)")
        #expect(words.contains("(line 702, 1,402)") && words.contains(" in order "), "\(look.out)")
        let draft = try space.run(["init", "fast.csv", "-q"])
        #expect(draft.out.contains("disorder: 0s\n") && draft.out.contains("max_ahead: 1d\n"), "\(draft.out)")
        #expect(draft.err.contains("2,500 events = 2,498 ok + 0 late + 0 duplicate + 2 rejected"), "\(draft.err)")
        #expect(draft.err.contains("2 events are far ahead of those around them"), "\(draft.err)")
    }
}

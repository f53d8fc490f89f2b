import Foundation
import Testing

/// A run that read nothing, or not what was meant, says so and is no success.
@Suite struct OutcomeTests {
    private let space: Workspace
    private let header = "id,at,payer,amount\n"

    init() throws {
        space = try Workspace()
        try space.writePaymentsPipeline()
    }

    private func replay(
        _ files: [String],
        _ options: [String] = [],
        _ directory: String? = nil
    ) throws -> Workspace.Result {
        let run = ["replay"] + files + ["-q", "--pipeline", "p.yaml"]
        return try space.run(run + ["--data-dir", directory ?? "d-\(files[0].replacing("/", with: "-"))"] + options)
    }

    private func lines(_ range: Range<Int>, hour: Int = 8) -> String {
        range.map { index in
            let time = "2026-03-02T\(100 + hour + index / 2000):\(10 + index / 50 % 40):\(10 + index % 50)Z"
                .replacing("T1", with: "T")
            return "{\"id\":\"h\(hour)-\(index)\",\"at\":\"\(time)\",\"payer\":\"p\",\"amount\":\(index)}\n"
        }.joined()
    }

    /// What other programs have made of three events, and cannot be read.
    @Test func whatIsNoRecordingIsTold() throws {
        try space.write(lines(0..<3), "e.jsonl")
        try space.script(
            "xz -k e.jsonl; bzip2 -k e.jsonl; iconv -t UTF-32 e.jsonl > wide.jsonl; gzip -c e.jsonl | gzip > twice.gz"
        )
        try space.script("tar czf e.tgz e.jsonl; printf '<?xml version=\"1.0\"?><a/>' > e.xml")
        for (file, cause) in [
            ("e.jsonl.xz", "xz"), ("e.jsonl.bz2", "bzip2"), ("wide.jsonl", "UTF-32"), ("twice.gz", "packed twice"),
            ("e.tgz", "tar"),
            ("e.xml", "XML"),
        ] {
            let result = try replay([file])
            #expect(result.status == 4, "\(file)")
            #expect(result.err.contains("cannot read \(file): it is") && result.err.contains(cause), "\(result.err)")
            // The other way in.
            let piped = try space.run(
                ["replay", "-", "-q", "--pipeline", "p.yaml", "--data-dir", "p-\(file)"],
                input: try space.read(file)
            )
            #expect(piped.status == 4 && piped.err.contains(cause))
        }
    }

    @Test func noAcceptedEventIsNoSuccess() throws {
        try space.write("one\n{\"id\":\"1\"}\n{\"id\":\"2\"}\n{\"id\":1,\"at\":\"x\",\"payer\":\"\"}\n", "bad.jsonl")
        for _ in 0..<2 {
            let result = try replay(["bad.jsonl"])
            #expect(result.status == 4)
            #expect(result.err.contains("4 events = 0 ok + 0 late + 0 duplicate + 4 rejected"))
        }
        let first = try replay(["bad.jsonl"], [], "again")
        #expect(first.err.contains("bad.jsonl: none of its 4 events was accepted"))
        #expect(first.err.contains("rejected: line 1: broken JSON") && first.err.contains("line 2: at is missing"))
        try space.write("1,2026-03-02T08:00:00Z,p,1\n2,2026-03-02T08:00:01Z,p,1\n", "headerless.csv")
        let headerless = try replay(["headerless.csv"])
        #expect(
            headerless.status == 4
                && headerless.err.contains("has none of the pipeline's fields (id, at, payer, amount)")
        )
        // One file that is none does not keep the others from being read.
        try space.write(lines(0..<3), "e.jsonl")
        let both = try replay(["bad.jsonl", "e.jsonl"], [], "both")
        #expect(both.status == 4 && both.err.contains("7 events = 3 ok"))
    }

    @Test func aFieldThatNoEventHasIsSaid() throws {
        try space.write(lines(0..<30).replacing("\"amount\"", with: "\"Amount\""), "upper.jsonl")
        let upper = try replay(["upper.jsonl"])
        #expect(upper.status == 0 && upper.err.contains("upper.jsonl: Amount is taken as the field amount"))
        #expect(!upper.err.contains("in none of"))
        try space.write(lines(0..<30).replacing("\"amount\"", with: "\"a-mount\""), "sign.jsonl")
        let sign = try replay(["sign.jsonl"])
        #expect(sign.status == 4 && sign.err.contains("30 events = 30 ok"))
        #expect(sign.err.contains("sign.jsonl: amount is in none of the 30 events; did you mean a-mount?"))
        try space.write(lines(0..<30).replacing("\"amount\"", with: "\"amt\""), "short.jsonl")
        #expect(try replay(["short.jsonl"]).err.contains("did you mean amt?"))
        // A field that must be there: nothing is accepted, and the reason says what may be meant.
        try space.write(lines(0..<30).replacing("\"payer\"", with: "\"payer_id\""), "missing.jsonl")
        let missing = try replay(["missing.jsonl"])
        #expect(missing.status == 4 && missing.err.contains("line 1: payer is missing; did you mean payer_id?"))
        try space.write(lines(0..<30).replacing("\"amount\"", with: "\"ammount\""), "typo.jsonl")
        let typo = try replay(["typo.jsonl"])
        #expect(typo.status == 0 && typo.err.contains("did you mean ammount?"))
        try space.write(lines(0..<30).replacing("\"amount\"", with: "\"sum\""), "none.jsonl")
        let none = try replay(["none.jsonl"])
        #expect(none.status == 0 && none.err.contains("none.jsonl: the field amount: in none of the 30 events"))
        // One event in many is enough.
        let many = lines(0..<5000).replacing("\"amount\"", with: "\"a_mount\"")
        try space.write(many.replacing("\"a_mount\":4999", with: "\"amount\":4999"), "some.jsonl")
        let some = try replay(["some.jsonl"], [], "some")
        // The first ones are spoken of at once.
        #expect(some.err.contains("so far amount is in none of the 2,048 events; did you mean a_mount?"))
        #expect(some.status == 0 && !some.err.contains("none of the 5,000"))
    }

    /// The same events in another file: nothing new, as of the same file.
    @Test func aFileOfDuplicatesIsNothingNew() throws {
        try space.write(lines(0..<30), "e.jsonl")
        try space.write(lines(0..<30).replacing(":\"p\"", with: ": \"p\""), "copy.jsonl")
        #expect(try replay(["e.jsonl"], [], "d").status == 0)
        let copy = try replay(["copy.jsonl"], [], "d")
        #expect(copy.status == 0 && copy.err.contains("60 events = 30 ok + 0 late + 30 duplicate"))
        #expect(copy.err.contains("copy.jsonl: nothing new: all of its 30 events are duplicates"))
    }

    /// A file that somebody has just made, whose only event has no line end yet.
    @Test(arguments: ["id,at,payer\ne1,2026-03-02T08:00:00Z,p", "id,at,pa"])
    func aFileWithoutAWholeRecordIsNoSuccess(_ text: String) throws {
        try space.write(text, "f.csv")
        for _ in 0..<2 {
            let cut = try replay(["f.csv"])
            #expect(cut.status == 4 && cut.err.contains("0 events = 0 ok"), "\(cut.err)")
            #expect(cut.err.contains("no event in f.csv: line \(text.contains("e1") ? 2 : 1) has no end yet"))
            #expect(cut.err.contains("add --finished") && !cut.err.contains("nothing new"))
        }
        // What was taken before is a success, though nothing has come to it but the beginning of a line.
        try space.write(lines(0..<3), "e.jsonl")
        #expect(try replay(["e.jsonl"]).status == 0)
        try space.write(lines(0..<3) + "{\"id\":", "e.jsonl")
        #expect(try replay(["e.jsonl"]).status == 0)
        guard text.contains("e1") else { return }
        let finished = try replay(["f.csv"], ["--finished"])
        #expect(finished.status == 0 && finished.err.contains("1 events = 1 ok"), "\(finished.err)")
    }

    @Test func bytesThatWereReadBeforeCanBeTakenAgain() throws {
        try space.write(header + "1,2026-03-02T08:00:00Z,p,1\n", "bank.txt")
        #expect(try replay(["bank.txt"], ["--format", "jsonl"]).status == 4)
        let nothing = try replay(["bank.txt"], ["--format", "csv"])
        #expect(
            nothing.status == 4
                && nothing.err.contains("nothing new, all of its 2 lines have been taken before: 20")
                && nothing.err.contains("Z, as JSON lines; --again takes them once more, as CSV")
        )
        let again = try replay(["bank.txt"], ["--format", "csv", "--again"])
        #expect(again.status == 0 && again.err.contains("3 events = 1 ok + 0 late + 0 duplicate + 2 rejected"))
        #expect(try replay(["bank.txt"], ["--format", "csv"]).err.contains("nothing new"))
    }

    @Test func filesInTheWrongOrderAreSaid() throws {
        let names = [1, 2, 10].map { "part-\($0).jsonl" }
        for (index, name) in names.enumerated() { try space.write(lines(0..<100, hour: 7 + 4 * index), name) }
        let shell = try replay(names.sorted(), [], "shell")
        #expect(shell.err.contains("300 events = 200 ok + 100 late"))
        #expect(
            shell.err.contains(
                "part-2.jsonl: begins at 2026-03-02T11:10:10.000Z, when the files before it had come to 2026-03-02T15:11:59.000Z: 100"
            )
        )
        #expect(shell.err.contains("--order time"))
        let ordered = try replay(names.sorted(), ["--order", "time"], "ordered")
        #expect(ordered.status == 0 && ordered.err.contains("300 events = 300 ok") && !ordered.err.contains("--order"))
        #expect(ordered.digest == (try replay(names, [], "right")).digest)
    }

    /// Commands that keep nothing of it say it, too.
    @Test func otherCommandsSayWhatTheyHaveNotRead() throws {
        try space.write("one\n{\"id\":\"1\"}\n", "bad.jsonl")
        let text = String(decoding: try space.read("p.yaml"), as: UTF8.self)
        let queries = "queries:\n  - {name: q, by: who, window: 1m, columns: {n: count()}}\n"
        try space.write(text + "\n" + queries, "p.yaml")
        for command in [["query", "q", "bad.jsonl"], ["export", "features", "bad.jsonl", "--out", "f.csv"]] {
            let result = try space.run(command + ["--pipeline", "p.yaml", "-q"])
            #expect(result.status == 4)
            #expect(result.err.contains("none of the 2 events was accepted: line 1: broken JSON"), "\(result.err)")
        }
    }

    @Test func decimalCommasAreProposed() throws {
        try space.write("id;at;payer;amount\n1;2026-03-02T08:00:00Z;p;1.600,5\n", "de.csv")
        let first = try replay(["de.csv"])
        #expect(first.status == 4 && first.err.contains("add --separator ';'"))
        let second = try replay(["de.csv"], ["--separator", ";"])
        #expect(second.status == 4)
        #expect(
            second.err.contains("amount is not a number (if 1.600,5 has a decimal comma, add --decimal , and --again)")
        )
        let third = try replay(["de.csv"], ["--separator", ";", "--decimal", ",", "--again"])
        #expect(third.status == 0 && third.err.contains("2 events = 1 ok"))
    }

    /// A hint fits the reason: what is wrong with a value of the right kind needs no other spelling.
    @Test func hintsAreOfTheReason() throws {
        let time = #""at":"2026-03-02T08:00:00Z","payer":"p""#
        let good = lines(0..<3)
        for (name, event, reason) in [
            ("twice.jsonl", #"{"id":"x",\#(time),"amount":1,"amount":2}"#, "amount occurs twice"),
            ("huge.jsonl", #"{"id":"x",\#(time),"amount":1e400}"#, "amount is too large for a number"),
            ("ahead.jsonl", #"{"id":"x","at":"2027-03-01T08:00:00Z","payer":"q","amount":1}"#, "ahead"),
        ] {
            try space.write(good + event + "\n" + lines(10..<13), name)
            let result = try replay([name])
            #expect(result.err.contains(reason) && !result.err.contains("(if "), "\(name): \(result.err)")
        }
        let text = String(decoding: try space.read("p.yaml"), as: UTF8.self)
        try space.write(
            text.replacing("{type: time, role: time}", with: "{type: time, role: time, origin: 2026-01-01, unit: d}"),
            "p.yaml"
        )
        try space.write(#"{"id":"1","at":1772438400,"payer":"p","amount":1}"# + "\n", "days.jsonl")
        let days = try replay(["days.jsonl"])
        #expect(days.err.contains("at is not a time (with the field's unit and origin it is none of"), "\(days.err)")
    }

    /// No event is a small file, and lines that end with CR alone are one.
    @Test func filesWithoutEvents() throws {
        try space.write(header, "header.csv")
        try space.write("", "empty.csv")
        try space.write("\n\n\n", "blank.jsonl")
        try space.write("[]\n", "list.json")
        let packed = try space.script("gzip -c empty.csv > packed.gz")
        #expect(packed.status == 0)
        for name in ["header.csv", "empty.csv", "blank.jsonl", "list.json", "packed.gz"] {
            for run in [
                ["replay", name, "--pipeline", "p.yaml", "--data-dir", "none"], ["check", "p.yaml", name],
                ["inspect", name],
            ] {
                let result = try space.run(run + ["-q"])
                #expect(result.status == 4 && result.err.contains("no event in \(name)"), "\(run): \(result.err)")
            }
        }
        // Beside one that has events, it is only named.
        try space.write(header + "1,2026-03-02T08:00:00Z,p,1\n", "one.csv")
        let both = try replay(["empty.csv", "one.csv"], [], "both")
        #expect(both.status == 0 && both.err.contains("no event in empty.csv: it is empty"), "\(both.err)")
        #expect(try replay(["one.csv"], [], "both").status == 0)
        try space.write("id,at,payer,amount\r1,2026-03-02T08:00:00Z,p,1\r", "mac.csv")
        for run in [
            ["replay", "mac.csv", "--pipeline", "p.yaml", "--data-dir", "mac"], ["init", "mac.csv"],
            ["inspect", "mac.csv"],
        ] {
            let result = try space.run(run + ["-q"])
            #expect(result.status == 4 && result.err.contains(#"tr '\r' '\n'"#), "\(run): \(result.err)")
        }
    }
}

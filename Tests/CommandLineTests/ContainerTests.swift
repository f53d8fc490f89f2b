import Foundation
import Testing

/// The same events in files as people have them: packed, in other encodings, as arrays.
@Suite struct ContainerTests {
    private let space: Workspace
    private let events = 3000

    init() throws {
        space = try Workspace()
        try space.writePaymentsPipeline()
        let program = """
            import csv, json
            rows = [{"id": f"e{i}", "at": f"2026-03-02T{8 + i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}Z", "payer": "Müller €",
                     "amount": i * 7919 % 4000 + 0.5} for i in range(\(events))]
            def write(name, text, encoding="utf-8"):
                with open(name, "wb") as file: file.write(text.encode(encoding))
            lines = [json.dumps(row, ensure_ascii=False) for row in rows]
            write("e.jsonl", "".join(line + "\\n" for line in lines))
            write("array.json", json.dumps(rows)); write("pretty.json", json.dumps(rows, indent=2))
            write("one.json", "".join(lines)); write("many.json", "\\n".join(json.dumps(row, indent=1) for row in rows))
            text = "id,at,payer,amount\\n" + "".join(",".join(str(value) for value in row.values()) + "\\n" for row in rows)
            write("e.csv", text); write("mark.csv", text, "utf-8-sig"); write("e.txt", text)
            for name, encoding in [("utf16.csv", "utf-16"), ("le.csv", "utf-16-le"), ("be.csv", "utf-16-be"), ("ansi.csv", "cp1252")]:
                write(name, text, encoding)
            """
        #expect(try space.execute(["python3", "-c", program]).status == 0)
        try space.script(
            "gzip -k e.jsonl utf16.csv; zstd -q e.jsonl; lz4 -q e.jsonl e.jsonl.lz4; cp e.jsonl.gz named.jsonl"
        )
        try space.script(
            "for tool in gzip zstd; do (head -1000 e.jsonl | $tool -c; tail -n +1001 e.jsonl | $tool -c) > two.$tool; done"
        )
    }

    private func replay(_ file: String, _ directory: String, _ options: [String] = []) throws -> Workspace.Result {
        try space.run(["replay", file, "-q", "--pipeline", "p.yaml", "--data-dir", directory] + options)
    }

    private func isWhole(_ result: Workspace.Result) -> Bool {
        result.status == 0 && result.err.contains("3,000 events = 3,000 ok") && !result.err.contains("; 0 alerts")
    }

    @Test func everyFormIsRead() throws {
        let digest = try replay("e.jsonl", "plain").digest
        for file in ["e.jsonl.gz", "e.jsonl.zst", "e.jsonl.lz4", "named.jsonl", "two.gzip", "two.zstd", "one.json"] {
            let result = try replay(file, "d-\(file)")
            #expect(isWhole(result) && result.digest == digest, "\(file): \(result.err)")
        }
        for file in [
            "array.json", "pretty.json", "many.json", "e.csv", "mark.csv", "e.txt", "utf16.csv", "le.csv", "be.csv",
            "utf16.csv.gz",
        ] {
            let result = try replay(file, "d-\(file)")
            #expect(isWhole(result), "\(file): \(result.err)")
            // Read again, and from a pipe.
            #expect(try replay(file, "d-\(file)").err.contains("nothing new"), "\(file)")
            let piped = try space.run(
                ["replay", "-", "-q", "--pipeline", "p.yaml", "--data-dir", "p-\(file)"],
                input: try space.read(file)
            )
            #expect(isWhole(piped) && piped.digest == result.digest, "- of \(file): \(piped.err)")
        }
        let ansi = try replay("ansi.csv", "ansi")
        #expect(ansi.status == 4 && ansi.err.contains("add --encoding windows-1252"))
        let read = try replay("ansi.csv", "read", ["--encoding", "windows-1252"])
        #expect(try isWhole(read) && read.digest == replay("e.csv", "utf8").digest)
        // What is not packed is the same recording as what was.
        #expect(try replay("e.jsonl", "d-two.gzip").err.contains("nothing new"))
    }

    @Test(arguments: ["gz", "zst", "lz4"])
    func whatIsCutOffIsSaid(kind: String) throws {
        // Whatever a run had of it, the next one has the rest.
        let packed = try space.read("e.jsonl.\(kind)")
        let half = packed.count / 2
        try space.write(packed.prefix(half), "part.\(kind)")
        let part = try replay("part.\(kind)", "d")
        #expect(part.status == 4 && part.err.contains("cannot read all of part.\(kind): the"))
        #expect(part.err.contains("data is cut off: it ends in the middle, at byte \(half)"))
        try space.copy("e.jsonl.\(kind)", to: "whole.\(kind)")
        #expect(try isWhole(replay("whole.\(kind)", "d")))
        let broken = try space.run(
            ["replay", "-", "-q", "--pipeline", "p.yaml", "--data-dir", "broken"],
            input: packed.prefix(half) + Data(repeating: 0xA5, count: 30)
        )
        #expect(broken.status == 4 && broken.err.contains("cannot read all of -"), "\(broken.err)")
    }

    /// An array that is still written to, in pieces.
    @Test func anArrayMayGrow() throws {
        let whole = try space.read("pretty.json")
        for count in stride(from: 0, to: whole.count, by: whole.count / 7) {
            try space.write(whole.prefix(count), "grows.json")
            #expect(try replay("grows.json", "grown").err.contains("0 rejected"))
        }
        try space.write(whole, "grows.json")
        let last = try replay("grows.json", "grown")
        #expect(try isWhole(last) && last.digest == replay("pretty.json", "at-once").digest)
        // The lines are the file's.
        try space.write("[\n {\n  \"id\": \"1\"\n },\n {\n  \"id\": \"2\",\n  \"at\": \"soon\"\n }\n]\n", "bad.json")
        let bad = try replay("bad.json", "bad")
        #expect(bad.err.contains("line 2: at is missing") && bad.err.contains("line 5: at is not a time"))
    }

    @Test func byteOrderMarksAreNoText() throws {
        let pipeline = try space.read("p.yaml")
        try space.write(Data([0xEF, 0xBB, 0xBF]) + pipeline, "mark.yaml")
        try space.script("iconv -f UTF-8 -t UTF-16 p.yaml > wide.yaml; sed 's/$/\r/' mark.yaml > windows.yaml")
        for file in ["mark.yaml", "wide.yaml", "windows.yaml"] {
            let result = try space.run(["replay", "e.jsonl", "-q", "--pipeline", file, "--data-dir", "d-\(file)"])
            #expect(isWhole(result), "\(file): \(result.err)")
        }
    }
}

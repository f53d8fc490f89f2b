import Base
import Foundation
import TestKit
import Testing

/// `replay --from/--to`: what one run leaves out, a later one takes, and nobody is told less than happened.
@Suite struct RangeTests {
    private let space: Workspace
    private let count = 600
    private let lines: [String]
    private static let broken = "{\"transaction_id\":"

    /// Events whose times are in order but for some, with broken lines between them.
    init() throws {
        space = try Workspace()
        try space.run(["simulate", "--events", "588", "--out", "e.jsonl", "--seed", "11"])
        var lines = String(decoding: try space.read("e.jsonl"), as: UTF8.self).split(separator: "\n").map(String.init)
        for index in 0..<12 { lines.insert(Self.broken + "\(index)", at: 7 + index * 49) }
        self.lines = lines
        try write(lines.count)
    }

    private func write(_ count: Int) throws { try space.write(lines[..<count].map { $0 + "\n" }.joined(), "e.jsonl") }

    private func time(_ line: Int) throws -> String {
        let object = try JSONSerialization.jsonObject(with: Data(lines[line].utf8)) as? [String: Any]
        return try #require(object?["timestamp"] as? String)
    }

    private func replay(_ directory: String, _ options: [String] = []) throws -> Workspace.Result {
        try space.run(["replay", "e.jsonl", "-q", "--data-dir", directory] + options)
    }

    private func events(_ result: Workspace.Result) -> Int? {
        guard let line = result.err.split(separator: "\n").last(where: { $0.contains(" events = ") }) else {
            return nil
        }
        return Int(line.prefix { $0 != " " }.replacingOccurrences(of: ",", with: ""))
    }

    /// The number in "e.jsonl: 1,967 events outside of …"; 0 without such a line.
    private func leftOut(_ result: Workspace.Result) throws -> Int {
        guard let line = result.err.split(separator: "\n").first(where: { $0.contains("outside of --from/--to") })
        else {
            return 0
        }
        let number = line.dropFirst("e.jsonl: ".count).prefix { $0 != " " }
        return try #require(Int(number.replacingOccurrences(of: ",", with: "")))
    }

    private func stats(_ directory: String, _ name: String) throws -> Int? {
        let out = try space.run(["stats", "--data-dir", directory, "--format", "json"]).output
        return (try JSONSerialization.jsonObject(with: out) as? [String: Int])?[name]
    }

    /// Every line is in the log, once.
    private func expectEverything(_ directory: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let out = try space.run(["log", "cat", "--data-dir", directory]).lines
        #expect(out.sorted() == lines.sorted(), sourceLocation: sourceLocation)
    }

    @Test func whatWasLeftOutIsTakenLater() throws {
        let (early, late) = (try time(200), try time(400))
        for (number, options) in [
            ["--from", early], ["--to", late], ["--from", early, "--to", late], ["--to", "1970-01-02T00:00:00Z"],
        ].enumerated() {
            let directory = "d\(number)"
            let part = try replay(directory, options)
            let left = try leftOut(part)
            #expect(left > 0 && part.err.contains("the same command without them takes them"))
            #expect(events(part) == count - left)
            #expect(try stats(directory, "left_out") == left)
            let again = try replay(directory, options)
            #expect(try leftOut(again) == left && again.digest == part.digest)
            #expect(again.err.contains("e.jsonl: nothing new in --from/--to"))
            let rest = try replay(directory)
            #expect(try events(rest) == count && leftOut(rest) == 0)
            #expect(try stats(directory, "left_out") == 0)
            let whole = try replay(directory)
            #expect(events(whole) == count && whole.digest == rest.digest)
            #expect(whole.err.contains("e.jsonl: nothing new, all of its 600 lines have been taken before"))
            try expectEverything(directory)
        }
    }

    @Test func twoHalvesAreTheWhole() throws {
        let middle = try time(300)
        let first = try replay("d", ["--to", middle])
        let second = try replay("d", ["--from", middle])
        #expect(try leftOut(first) > 0 && leftOut(second) == 0)
        #expect(events(second) == count)
        try expectEverything("d")
        let list = try space.run(["stats", "--recordings", "--data-dir", "d", "--format", "csv"])
        #expect(list.lines[0] == "recording,file,from,to,events,up_to_line")
        #expect(list.lines.count == 3)
        #expect(list.lines[1].hasPrefix("1,e.jsonl,,2026") && list.lines[2].hasPrefix("1,e.jsonl,2026"))
    }

    @Test func aStopIsNoLeavingOut() throws {
        let (early, middle, late) = (try time(150), try time(300), try time(450))
        let stopped = try replay("d", ["--until", middle])
        #expect(stopped.err.contains("stopped at --until"))
        #expect(try leftOut(stopped) == 0)
        _ = try replay("d", ["--from", early, "--until", late])
        _ = try replay("d", ["--to", late])
        let rest = try replay("d")
        #expect(events(rest) == count)
        try expectEverything("d")
    }

    /// A file that grows is the same recording; a last line without an end gets its end later.
    @Test func aRecordingGrows() throws {
        let (early, late) = (try time(100), try time(500))
        try write(250)
        _ = try replay("d", ["--from", early])
        try space.write(lines[..<300].joined(separator: "\n"), "e.jsonl")
        _ = try replay("d", ["--to", late])
        try write(301)
        #expect(events(try replay("d")) == 301)
        try write(450)
        _ = try replay("d", ["--from", late])
        try write(count)
        #expect(events(try replay("d")) == count)
        try expectEverything("d")
        // Another file with the same beginning is another recording.
        try space.write(lines[..<20].map { $0 + "\n" }.joined() + Self.broken + "\n", "e.jsonl")
        #expect(events(try replay("d")) == count + 21)
    }

    @Test func aLineThatWasTakenWithoutItsEndIsSaid() throws {
        // Half of an event is in the first partition, whatever the whole would be in.
        for last in 98..<104 {
            let half = lines[last].prefix(lines[last].count / 2)
            try space.write(lines[..<last].map { $0 + "\n" }.joined() + half, "e.jsonl")
            _ = try replay("d\(last)", ["--finished"])
            try write(200)
            let result = try replay("d\(last)")
            #expect(result.err.contains("line \(last + 1) had no end when it was read"))
            #expect(events(result) == 200)
            try write(count)
            #expect(events(try replay("d\(last)")) == count)
        }
    }

    @Test func standardInputCanBeResumed() throws {
        let whole = try space.read("e.jsonl")
        let middle = try time(300)
        func replay(_ input: Data, _ directory: String, _ options: [String]) throws -> Workspace.Result {
            try space.run(["replay", "-", "-q", "--data-dir", directory] + options, input: input)
        }
        let part = try replay(whole, "d", ["--from", middle])
        #expect(part.err.contains("the same command with --resume and without them"))
        // Other bytes are not taken for those that were read before, wherever the run begins.
        try space.copy("d", to: "other")
        var other = lines
        other[50] = Self.broken
        let wrong = try replay(Data(other.map { $0 + "\n" }.joined().utf8), "other", ["--resume"])
        #expect(wrong.status == 4 && wrong.err.contains("is not the file that was replayed before"))
        let rest = try replay(whole, "d", ["--resume"])
        #expect(rest.status == 0 && events(rest) == count)
        try expectEverything("d")
    }

    /// What is left depends on how the pipeline reads the lines: another one may not guess.
    @Test func anotherSchemaIsRefused() throws {
        try space.writePaymentsPipeline()
        let events = (0..<20).map {
            "{\"id\":\"e\($0)\",\"at\":\"2026-01-01T00:\(10 + $0):00Z\",\"payer\":\"p\",\"amount\":\($0)}\n"
        }
        try space.write(events.joined(), "p.jsonl")
        func replay(_ pipeline: String, _ options: [String] = []) throws -> Workspace.Result {
            try space.run(["replay", "p.jsonl", "-q", "--pipeline", pipeline, "--data-dir", "d"] + options)
        }
        #expect(try replay("p.yaml", ["--to", "2026-01-01T00:20:00Z"]).status == 0)
        let text = String(decoding: try space.read("p.yaml"), as: UTF8.self)
        try space.write(text.replacingOccurrences(of: "role: amount}", with: "role: amount, min: 5}"), "other.yaml")
        let refused = try replay("other.yaml")
        #expect(refused.status == 4 && refused.err.contains("was taken in part"))
        // Other rules read the same lines.
        try space.write(text.replacingOccurrences(of: "n >= 3", with: "n >= 4"), "rules.yaml")
        #expect(try replay("rules.yaml").err.contains("20 events = "))
    }

    /// Runs over ranges drawn by chance, on one thread or two, in pieces of any size, killed and begun again.
    @Test(.enabled(if: Tools.canTrace, "strace is not there, or may not trace"), arguments: Seeds.upTo(12))
    func killedRunsTakeEveryLineOnce(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        var digests: [String?] = []
        var runs: [[String]] = []
        for _ in 0..<2 + random.below(2) {
            // Two of five places, the earlier one first.
            let first = random.below(4)
            let last = first + 1 + random.below(4 - first)
            var options: [String] = []
            if random.below(3) > 0 { options += ["--from", try time(first * 140 + 20)] }
            if random.below(3) > 0 { options += ["--to", try time(last * 140 + 20)] }
            runs.append(options)
        }
        runs.append([])
        for (directory, mayDie) in [("calm", false), ("killed", true)] {
            var digest: String?
            for options in runs {
                let settings = ["--threads", "\(1 + random.below(2))", "--batch-size", "\(5 + random.below(60))"]
                for _ in 0..<(mayDie ? random.below(3) : 0) {
                    let call = ["pwrite64", "fdatasync"][random.below(2)]
                    let when = "inject=\(call):signal=SIGKILL:when=\(1 + random.below(call == "pwrite64" ? 60 : 8))"
                    let command = [
                        "replay", "e.jsonl", "-q", "--data-dir", directory, "--checkpoint-events", "60",
                    ]
                    try space.run(
                        command + options + settings,
                        under: ["strace", "-f", "-o", "trace", "-e", "trace=" + call, "-e", when]
                    )
                }
                let result = try replay(directory, options + settings)
                #expect(result.status == 0, "\(result.err)")
                #expect(try events(result) == count - leftOut(result), "\(runs), \(directory)")
                digest = result.digest
            }
            try expectEverything(directory)
            digests.append(digest)
        }
        #expect(digests[0] == digests[1], "\(runs)")
    }
}

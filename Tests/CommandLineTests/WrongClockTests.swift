import Base
import Foundation
import Testing

/// Recordings of sources of which some have a wrong clock, as a person replays them.
@Suite struct WrongClockTests {
    private let space: Workspace

    init() throws {
        space = try Workspace()
        try pipeline("1h")
    }

    private func pipeline(_ limit: String, partitions: Int = 1) throws {
        try space.writePaymentsPipeline(
            settings: ["time: {disorder: 30s, max_ahead: \(limit)}", "partitions: \(partitions)"]
        )
    }

    private func event(_ id: String, _ payer: String, day: Int, second: Int) -> String {
        let time = 1_772_438_400 + day * 86_400 + second
        return "{\"id\":\"\(id)\",\"at\":\(time),\"payer\":\"\(payer)\",\"amount\":3000}\n"
    }

    /// Ten payers, one second apart.
    private func payments(_ range: Range<Int>, day: Int) -> [String] {
        range.map { event("d\(day)-\($0)", "p\($0 % 10)", day: day, second: $0) }
    }

    private func replay(
        _ directory: String,
        _ options: [String] = [],
        file: String = "e.jsonl"
    ) throws -> Workspace.Result {
        try space.run(["replay", file, "-q", "--pipeline", "p.yaml", "--data-dir", directory] + options)
    }

    private func write(_ lines: [String], _ name: String = "e.jsonl") throws { try space.write(lines.joined(), name) }

    /// A terminal a year ahead begins the recording and uploads what it kept in the middle; the shop is closed for three days.
    private var spoiled: [String] {
        let uploads = (0..<10).map { event("t\($0)", "terminal", day: 365, second: $0) }
        return [event("first", "terminal", day: 365, second: 0)] + payments(0..<100, day: 0) + uploads
            + payments(100..<200, day: 0) + payments(0..<300, day: 3)
    }

    @Test func oneWrongClockSilencesNobody() throws {
        try write(spoiled)
        let whole = try replay("d")
        #expect(whole.status == 0 && whole.err.contains("511 events = 500 ok + 0 late + 0 duplicate + 11 rejected"))
        #expect(whole.err.contains("line 1: at 364 days ahead of the newest event"))
        for options in [["--threads", "2"], ["--threads", "1", "--batch-size", "1"], ["--batch-size", "7"]] {
            #expect(try replay("d" + options.joined(), options).digest == whole.digest, "\(options)")
        }
        let piped = try space.run(
            ["replay", "-", "-q", "--pipeline", "p.yaml", "--data-dir", "piped"],
            input: try space.read("e.jsonl")
        )
        #expect(piped.digest == whole.digest)
        // From the log alone it is the same.
        let verified = try space.run(["verify", "--deep", "--data-dir", "d", "--pipeline", "p.yaml"])
        #expect(verified.status == 0, "\(verified.err)")
        // What training sees is what a replay sees.
        let rows = try space.run(["export", "features", "e.jsonl", "--pipeline", "p.yaml", "--out", "-"])
        #expect(rows.lines.count == 501)
    }

    /// With more partitions a source may be the only one of its own.
    @Test func partitionsDoNotMatter() throws {
        try pipeline("1h", partitions: 7)
        try write(spoiled)
        let whole = try replay("d")
        #expect(whole.err.contains("511 events = 500 ok + 0 late + 0 duplicate + 11 rejected"), "\(whole.err)")
        #expect(try replay("e", ["--threads", "1", "--batch-size", "33"]).digest == whole.digest)
    }

    /// January, then April, then May, in files of their own, each begun by a clock that is ahead.
    @Test func runsGoOnFromOneAnother() throws {
        for (day, name) in [(0, "jan"), (90, "apr"), (91, "may")] {
            try write([event("x" + name, "terminal", day: 700, second: 0)] + payments(0..<50, day: day), name)
        }
        let files = ["jan", "apr", "may"]
        let format = ["-q", "--format", "jsonl", "--pipeline", "p.yaml", "--data-dir"]
        let once = try space.run(["replay"] + files + format + ["once"])
        #expect(once.err.contains("153 events = 150 ok + 0 late + 0 duplicate + 3 rejected"), "\(once.err)")
        var last = once
        for file in files { last = try space.run(["replay", file] + format + ["each"]) }
        #expect(last.digest == once.digest)
    }

    private func names(_ count: Int, _ text: (Int) -> [String]) throws -> [String] {
        for number in 0..<count { try write(text(number), "n\(number).jsonl") }
        return (0..<count).map { "n\($0).jsonl" }
    }

    /// A file for each event, behind a gap: whoever spoke in a file before counts in the next one.
    @Test func filesOfOneEventAreOneStream() throws {
        try write(payments(0..<100, day: 0))
        let files = try names(40) { payments($0..<$0 + 1, day: 5) }
        let all = ["-q", "--pipeline", "p.yaml", "--data-dir"]
        let once = try space.run(["replay", "e.jsonl"] + files + all + ["once"])
        #expect(once.err.contains("140 events = 140 ok + 0 late + 0 duplicate + 0 rejected"), "\(once.err)")
        var last = try replay("each")
        for file in files { last = try space.run(["replay", file] + all + ["each"]) }
        // The third one is believed: nobody can know of it before.
        #expect(last.err.contains("140 events = 138 ok + 0 late + 0 duplicate + 2 rejected"), "\(last.err)")
        let verified = try space.run(["verify", "--deep", "--data-dir", "each", "--pipeline", "p.yaml"])
        #expect(verified.status == 0, "\(verified.err)")
    }

    /// A file for each payer, which grows: behind a gap each one alone would be too few.
    @Test func growingFilesOfOnePayerEach() throws {
        try pipeline("1h", partitions: 3)
        func grow(_ day: Int) throws -> Workspace.Result {
            var last: Workspace.Result?
            for payer in 0..<8 {
                let old = space.exists("n\(payer).jsonl") ? try space.read("n\(payer).jsonl") : Data()
                let more = event("d\(day)-\(payer)", "p\(payer)", day: day, second: payer)
                try space.write(old + Data(more.utf8), "n\(payer).jsonl")
                last = try replay("d", file: "n\(payer).jsonl")
            }
            return try #require(last)
        }
        #expect(try grow(0).err.contains("8 events = 8 ok"))
        #expect(try grow(3).err.contains("16 events = 14 ok + 0 late + 0 duplicate + 2 rejected"))
        #expect(try grow(6).err.contains("24 events = 20 ok + 0 late + 0 duplicate + 4 rejected"))
    }

    /// The last event of a file is fast: what comes in the next one says so.
    @Test func theNextFileDecidesOfALastEvent() throws {
        try pipeline("1d", partitions: 2)
        let fast = event("x", "fast", day: 0, second: 7300)
        try write(payments(0..<100, day: 0) + [fast], "a.jsonl")
        try write(payments(100..<160, day: 0), "b.jsonl")
        let options = ["-q", "--pipeline", "p.yaml", "--data-dir"]
        let once = try space.run(["replay", "a.jsonl", "b.jsonl"] + options + ["once"])
        #expect(once.err.contains("161 events = 160 ok + 0 late + 0 duplicate + 1 rejected"), "\(once.err)")
        // As if both were one.
        try write(payments(0..<100, day: 0) + [fast] + payments(100..<160, day: 0))
        #expect(try replay("whole").err.contains("161 events = 160 ok + 0 late + 0 duplicate + 1 rejected"))
        let rows = try space.run(
            ["export", "features", "a.jsonl", "b.jsonl", "--pipeline", "p.yaml", "--out", "-"]
        )
        #expect(rows.lines.count == 161)
        // A run that ends in the second one, and goes on.
        let until = ["--until", "2026-03-02T08:02:00Z", "--batch-size", "7"]
        let part = try space.run(["replay", "a.jsonl", "b.jsonl"] + options + ["part"] + until)
        #expect(part.status == 0, "\(part.err)")
        #expect(try space.run(["replay", "a.jsonl", "b.jsonl"] + options + ["part"]).digest == once.digest)
        // A gap is one, if the next file goes on behind it.
        try write(payments(7400..<7460, day: 0), "c.jsonl")
        let gap = try space.run(["replay", "a.jsonl", "c.jsonl"] + options + ["gap"])
        #expect(gap.err.contains("161 events = 161 ok"), "\(gap.err)")
    }

    /// One payer alone, on Friday and on Monday, in two files.
    @Test func oneSourceOverTwoFiles() throws {
        try pipeline("1d")
        func day(_ day: Int, _ count: Int) -> [String] {
            (0..<count).map { event("\(day)-\($0)", "p", day: day, second: $0 * 60) }
        }
        try write(day(0, 10), "fri.jsonl")
        try write(day(3, 100), "mon.jsonl")
        let options = ["-q", "--pipeline", "p.yaml", "--data-dir"]
        let once = try space.run(["replay", "fri.jsonl", "mon.jsonl"] + options + ["once"])
        #expect(once.err.contains("110 events = 110 ok"), "\(once.err)")
        #expect(try replay("each", file: "fri.jsonl").status == 0)
        #expect(try replay("each", file: "mon.jsonl").digest == once.digest)
    }

    /// A file ends with a fast event and the next one begins with a slow one.
    @Test func oneSlowEventIsNoOrderOfFiles() throws {
        try pipeline("1d")
        try write(payments(0..<100, day: 0) + [event("x", "fast", day: 0, second: 7300)], "a.jsonl")
        try write([event("y", "slow", day: 0, second: -7200)] + payments(100..<300, day: 0), "b.jsonl")
        let both = try space.run(["replay", "a.jsonl", "b.jsonl", "-q", "--pipeline", "p.yaml", "--data-dir", "d"])
        #expect(both.err.contains("302 events = 300 ok + 1 late + 0 duplicate + 1 rejected"), "\(both.err)")
    }

    /// What can be read but once is read once, whatever is known already.
    @Test func pipesAreReadOnce() throws {
        try write(payments(0..<100, day: 0), "a.jsonl")
        try write(payments(100..<400, day: 0), "b.jsonl")
        let options = "-q --format jsonl --pipeline p.yaml --data-dir"
        let both = try space.script("\"$0\" replay a.jsonl <(cat b.jsonl) \(options) d")
        #expect(both.err.contains("400 events = 400 ok"), "\(both.err)")
        let alone = try space.script(
            "\"$0\" replay a.jsonl \(options) e; mkfifo f; cat b.jsonl > f & \"$0\" replay f \(options) e"
        )
        #expect(alone.err.contains("400 events = 400 ok"), "\(alone.err)")
    }

    /// Files in another order than that of their times are no wrong clocks.
    @Test func filesOutOfOrderAreSpokenOf() throws {
        try pipeline("1d")
        for (name, hour) in [("part-1", 0), ("part-10", 9), ("part-2", 1)] {
            let lines = (0..<5).map { event("\(name)-\($0)", "p", day: 0, second: hour * 3600 + $0) }
            try write(lines, name + ".jsonl")
        }
        let files = ["part-1.jsonl", "part-10.jsonl", "part-2.jsonl"]
        let options = ["-q", "--pipeline", "p.yaml", "--data-dir"]
        let given = try space.run(["replay"] + files + options + ["given"])
        #expect(given.err.contains("15 events = 10 ok + 5 late + 0 duplicate + 0 rejected"), "\(given.err)")
        #expect(given.err.contains("part-2.jsonl: begins at 2026-03-02T09:00:00.000Z, when the files before it"))
        let sorted = try space.run(["replay"] + files + ["--order", "time"] + options + ["sorted"])
        #expect(sorted.err.contains("15 events = 15 ok"), "\(sorted.err)")
    }

    /// The log keeps what the clock said, and the pipeline of tomorrow may ask for more or less.
    @Test func anotherLimitJudgesAnew() throws {
        try write(spoiled)
        #expect(try replay("d").err.contains("500 ok"))
        try pipeline("none")
        #expect(try replay("d").err.contains("511 events = 11 ok + 500 late"), "everything behind the first is late")
        try pipeline("1h")
        let again = try replay("d")
        #expect(again.err.contains("511 events = 500 ok + 0 late + 0 duplicate + 11 rejected"), "\(again.err)")
    }

    /// A payer's clock is fast by less than what `max_ahead` allows.
    @Test func anHourAheadSilencesNobody() throws {
        try pipeline("1d")
        let fast = event("x", "fast", day: 0, second: 7300)
        try write(payments(0..<100, day: 0) + [fast] + payments(100..<600, day: 0))
        let whole = try replay("d")
        #expect(whole.err.contains("601 events = 600 ok + 0 late + 0 duplicate + 1 rejected"), "\(whole.err)")
        #expect(whole.err.contains("line 101: at 7197 s ahead of the newest event"), "\(whole.err)")
        for size in ["1", "7", "64"] { #expect(try replay("d" + size, ["--batch-size", size]).digest == whole.digest) }
        let verified = try space.run(["verify", "--deep", "--data-dir", "d", "--pipeline", "p.yaml"])
        #expect(verified.status == 0, "\(verified.err)")
        let checked = try space.run(["check", "p.yaml", "e.jsonl"])
        #expect(checked.out.contains("600 ok") && checked.out.contains("line 101: at 7197 s ahead"), "\(checked.out)")
    }

    /// Three that agree are believed; that most events are late is said, with the line that is ahead.
    @Test func lateEventsAreSpokenOf() throws {
        try pipeline("1d")
        let fast = (0..<3).map { event("x\($0)", "fast\($0)", day: 0, second: 7300) }
        try write(payments(0..<100, day: 0) + fast + payments(100..<600, day: 0))
        let words = "500 of 603 events are late: the newest one is at 2026-03-02T10:01:40.000Z, line 101"
        #expect(try replay("d").err.contains(words))
        #expect(try space.run(["check", "p.yaml", "e.jsonl"]).out.contains(words))
    }

    /// A shop of five payers on Friday, of whom two come on Monday: too few to be believed, and what to do is said.
    @Test func aTrueGapIsSpokenOf() throws {
        try pipeline("1d")
        let friday = (0..<50).map { event("f\($0)", "p\($0 % 5)", day: 0, second: $0 * 60) }
        let monday = (0..<50).map { event("m\($0)", "p\($0 % 2)", day: 3, second: $0 * 60) }
        try write(friday + monday)
        let refused = try replay("d")
        #expect(refused.err.contains("100 events = 50 ok + 0 late + 0 duplicate + 50 rejected"), "\(refused.err)")
        let words = "set time: {max_ahead: …} in the pipeline to more than it, or to none, and run this again"
        #expect(refused.err.contains("by 3 d at most. If that gap is true") && refused.err.contains(words))
        #expect(try space.run(["check", "p.yaml", "e.jsonl", "-q"]).out.contains(words))
        let stopped = try replay("s", ["--max-errors", "9", "--batch-size", "7"])
        #expect(stopped.status == 4 && stopped.err.contains("fix the pipeline (its max_ahead, see above)"))
        for limit in ["5d", "none"] {
            try pipeline(limit)
            let again = try replay("d")
            #expect(again.status == 0 && again.err.contains("100 events = 100 ok"), "\(again.err)")
            let goneOn = try replay("s", ["--max-errors", "9"])
            #expect(goneOn.status == 0 && goneOn.digest == again.digest, "\(goneOn.err)")
        }
        #expect(try !replay("d").err.contains("max_ahead"))
    }

    /// Events of minutes apart, two clocks that are fast by two hours: some of what they say has been passed by when it is refused.
    @Test func whatTimeHasPassedStaysRefused() throws {
        try pipeline("1d")
        var state: UInt32 = 3
        func random(_ bound: Int) -> Int {
            state = (state &* 1_103_515_245 &+ 12345) & 0x7FFF_FFFF
            return Int(state >> 8) % bound
        }
        var second = 0
        try write(
            (0..<300).map { index in
                second += 1 + random(600)
                let payer = random(14)
                return event("\(index)", "a\(payer)", day: 0, second: second + (payer >= 12 ? 7200 : 0))
            }
        )
        let whole = try replay("d")
        #expect(whole.err.contains("s before the newest event, a time that too few others have"), "\(whole.err)")
        #expect(!whole.err.contains("at -") && whole.err.contains("time: {max_ahead: none}"), "\(whole.err)")
        let verified = try space.run(["verify", "--deep", "--data-dir", "d", "--pipeline", "p.yaml"])
        #expect(verified.status == 0, "\(verified.err)")
    }
}

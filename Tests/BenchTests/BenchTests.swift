import Bench
import Console
import ForestTraining
import Foundation
import InForce
import Recordings
import Testing
import Traffic

@Suite struct BenchTests {
    private func rows(_ folder: String, _ name: String, _ text: String) throws -> LabelledRows {
        try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
        return try LabelledRows(folder + "/" + name, labels: nil, column: "label")
    }

    private func table(_ header: String, _ range: Range<Int>) -> String {
        header + "\n" + range.map { "\($0 % 10),\($0 % 7),\($0 % 10 > 6 ? 1 : 0)\n" }.joined()
    }

    @Test func aTrainingIsMeasuredAndJudged() throws {
        let folder = try Scratch.make("bench-test")
        defer { Scratch.remove(folder) }
        let set = try rows(folder, "a.csv", table("a,b,label", 0..<400))
        let test = try rows(folder, "b.csv", table("a,b,label", 400..<500))
        var parameters = RandomForestTrainer.Parameters()
        parameters.trees = 5
        let recipe = TrainingRecipe(.forest(parameters))
        let benchmark = try TrainingBenchmark(set, test, recipe: recipe, threads: 1, runs: 2)
        #expect(benchmark.scores.count == 100)
        let figures = benchmark.listing.rows.map { ($0[0], $0[1]) }
        #expect(figures.contains { $0 == (.text("rows"), .integer(400)) })
        #expect(figures.contains { $0 == (.text("features"), .integer(2)) })
        #expect(figures.contains { $0 == (.text("test_rows"), .integer(100)) })
        #expect(figures.contains { $0 == (.text("roc_auc"), .number(1)) })
        let other = try rows(folder, "c.csv", table("a,c,label", 0..<10))
        #expect(throws: CommandError.self) { try TrainingBenchmark(set, other, recipe: recipe, threads: 1, runs: 1) }
    }

    @Test(arguments: [
        ("a,b\n1,2\n", "x has no column \"label\": name it with --label, or give its labels as a file"),
        ("a,label\n1,0.5\n", "x: the label 0.5 is not a whole number from 0 to 1023"),
        ("a,label\n1,\n", "x: the label nan is not a whole number from 0 to 1023"),
        ("a,label\n", "x: 0 rows and 0 labels do not fit"),
    ])
    func labelsThatAreNone(_ text: String, _ words: String) throws {
        let folder = try Scratch.make("bench-test")
        defer { Scratch.remove(folder) }
        do {
            _ = try rows(folder, "x", text)
            Issue.record("read")
        } catch let error as CommandError {
            #expect(error.words.replacing(folder + "/x", with: "x") == words)
        }
    }

    /// Every stage runs over all events, the replay through a data directory included.
    @Test func aReplayIsMeasuredStageByStage() throws {
        let folder = try Scratch.make("bench-test")
        defer { Scratch.remove(folder) }
        var settings = TrafficSettings()
        settings.events = 300
        var generator = TrafficGenerator(settings)
        var bytes: [UInt8] = []
        while generator.next(into: &bytes) != nil {}
        let file = folder + "/events.jsonl"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        let reading = RecordingReading()
        let benchmark = try PipelineBenchmark(file, reading, NamedDefinitions(), runs: 2, version: "0")
        #expect(benchmark.events == 300)
        #expect(
            benchmark.listing.rows.map { $0[0] } == [
                .text("read, decode"), .text("+ windows, features"), .text("+ model, rules, alerts"),
                .text("+ log, database, one thread"), .text("whole replay, all threads"),
            ]
        )
        #expect(benchmark.listing.rows.map { $0[2] == .null } == [false, false, false, false, true])
    }
}

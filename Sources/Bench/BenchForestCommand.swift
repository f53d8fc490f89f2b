public import ArgumentParser
import Base
import Console
import Forest
import Foundation
import Learning

/// `bench forest`
public struct BenchForestCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "forest",
        abstract: "Nanoseconds a row of scoring and explaining with a model of any supported format.",
        discussion: """
            Every batch size is measured on one thread and on two. Each pass walks other rows; cpu_ns_row is what the \
            best pass cost the processors (user and system), cpu_med the median one, and wall_ns_row and wall_med are \
            the same by the clock. Missing values, categories, link and calibration are included.

              patternalarm bench forest --model xgboost.json --rows rows.csv
              patternalarm bench forest --model forest.onnx --rows rows.npy \\
                --batch 1,1000 --explain
              patternalarm bench forest --model lightgbm.txt --rows rows.f32 --width 30 \\
                --predictions out.f32 --format jsonl
            """
    )

    @Option(help: "Model file or folder.")
    var model: String

    @Option(help: "CSV with a header, NumPy array (.npy), or 32-bit floats (with --width).")
    var rows: String

    @Option(help: "Numbers in a row of a file of bare 32-bit floats.")
    var width: Int?

    @Option(help: "Rows in a batch, with commas between the sizes.")
    var batch = "1,100,1000,10000"

    @Option(help: "Threads, with commas between the counts.")
    var threads = "1,2"

    @Option(help: "Passes of each measurement.")
    var passes = 41

    @Flag(help: "Measure explanations (exact TreeSHAP), too.")
    var explain = false

    @Option(help: "Write the predictions of all rows to this file, as 32-bit floats.")
    var predictions: String?

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    private static func counts(_ list: String, limit: Int) -> [Int]? {
        let counts = list.split(separator: ",").map { Int($0) ?? 0 }
        return !counts.isEmpty && counts.allSatisfy { (1...limit).contains($0) } ? counts : nil
    }

    public init() {}

    /// Checks what the options say.
    public func validate() throws {
        guard Self.counts(batch, limit: 10_000_000) != nil else { throw ValidationError("--batch: 1 to 10,000,000.") }
        guard Self.counts(threads, limit: 256) != nil else { throw ValidationError("--threads: 1 to 256.") }
        guard passes > 0 else { throw ValidationError("--passes must be at least 1.") }
        guard width.map({ $0 > 0 }) ?? true else { throw ValidationError("--width must be at least 1.") }
    }

    /// Measures, and prints what was measured.
    public func run() throws {
        try CommandError.reporting { () throws(CommandError) in try measure() }
    }

    private func measure() throws(CommandError) {
        let loaded = try CommandError.running { () throws(LearningError) in
            try ModelDirectory.load(model, name: "model")
        }
        for note in loaded.notes { Output.talk("note: \(note)") }
        let forest = try CommandError.running { () throws(LearningError) in try loaded.forest() }
        let rows = try BenchRows(rows, model: forest, width: width)
        let benchmark = ForestBenchmark(forest, rows: rows, passes: passes)
        if let predictions { try write(benchmark.results(), of: forest, to: predictions) }
        var listing = Listing(
            columns: ["what", "batch", "threads", "cpu_ns_row", "cpu_med", "wall_ns_row", "wall_med"],
            rows: []
        )
        if predictions != nil { listing.columns += ["pred", "dtype"] }
        func add(_ what: String, _ batch: Int, _ threads: Int, _ times: ForestBenchmark.Times) {
            var row: [Cell] = [.text(what), .integer(batch), .integer(threads)]
            for time in [times.cpu, times.cpuMedian, times.wall, times.wallMedian] {
                row.append(.number(time, decimals: 1))
            }
            if let predictions { row += [.text(predictions), .text("f4")] }
            listing.rows.append(row)
        }
        for size in Self.counts(batch, limit: .max) ?? [] {
            guard size <= rows.count else {
                Output.talk("note: no batch of \(grouped(size)): there are \(grouped(rows.count)) rows")
                continue
            }
            for count in Self.counts(threads, limit: .max) ?? [] {
                if explain { add("explain", size, count, benchmark.explain(batch: size, threads: count)) }
                let engine = benchmark.engines.choice(rows: size).rawValue
                add("score (\(engine))", size, count, benchmark.score(batch: size, threads: count))
            }
        }
        listing.write(as: format)
        Output.talk("\(grouped(rows.count)) rows of \(rows.width) features, \(grouped(forest.trees.count)) trees")
    }

    /// As `models score` has them: of two classes with one margin only the second one's probability.
    private func write(_ results: [Float], of forest: ForestModel, to path: String) throws(CommandError) {
        let count = forest.resultCount
        let isOne = forest.outputCount == 1 && count == 2
        let kept = isOne ? stride(from: 1, to: results.count, by: 2).map { results[$0] } : results
        do {
            try kept.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: path)) }
        } catch {
            throw .storage("cannot write \(path): \(error.localizedDescription)")
        }
    }
}

import Forest
import Foundation

/// Times one forest on varied rows: each pass walks other rows, so that no predictor of branches can learn them.
struct ForestBenchmark: Sendable {
    /// Nanoseconds a row: of the processors and of the clock, the best pass and the median one.
    struct Times {
        var cpu = 0.0
        var cpuMedian = 0.0
        var wall = 0.0
        var wallMedian = 0.0
    }

    private let source: Rows
    private let width: Int
    let engines: ForestEngines
    let explainer: ForestExplainer
    let resultCount: Int
    let passes: Int

    /// How long a pass should take at least: long enough for the clocks, short enough to miss the neighbours.
    private static let passNanoseconds = 5_000_000.0
    /// All passes of one measurement together.
    private static let budgetNanoseconds = 3_000_000_000.0

    init(_ model: ForestModel, rows: BenchRows, passes: Int) {
        source = Rows(rows, model.rowPrecision)
        width = rows.width
        self.passes = passes
        engines = ForestEngines(model)
        explainer = ForestExplainer(model, awayFrom: 0)
        resultCount = model.resultCount
    }

    /// All results, [row][resultCount].
    func results() -> [Float] {
        let scorer = ForestScorer(engines)
        return Array(unsafeUninitializedCapacity: source.count * resultCount) { output, count in
            count = source.count * resultCount
            if let output = output.baseAddress { source.score(scorer, from: 0, source.count, into: output) }
        }
    }

    func score(batch: Int, threads: Int) -> Times {
        let outputs = batch * resultCount
        return measure(batch: batch, threads: threads) { [engines, source] in
            let scorer = ForestScorer(engines)
            let output = UnsafeMutableBufferPointer<Float>.allocate(capacity: outputs)
            return Worker { row in
                if let row, let target = output.baseAddress {
                    source.score(scorer, from: row, batch, into: target)
                } else {
                    output.deallocate()
                }
            }
        }
    }

    func explain(batch: Int, threads: Int) -> Times {
        let outputs = batch * width
        return measure(batch: batch, threads: threads) { [explainer, source] in
            let output = UnsafeMutableBufferPointer<Double>.allocate(capacity: outputs)
            return Worker { row in
                if let row, let target = output.baseAddress {
                    source.explain(explainer, from: row, batch, into: target)
                } else {
                    output.deallocate()
                }
            }
        }
    }

    /// What a thread does with a batch, given its first row; nil = the end.
    private struct Worker: @unchecked Sendable {
        // Used by one thread at a time.
        let call: (Int?) -> Void
    }

    private func measure(batch: Int, threads: Int, _ make: () -> Worker) -> Times {
        let batches = source.count / batch
        let workers = (0..<threads).map { _ in make() }
        defer { for worker in workers { worker.call(nil) } }
        var next = 0
        func pass(_ calls: Int) -> (cpu: Double, wall: Double) {
            let start = next
            next += calls * threads
            let before = (cpu: Self.clock(CLOCK_PROCESS_CPUTIME_ID), wall: Self.clock(CLOCK_MONOTONIC))
            // From the first batch again after the last.
            let run: @Sendable (Int) -> Void = { thread in
                for call in 0..<calls { workers[thread].call((start + thread * calls + call) % batches * batch) }
            }
            if threads == 1 { run(0) } else { DispatchQueue.concurrentPerform(iterations: threads, execute: run) }
            let count = Double(calls * threads * batch)
            return (
                (Self.clock(CLOCK_PROCESS_CPUTIME_ID) - before.cpu) / count,
                (Self.clock(CLOCK_MONOTONIC) - before.wall) / count
            )
        }
        _ = pass(1)
        let first = pass(1).cpu * Double(batch)
        let calls = max(1, Int(Self.passNanoseconds / max(first, 100)))
        let limit = max(3, Int(Self.budgetNanoseconds / max(first * Double(calls * threads), 1)))
        let found = (0..<min(passes, limit)).map { _ in pass(calls) }
        let cpu = found.map(\.cpu).sorted()
        let wall = found.map(\.wall).sorted()
        return Times(cpu: cpu[0], cpuMedian: cpu[cpu.count / 2], wall: wall[0], wallMedian: wall[wall.count / 2])
    }

    /// The rows, of the bits that the model compares.
    private enum Rows: Sendable {
        case single([Float], width: Int)
        case double([Double], width: Int)

        init(_ rows: BenchRows, _ precision: ForestModel.Precision) {
            switch precision {
            case .single: self = .single(rows.values.map { Float($0) }, width: rows.width)
            case .double: self = .double(rows.values, width: rows.width)
            }
        }

        var count: Int {
            switch self {
            case .single(let values, let width): values.count / width
            case .double(let values, let width): values.count / width
            }
        }

        func score(_ scorer: ForestScorer, from row: Int, _ count: Int, into target: UnsafeMutablePointer<Float>) {
            with(from: row) {
                scorer.score(rows: $0, rowCount: count, into: target)
            } _: {
                scorer.score(rows: $0, rowCount: count, into: target)
            }
        }

        func explain(
            _ explainer: ForestExplainer,
            from row: Int,
            _ count: Int,
            into target: UnsafeMutablePointer<Double>
        ) {
            with(from: row) {
                explainer.contributions(rows: $0, rowCount: count, into: target)
            } _: {
                explainer.contributions(rows: $0, rowCount: count, into: target)
            }
        }

        /// Hands over where a row's values are.
        private func with(
            from row: Int,
            _ single: (UnsafePointer<Float>) -> Void,
            _ double: (UnsafePointer<Double>) -> Void
        ) {
            switch self {
            case .single(let values, let width):
                values.withUnsafeBufferPointer { if let base = $0.baseAddress { single(base + row * width) } }
            case .double(let values, let width):
                values.withUnsafeBufferPointer { if let base = $0.baseAddress { double(base + row * width) } }
            }
        }
    }

    private static func clock(_ id: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(id, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}

import Base
import Console
import Dispatch
import Engine
import EventLog
import Foundation
import Plan
import Recordings

/// Feeds recordings through a query, a few chunks at a time: each thread reads one, then decodes it while another reads;
/// then each partition is computed by one thread, its events in the recording's order.
final class QueryRun {
    private let plan: PipelinePlan
    private let engines: [QueryEngine]
    private let writers: [QueryWriter]
    private let threads: Int
    private let group: ChunkGroup
    private let log: QueryLog?
    /// What the event clock knows behind the recordings so far.
    private var clock: RecordingClock
    /// Of the chunks up to the first with an event that can be read.
    private(set) var findings: RecordingFindings
    /// The recording's number in the log, and its name.
    private var source = (input: 0, path: "")
    /// Small enough for a chunk to be decoded out of the cache that it was read into.
    private static let chunkEvents = 1024
    /// Chunks that a thread decodes between two waits for the others.
    private static let chunksPerThread = 2

    init(_ query: Query, plan: PipelinePlan, threads: Int, writers: [QueryWriter], log: QueryLog?) {
        self.plan = plan
        self.writers = writers
        self.threads = threads
        self.log = log
        findings = RecordingFindings(plan)
        clock = RecordingClock(plan: plan)
        group = ChunkGroup(
            plan: plan,
            threads: threads,
            chunks: threads == 1 ? 1 : threads * Self.chunksPerThread,
            events: Self.chunkEvents
        )
        engines = (0..<plan.partitionCount).map {
            QueryEngine(query, plan: plan, partition: $0, capacity: Self.chunkEvents)
        }
    }

    /// Where the events went so far.
    var ledger: Ledger {
        var sum = Ledger()
        for engine in engines { sum += engine.ledger }
        return sum
    }

    /// Takes a whole recording, which the sequel follows.
    ///
    /// - Throws: ``CommandError/input(_:)``; what was read before has been taken.
    func read(_ recording: Recording, before sequel: Sequel, input: Int, _ progress: ProgressBar) throws(CommandError) {
        source = (input, recording.path == "-" ? "-" : URL(fileURLWithPath: recording.path).lastPathComponent)
        var judge = ChunkJudge(plan: plan, from: clock, chunkEvents: Self.chunkEvents)
        var isAtEnd = false
        while !isAtEnd {
            if judge.isHolding, recording.isSilent {
                judge.decide()
            } else {
                let count = try CommandError.reading { () throws(RecordingError) in try group.fill(from: recording) }
                isAtEnd = count == 0
                for chunk in group.chunks[..<count] { judge.add(chunk) }
                if isAtEnd { judge.decide(by: sequel) }
            }
            var chunks: [Chunk] = []
            while let chunk = judge.next() { chunks.append(chunk) }
            if judge.isHolding { for number in group.chunks.indices { group.replace(number) } }
            guard !chunks.isEmpty else { continue }
            if findings.events == 0 { for chunk in chunks { findings.note(chunk) } }
            try compute(chunks)
            progress.update("\(grouped(ledger.events)) events", fraction: recording.fraction)
        }
        clock = RecordingClock(judge.end)
    }

    /// What one thread may use at a time: each engine and writer belongs to a partition, chunks are only read.
    private struct Shared: @unchecked Sendable {
        let engines: [QueryEngine]
        let writers: [QueryWriter]
        let chunks: [Chunk]
        let log: QueryLog?
        let source: (input: Int, path: String)
        let failure = FirstFailure()
    }

    private func compute(_ chunks: [Chunk]) throws(CommandError) {
        let shared = Shared(
            engines: engines,
            writers: writers,
            chunks: chunks,
            log: log,
            source: source
        )
        if threads == 1 || engines.count == 1 {
            for partition in engines.indices { Self.compute(shared, partition) }
        } else {
            DispatchQueue.concurrentPerform(iterations: engines.count) { Self.compute(shared, $0) }
        }
        if let failure = shared.failure.error { throw failure }
        for number in chunks.indices {
            for writer in writers { writer.flush(through: number) }
        }
    }

    private static func compute(_ shared: Shared, _ partition: Int) {
        let writer = shared.writers[partition]
        writer.begin()
        for chunk in shared.chunks {
            do throws(LogError) {
                try shared.log?.append(
                    chunk,
                    partition: partition,
                    input: shared.source.input,
                    path: shared.source.path
                )
            } catch {
                return shared.failure.note(CommandError(error))
            }
            chunk.partitions[partition].withUnsafeBufferPointer { rows in
                shared.engines[partition].process(chunk.batch, rows: rows, into: writer)
            }
            writer.mark()
        }
    }

    /// The end of the stream: what is open is written.
    func finish() {
        for (engine, writer) in zip(engines, writers) {
            writer.begin()
            engine.finish(into: writer)
            writer.mark()
            writer.flush(through: 0)
        }
    }
}

import Dispatch
public import Engine
import EventLog
public import Plan
public import Recordings
public import Windows

/// Takes the rows of one partition in stretches, one for each chunk of a recording, so that they can be put into the
/// recording's order.
public protocol QueryStretches: QuerySink {
    /// What has been flushed is forgotten.
    func begin()
    /// A stretch has its end.
    func mark()
    /// Gives out the stretches up to a number, if it has not been done.
    func flush(through number: Int)
}

/// Feeds recordings through a query, a few chunks at a time: each thread reads one, then decodes it while another
/// reads; then each partition is computed by one thread, its events in the recording's order.
public final class QueryRun {
    private let plan: PipelinePlan
    private let engines: [QueryEngine]
    private let writers: [any QueryStretches]
    private let threads: Int
    private let group: ChunkGroup
    private let log: QueryLog?
    /// What the event clock knows behind the recordings so far.
    private var clock: RecordingClock
    /// Of the chunks up to the first with an event that can be read.
    public private(set) var findings: RecordingFindings
    /// The recording's number in the log, and its name.
    private var source = (input: 0, path: "")
    /// Small enough for a chunk to be decoded out of the cache that it was read into.
    private static let chunkEvents = 1024
    /// Chunks that a thread decodes between two waits for the others.
    private static let chunksPerThread = 2

    /// One writer a partition; `log` is nil if the events are not kept.
    public init(_ query: Query, plan: PipelinePlan, threads: Int, writers: [any QueryStretches], log: QueryLog?) {
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
    public var ledger: Ledger {
        var sum = Ledger()
        for engine in engines { sum += engine.ledger }
        return sum
    }

    /// Takes a whole recording, which the sequel follows; `progress` is told how many events have been taken, and how
    /// much of the file has been read, if its size is known.
    ///
    /// - Throws: ``RuntimeError/recording(_:)``; what was read before has been taken.
    public func read(
        _ recording: Recording,
        before sequel: Sequel,
        input: Int,
        progress: (Int, Double?) -> Void
    ) throws(RuntimeError) {
        source = (input, Recording.name(of: recording.path))
        var judge = ChunkJudge(plan: plan, from: clock, chunkEvents: Self.chunkEvents)
        var isAtEnd = false
        while !isAtEnd {
            if judge.isHolding, recording.isSilent {
                judge.decide()
            } else {
                let count = try RuntimeError.reading { () throws(RecordingError) in try group.fill(from: recording) }
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
            progress(ledger.events, recording.fraction)
        }
        clock = RecordingClock(judge.end)
    }

    /// What one thread may use at a time: each engine and writer belongs to a partition, chunks are only read.
    private struct Shared: @unchecked Sendable {
        let engines: [QueryEngine]
        let writers: [any QueryStretches]
        let chunks: [Chunk]
        let log: QueryLog?
        let source: (input: Int, path: String)
        let failure = FirstFailure<RuntimeError>()
    }

    private func compute(_ chunks: [Chunk]) throws(RuntimeError) {
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
                return shared.failure.note(RuntimeError(error))
            }
            chunk.partitions[partition].withUnsafeBufferPointer { rows in
                shared.engines[partition].process(chunk.batch, rows: rows, into: writer)
            }
            writer.mark()
        }
    }

    /// The end of the stream: what is open is written.
    public func finish() {
        for (engine, writer) in zip(engines, writers) {
            writer.begin()
            engine.finish(into: writer)
            writer.mark()
            writer.flush(through: 0)
        }
    }
}

import Base
import Engine
public import EventLog
import Plan
import StateStore

/// Definitions take over from others between two events (C11): live, and again whenever the log is read.
extension PartitionRunner {
    /// What is in force.
    public var definitions: Definitions { line.definitions }

    /// Reads the log from an offset on; another thread may use it while this partition goes on.
    public func reader(from offset: Int64) -> PartitionReader { log.reader(from: LogOffset(offset)) }

    /// Makes the engine of definitions that are to come into force. It may gather what it misses on another thread
    /// while this partition goes on; ``activate(_:)`` comes at last.
    ///
    /// - Throws: ``RunnerError/engine(_:)``; nothing has changed then.
    public func prepare(_ next: Definitions) throws(RunnerError) -> NextEngine {
        precondition(next.activation > definitions.activation, "Activations are in their order.")
        return try NextEngine(
            next,
            behind: engine,
            partition: partition,
            logStart: startOffset,
            evidenceBytes: engine.evidenceLimit
        )
    }

    /// Puts definitions in force from the log's end on. That they are is on disk already.
    ///
    /// - Throws: ``RunnerError``; opening the directory again puts them in force, too.
    public func activate(_ next: NextEngine) throws(RunnerError) {
        precondition(output.nextOffset == endOffset, "All that the log has is processed.")
        line.add(DefinitionSchedule.Entry(next.definitions, from: endOffset))
        try next.gather(to: endOffset, from: log.reader(from: LogOffset(next.offset)))
        try pass(to: next, emits: true)
    }

    /// Passes the boundaries up to an offset, which is reached; of those behind the committed offset the sink knows.
    func passBoundaries(upTo offset: Int64, committed: Int64) throws(RunnerError) {
        while let boundary = line.boundary, boundary <= offset {
            let next = try line.makeNext(logStart: log.startOffset) { log.reader(from: $0) }
            try pass(to: next, emits: boundary >= committed)
        }
    }

    private func pass(to next: NextEngine, emits: Bool) throws(RunnerError) {
        // An image is of one engine.
        waitForCheckpoint()
        let renamed = try line.pass(
            to: next,
            tables: checkpoints.tables,
            checkpoints: checkpoints,
            emits: emits,
            into: &output
        ) { log.reader(from: $0) }
        checkpoints.rename(renamed)
        journal.follow(definitions.plan)
        // The next checkpoint is made though no event comes.
        eventsSinceCheckpoint += 1
    }
}

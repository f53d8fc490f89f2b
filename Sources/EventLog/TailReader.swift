public import Base

/// Reads a partition of a ``SharedLog`` from another thread of the same process, and waits at the end until more has
/// been acknowledged. It sees nothing that was not, and never polls. Owned by one thread.
public final class TailReader {
    public enum Step: Sendable, Equatable {
        /// A batch was read.
        case batch
        /// Nothing came in time.
        case timedOut
        /// The log was closed, and everything in it has been read.
        case closed
    }

    private let state: SharedLogState
    private let partition: Int
    private let reader: PartitionReader
    /// How far the log went when it was last asked.
    private var knownEnd: LogOffset?

    init(_ state: SharedLogState, directory: String, partition: Int, from offset: LogOffset) {
        self.state = state
        self.partition = partition
        reader = PartitionReader(directory: directory, store: state.store, from: offset)
    }

    /// The offset of the first record that has not been returned yet.
    public var nextOffset: LogOffset { reader.nextOffset }

    /// Reads the next batch, waiting for it at the end; at most so many milliseconds if a number is given.
    ///
    /// - Throws: what ``PartitionReader/next(into:)`` throws, and the error of a partition that takes nothing more once
    ///   everything in it has been read.
    public func next(into batch: RecordBatch, timeoutMilliseconds: Int? = nil) throws(LogError) -> Step {
        let deadline = timeoutMilliseconds.map { Moment.now(plusMilliseconds: $0) }
        while true {
            if let knownEnd, reader.nextOffset < knownEnd {
                reader.endOffset = knownEnd
                if try reader.next(into: batch) { return .batch }
            }
            let seen = max(knownEnd ?? LogOffset(0), reader.nextOffset)
            let found = state.ends.wait(until: deadline) { ends -> Result<LogOffset?, LogError>? in
                let end = ends.partitions[partition]
                if end.visible > seen { return .success(end.visible) }
                if let failure = end.failure { return .failure(failure) }
                return ends.isClosed ? .success(nil) : nil
            }
            guard let found else { return .timedOut }
            guard let end = try found.get() else { return .closed }
            knownEnd = end
        }
    }

    /// Moves behind what the last call could not read, and returns the offset it goes on at.
    @discardableResult
    public func skipUnreadable() -> LogOffset { reader.skipUnreadable() }
}

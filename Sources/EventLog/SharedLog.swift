public import Base
public import FileStore
import Synchronization

/// Several partitions' logs that many threads append to, with group commit.
///
/// Callers hand over finished batches; one thread writes them. While it syncs, others queue up, and the next round
/// takes all of them: one write and one sync a partition, however many callers wait. So the running sync is the
/// batching window, and nothing ever waits for a timer.
///
/// Invariants: a caller is answered after its batch is as durable as ``LogSettings/durability`` says, never before;
/// readers in this process see a batch no sooner than its caller is answered; batches of one caller to one partition
/// keep their order; a partition whose disk has failed takes nothing more until the log is opened anew, the others go
/// on. A full queue makes callers wait (``LogSettings/queueBytes``).
///
/// A log that is let go without ``close()`` has kept everything it acknowledged, and is repaired when it is opened
/// anew.
public final class SharedLog: Sendable {
    /// The folders of the partitions, in the order of their numbers.
    public let directories: [String]
    /// What opening the partitions found and did.
    public let recovery: [RecoveryReport]

    let state: SharedLogState
    private let thread: Mutex<WorkerThread?>

    /// Opens the partitions, repairs what a crash left, and starts the thread that writes.
    public init(
        directories: [String],
        store: any FileStore,
        settings: LogSettings = LogSettings()
    ) throws(LogError) {
        var logs: [PartitionLog] = []
        for directory in directories {
            let log = try PartitionLog(directory: directory, store: store, settings: settings)
            // What recovery has read may be in memory only, and readers are about to see it.
            if settings.durability != .os { try log.sync() }
            logs.append(log)
        }
        self.directories = directories
        recovery = logs.map(\.recovery)
        let state = SharedLogState(logs, settings, store)
        self.state = state
        let flusher = LogFlusher(logs, state, settings)
        guard let started = WorkerThread({ flusher.run() }) else { throw .noThread }
        thread = Mutex(started)
    }

    deinit {
        stop(.abandon)
    }

    /// Appends a batch and waits until it is acknowledged. Returns the offset of its first record.
    public func append(_ batch: EncodedBatch, to partition: Int) throws(LogError) -> LogOffset {
        try enqueue(batch, to: partition).wait()
    }

    /// Hands a batch over, waiting only while the queue is full.
    ///
    /// - Throws: ``LogError/closed(directory:)``. What the disk says is told by the ticket.
    public func enqueue(_ batch: EncodedBatch, to partition: Int) throws(LogError) -> AppendTicket {
        precondition(directories.indices.contains(partition), "There is no partition \(partition).")
        let limit = state.queueBytes
        var isFirst = false
        let ticket: AppendTicket? = state.queue.wait { queue in
            if queue.closing != nil { return .some(nil) }
            guard queue.entries.isEmpty || queue.bytes + batch.byteCount <= limit else { return nil }
            isFirst = queue.entries.isEmpty
            queue.entries.append(LogRound.Entry(partition: partition, batch: batch))
            queue.bytes += batch.byteCount
            return AppendTicket(round: queue.round, index: queue.entries.count - 1)
        }
        guard let ticket else { throw .closed(directory: directories[partition]) }
        // The flusher sleeps only while the queue is empty.
        if isFirst { state.queue.wakeAll() }
        return ticket
    }

    /// The offset behind the last record that readers see.
    public func endOffset(of partition: Int) -> LogOffset {
        precondition(directories.indices.contains(partition), "There is no partition \(partition).")
        return state.ends.withLock { $0.partitions[partition].visible }
    }

    /// Everything before this offset survives a power cut.
    public func durableOffset(of partition: Int) -> LogOffset {
        precondition(directories.indices.contains(partition), "There is no partition \(partition).")
        return state.ends.withLock { $0.partitions[partition].durable }
    }

    /// A reader that waits at the end for what comes next.
    public func tail(_ partition: Int, from offset: LogOffset) -> TailReader {
        precondition(directories.indices.contains(partition), "There is no partition \(partition).")
        return TailReader(state, directory: directories[partition], partition: partition, from: offset)
    }

    /// Takes nothing more, writes what is queued, and closes the partitions as ``PartitionLog/close()`` does. Readers
    /// that wait at the end are told. Closing twice does nothing.
    public func close() throws(LogError) {
        stop(.seal)
        if let error = state.ends.withLock({ $0.closeError }) { throw error }
    }

    private func stop(_ closing: SharedLogState.Closing) {
        let running = thread.withLock { running in
            defer { running = nil }
            return running
        }
        guard let running else { return }
        state.queue.update { $0.closing = closing }
        running.join()
    }
}

/// Where to wait for what became of a batch.
public struct AppendTicket: Sendable {
    let round: LogRound
    let index: Int

    /// Waits until the batch is acknowledged, and returns the offset of its first record.
    public func wait() throws(LogError) -> LogOffset {
        try round.outcome.wait { $0?[index] }.get()
    }
}

/// Batches that are written together.
final class LogRound: Sendable {
    struct Entry: Sendable {
        var partition: Int
        var batch: EncodedBatch
    }

    /// One result for each entry, once it is known. Each round has its own, so that no one is woken for another's.
    let outcome = Monitor<[Result<LogOffset, LogError>]?>(nil)
}

/// What callers, the flusher and readers share.
final class SharedLogState: Sendable {
    enum Closing {
        case seal
        case abandon
    }

    struct Queue {
        var round = LogRound()
        var entries: [LogRound.Entry] = []
        var bytes = 0
        var closing: Closing?
    }

    struct End {
        var visible: LogOffset
        var durable: LogOffset
        var failure: LogError?
    }

    struct Ends {
        var partitions: [End]
        var isClosed = false
        var closeError: LogError?
    }

    let queue = Monitor(Queue())
    let ends: Monitor<Ends>
    let queueBytes: Int
    let store: any FileStore

    init(_ logs: [PartitionLog], _ settings: LogSettings, _ store: any FileStore) {
        self.store = store
        queueBytes = settings.queueBytes
        ends = Monitor(Ends(partitions: logs.map { End(visible: $0.endOffset, durable: $0.durableOffset) }))
    }
}

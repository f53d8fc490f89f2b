public import Activations
import Dispatch
public import FileStore
import Foundation
import Partition
import Plan
import Synchronization

/// How a live data directory is run.
public struct LiveSettings: Sendable {
    /// Bytes and submissions that may wait; beyond, senders are refused.
    public var queueBytes = 32 << 20
    public var queueCount = 4096
    /// How long events that led to no alert wait for their transaction.
    public var commitMilliseconds: Int64 = 200
    /// Chunks that are under way at most.
    public var chunks = 16

    public init() {}
}

/// A data directory that takes events as they come: decodes them, makes them durable, detects, and writes alerts.
///
/// One thread decodes, one a partition does the rest. Any thread may submit.
public final class LiveEngine: Sendable {
    private let queue: SubmissionQueue
    private let health: LiveHealth
    private let activation: LiveActivation
    /// What is in force.
    public let definitions: CurrentDefinitions
    /// Where log, state and definitions are, to be read.
    public let store: any FileStore
    private let keys = IdempotencyKeys()
    private let settings: LiveSettings
    private let ended: DispatchGroup
    private let mover: LogMoverThread
    private let alertsWait: OutsideWait
    private let logWait: OutsideWait
    private let checkpointAge: @Sendable (Int) -> (age: Int64?, failure: String?)

    /// Starts the threads. The directory's observer must be the feed. ``stop()`` comes before the directory is closed.
    public init(_ directory: DataDirectory, feed: AlertFeed, settings: LiveSettings) {
        self.settings = settings
        let plan = directory.definitions.plan
        let current = CurrentDefinitions(directory.definitions, number: directory.book.history.current?.number ?? 0)
        let queue = SubmissionQueue(byteLimit: settings.queueBytes, countLimit: settings.queueCount)
        let health = LiveHealth(partitions: directory.workers.count)
        let free = BoundedQueue<LiveChunk>(capacity: settings.chunks + 1)
        for _ in 0..<settings.chunks { free.send(LiveChunk(plan: plan)) }
        let queues = directory.workers.map { _ in BoundedQueue<PartitionOrder>(capacity: settings.chunks + 4) }
        let underWay = LiveChunkCount(queue)
        let ended = DispatchGroup()
        func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
            ended.enter()
            let thread = Thread {
                body()
                ended.leave()
            }
            thread.name = name
            thread.stackSize = 8 << 20
            thread.start()
        }
        for (worker, queue) in zip(directory.workers, queues) {
            let partition = LivePartition(
                worker,
                database: directory.database,
                queue: queue,
                free: free,
                underWay: underWay,
                feed: feed,
                health: health,
                logWait: directory.logWait,
                settings: settings
            )
            start("partition \(worker.partition)") { partition.run() }
        }
        let mover = LogMoverThread(directory.database, health: health)
        start("write-ahead log") { mover.run() }
        self.mover = mover
        let intake = LiveIntake(
            queue,
            plan: plan,
            newestTime: directory.workers.compactMap(\.runner.newestTime).max(),
            underWay: underWay,
            free: free,
            chunkCount: settings.chunks,
            partitions: queues
        )
        start("decode") { intake.run() }
        activation = LiveActivation(directory, intake: queue, partitions: queues, current: current)
        definitions = current
        store = directory.store
        self.queue = queue
        self.health = health
        self.ended = ended
        alertsWait = directory.alertsWait
        logWait = directory.logWait
        checkpointAge = directory.checkpointState
    }

    /// Takes events, or says why not. What became of them is told once all of them are durable, on another thread.
    ///
    /// - Parameters:
    ///   - events: what came.
    ///   - key: under which the same events may come again; they are then taken once.
    ///   - completion: called once.
    public func submit(
        _ events: EventList,
        key: String? = nil,
        completion: @escaping @Sendable (Result<Receipt, SubmissionError>) -> Void
    ) {
        if let words = health.failure { return completion(.failure(.failed(words))) }
        var whenDone = completion
        var producerID: Int64?
        if let key {
            switch keys.begin(key, events) {
            case .new(let entry):
                producerID = entry.producerID
                whenDone = { [keys] result in
                    keys.end(entry, result)
                    completion(result)
                }
            case .known(let result): return completion(result)
            }
        }
        let pending = Pending(events, producerID: producerID, completion: whenDone)
        do throws(SubmissionError) { try queue.add(pending) } catch { whenDone(.failure(error)) }
    }

    /// Puts definitions in force behind what has been taken so far. Waits for it: not on an event loop.
    ///
    /// - Parameters:
    ///   - definitions: What is to be in force.
    ///   - note: Who wants it, and why.
    ///   - waits: Whether to wait for another activation that is under way.
    /// - Returns: What has come of it.
    /// - Throws: ``LiveActivationError``; what was in force still is.
    public func activate(
        _ definitions: LoadedDefinitions,
        _ note: ActivationNote,
        waits: Bool = false
    ) throws(LiveActivationError) -> ActivationOutcome {
        try activation.activate(definitions, note, waits: waits)
    }

    /// What is and was in force, read from the disk: also while an activation is under way. Not on an event loop.
    ///
    /// - Throws: ``RuntimeError``
    public func activations() throws(RuntimeError) -> ActivationHistory { try activation.history() }

    /// Puts nothing more in force, because the server is about to stop: what is under way gives up as soon as it can.
    public func endActivations() { activation.giveUp() }

    /// Notes why the pipeline file that is watched is not in force; nil if it is.
    public func noteWatchFailure(_ words: String?) { health.watchFailure = words }

    /// Whether the queue would take the events just now.
    public func hasRoom(for events: EventList) -> Bool {
        let load = queue.load
        return load.count == 0
            || load.bytes + events.byteCount <= settings.queueBytes && load.count < settings.queueCount
    }

    /// How everything is just now.
    public var status: LiveStatus {
        let load = queue.load
        var partitions = health.partitions
        for index in partitions.indices {
            let state = checkpointAge(index)
            partitions[index].checkpointAge = state.age
            partitions[index].checkpointFailure = state.failure
        }
        return LiveStatus(
            partitions: partitions,
            queue: (load.bytes, load.count, settings.queueBytes),
            failure: health.failure,
            alertsWait: alertsWait.current,
            logWait: logWait.current,
            watchFailure: health.watchFailure
        )
    }

    /// Takes nothing more, and returns when everything that was taken has been through.
    ///
    /// - Throws: what stopped a partition earlier.
    public func stop() throws(StoppedError) {
        alertsWait.end(within: Self.stopWait)
        activation.stop()
        queue.close()
        mover.stop()
        ended.wait()
        if let words = health.failure { throw StoppedError(words: words) }
    }

    /// How long the last transactions wait for an alerts file that another program holds: the log has their events, and
    /// the next start goes on from there.
    private static let stopWait = Duration.seconds(3)

    /// A partition had stopped before, because its disk failed.
    public struct StoppedError: Error, CustomStringConvertible {
        public var words: String

        public var description: String { words }
    }
}

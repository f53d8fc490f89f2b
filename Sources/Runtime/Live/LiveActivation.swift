import Activations
import AlertStore
import Dispatch
import EventLog
import FileStore
import Metrics
import Partition
import Synchronization

/// Puts definitions in force while events come (C11): their engines gather what they miss beside what goes on, then
/// every partition goes over between two events.
///
/// Nothing is refused meanwhile. What comes waits while the last chunks go through, the logs and the record are synced,
/// and the engines take over.
final class LiveActivation: @unchecked Sendable {
    // The book is used by one call at a time: whoever has passed the gate.

    private let book: ActivationBook
    private let database: AlertDatabase
    private let store: any FileStore
    private let intake: SubmissionQueue
    private let partitions: [BoundedQueue<PartitionOrder>]
    private let checkpoints: [CheckpointProgress]
    private let current: CurrentDefinitions
    private let report: @Sendable (String) -> Void
    private let gate: DispatchSemaphore = {
        let gate = DispatchSemaphore(value: 0)
        gate.signal()
        return gate
    }()
    private let isStopping = Atomic(false)
    private let duration = Timer(label: "patternalarm_activation_seconds")

    init(
        _ directory: DataDirectory,
        intake: SubmissionQueue,
        partitions: [BoundedQueue<PartitionOrder>],
        current: CurrentDefinitions
    ) {
        book = directory.book
        database = directory.database
        store = directory.store
        report = directory.report
        checkpoints = directory.workers.map(\.runner.checkpointProgress)
        self.intake = intake
        self.partitions = partitions
        self.current = current
    }

    /// Nothing more is put in force: what is under way gives up as soon as it can.
    func giveUp() { isStopping.store(true, ordering: .releasing) }

    /// The same, and returns when what is under way has ended.
    func stop() {
        giveUp()
        gate.wait()
        // Whoever waits finds that it has been stopped.
        gate.signal()
    }

    /// All activations, from the disk: also while one is under way.
    func history() throws(RuntimeError) -> ActivationHistory {
        try RuntimeError.activating { () throws(ActivationError) in try ActivationHistory.read(store: store) }
    }

    /// Puts definitions in force from here on. Not to be called by the threads of the engine; `waits` for another
    /// activation that is under way.
    ///
    /// - Throws: ``LiveActivationError``: what was in force still is.
    func activate(
        _ definitions: LoadedDefinitions,
        _ note: ActivationNote,
        waits: Bool
    ) throws(LiveActivationError) -> ActivationOutcome {
        let limit: DispatchTime = waits ? .distantFuture : .now()
        guard gate.wait(timeout: limit) == .success else { throw isStopped ? .stopping : .busy }
        defer { gate.signal() }
        guard !isStopped else { throw .stopping }
        let start = MonotonicClock.now()
        let before: Activation
        let engines: [NextEngine]
        do throws(RuntimeError) {
            before = try DataDirectory.check(definitions, against: book)
            if definitions.isSame(as: before) { return ActivationOutcome(before, behind: before) }
            engines = try prepare(definitions)
            try gather(engines)
        } catch {
            release()
            throw .refused(error)
        }
        guard !isStopped else {
            release()
            throw .stopping
        }
        settleCheckpoints()
        let activation = try meet(engines, definitions, note)
        duration.recordNanoseconds(MonotonicClock.now() - start)
        mirror(definitions)
        current.announce()
        return ActivationOutcome(activation, behind: before, engines)
    }

    private var isStopped: Bool { isStopping.load(ordering: .acquiring) }

    /// From now on partitions begin no checkpoint: engines go over when none is under way.
    private func prepare(_ definitions: LoadedDefinitions) throws(RuntimeError) -> [NextEngine] {
        let next = definitions.definitions(book.history.nextNumber)
        var engines: [NextEngine] = []
        for partition in partitions {
            let result = Answer<Result<NextEngine, RuntimeError>>()
            partition.send(
                .visit { visited in
                    visited.worker.holdsCheckpoints = true
                    do throws(RuntimeError) {
                        result.give(.success(try visited.worker.prepare(next)))
                    } catch {
                        result.give(.failure(error))
                    }
                }
            )
            engines.append(try result.wait().get())
        }
        return engines
    }

    /// Checkpoints may be made again.
    private func release() {
        for partition in partitions { partition.send(.visit { $0.worker.holdsCheckpoints = false }) }
    }

    /// Reads what engines miss, until little is left: the rest is read when they take over.
    private func gather(_ engines: [NextEngine]) throws(RuntimeError) {
        for (partition, engine) in zip(partitions, engines) where engine.gathers {
            while !isStopped {
                let reader = Answer<(PartitionReaderBox, Int64)>()
                partition.send(
                    .visit { visited in
                        let runner = visited.worker.runner
                        reader.give((PartitionReaderBox(runner.reader(from: engine.offset)), runner.endOffset))
                    }
                )
                let (box, end) = reader.wait()
                guard end - engine.offset > Self.restMax else { break }
                do throws(RunnerError) {
                    try engine.gather(to: end, from: box.reader) { _ in !self.isStopped }
                } catch {
                    throw RuntimeError(error)
                }
            }
        }
    }

    /// Events that are left to be read by the partition's own thread: some milliseconds.
    private static let restMax: Int64 = 2048

    /// Returns when no checkpoint is under way: what is being copied is copied on between chunks.
    private func settleCheckpoints() {
        for (partition, progress) in zip(partitions, checkpoints) {
            var isCopying = true
            while isCopying {
                let answer = Answer<Bool>()
                partition.send(
                    .visit { visited in
                        visited.worker.runner.continueCheckpoint()
                        answer.give(visited.worker.runner.isCopying)
                    }
                )
                isCopying = answer.wait()
            }
            progress.waitUntilDone()
        }
    }

    /// All partitions stop between two events, the record is made durable, and they go on under it.
    private func meet(
        _ engines: [NextEngine],
        _ definitions: LoadedDefinitions,
        _ note: ActivationNote
    ) throws(LiveActivationError) -> Activation {
        let meeting = ActivationMeeting(partitions: partitions.count)
        intake.visit { [partitions] intake in
            for (partition, engine) in zip(partitions, engines) {
                partition.send(.visit { meeting.attend($0, with: engine) })
            }
            let end = meeting.waitForEnd()
            if end.isInForce { intake.follow(definitions.plan, newestTime: end.newestTime) }
        }
        do throws(RuntimeError) {
            let offsets = try meeting.offsets()
            let activation = try book.add(definitions, .activate, offsets: offsets, note)
            current.set(definitions, number: activation.number)
            meeting.decide(.next)
            return activation
        } catch {
            if case .inDoubt = error { meeting.decide(.nothing(error)) } else { meeting.decide(.before) }
            throw .refused(error)
        }
    }

    /// Lists it in the alerts file; whoever opens that next does if nobody can now.
    private func mirror(_ definitions: LoadedDefinitions) {
        for left in (0..<Self.triesMax).reversed() {
            do throws(AlertStoreError) { return try book.mirror(in: database, definitions) } catch {
                if left > 0, error.passes { continue }
                return report("what is in force is not listed in the alerts file: \(error)")
            }
        }
    }

    /// Each waits as long as SQLite waits for a file that another program holds.
    private static let triesMax = 20
}

/// Why definitions have not come into force: what was still is.
public enum LiveActivationError: Error, CustomStringConvertible {
    /// Another activation is under way.
    case busy
    /// The server ends.
    case stopping
    /// They cannot be in force, or their record cannot be made durable.
    case refused(RuntimeError)

    public var description: String {
        switch self {
        case .busy: "another activation is under way: try again when it is in force"
        case .stopping: "the server is stopping: activate it on the directory, or when the server runs again"
        case .refused(let error): error.description
        }
    }
}

/// A reader on its way to the thread that uses it.
private struct PartitionReaderBox: @unchecked Sendable {
    let reader: PartitionReader

    init(_ reader: PartitionReader) { self.reader = reader }
}

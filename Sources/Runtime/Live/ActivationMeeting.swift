import Dispatch
import Partition
import Synchronization

/// Where all partitions stop between two events until it is decided what they go on with.
final class ActivationMeeting: Sendable {
    /// What they go on with.
    enum Decision {
        case before
        case next
        /// Nobody knows: nothing more is judged until the directory is opened again.
        case nothing(RuntimeError)
    }

    private struct State {
        var arrivals: [Int: Result<Int64, RuntimeError>] = [:]
        var newestTime: Int64?
        var decision = Decision.before
    }

    private let state = Mutex(State())
    private let partitions: Int
    private let arrived = DispatchSemaphore(value: 0)
    private let decided = DispatchSemaphore(value: 0)
    private let left = DispatchSemaphore(value: 0)

    init(partitions: Int) {
        self.partitions = partitions
    }

    /// A partition's thread stops here; its log is durable up to where it does.
    func attend(_ partition: LivePartition, with engine: NextEngine) {
        let worker = partition.worker
        state.withLock { state in
            do throws(RuntimeError) {
                if let words = partition.failure { throw .storage(words) }
                try worker.sync()
                state.arrivals[worker.partition] = .success(worker.runner.endOffset)
            } catch {
                state.arrivals[worker.partition] = .failure(error)
            }
            if let time = worker.runner.newestTime { state.newestTime = max(state.newestTime ?? time, time) }
        }
        arrived.signal()
        decided.wait()
        switch state.withLock({ $0.decision }) {
        case .before: break
        case .next: partition.activate(engine)
        case .nothing(let error): partition.fail(error)
        }
        worker.holdsCheckpoints = false
        left.signal()
    }

    /// Waits until all are here: where each of them stopped.
    func offsets() throws(RuntimeError) -> [Int: Int64] {
        for _ in 0..<partitions { arrived.wait() }
        var offsets: [Int: Int64] = [:]
        for (partition, arrival) in state.withLock({ $0.arrivals }) { offsets[partition] = try arrival.get() }
        return offsets
    }

    /// They go on.
    func decide(_ decision: Decision) {
        state.withLock { $0.decision = decision }
        for _ in 0..<partitions { decided.signal() }
    }

    /// Waits until all have gone on.
    ///
    /// - Returns: Whether other definitions are in force now, and the time of the newest event.
    func waitForEnd() -> (isInForce: Bool, newestTime: Int64?) {
        for _ in 0..<partitions { left.wait() }
        return state.withLock { state in
            if case .next = state.decision { (true, state.newestTime) } else { (false, state.newestTime) }
        }
    }
}

import Dispatch
import Foundation
import Metrics
import Partition
import State
import StateStore
import Synchronization

/// Writes checkpoints on a thread of its own, so that the engines go on. One image of a partition at a time: a runner
/// makes no other before the last one is done.
final class CheckpointThread: CheckpointInstaller {
    private struct Job: Sendable {
        var image: StateImage
        var store: CheckpointStore
        var sink: any AlertSink
        var progress: CheckpointProgress
    }

    private let queue: BoundedQueue<Job>
    private let ended = DispatchSemaphore(value: 0)
    /// When the last checkpoint of each folder was on disk, nanoseconds of the monotonic clock.
    private let installed: Installed

    private final class Installed: Sendable {
        let times = Mutex<[String: Int64]>([:])
    }

    init(partitions: Int) {
        queue = BoundedQueue(capacity: partitions + 1)
        let installed = Installed()
        self.installed = installed
        let thread = Thread { [queue, ended] in
            ThreadPriority.giveWay()
            let duration = Metrics.Timer(label: "patternalarm_checkpoint_duration_seconds")
            while let job = queue.receive() {
                let start = MonotonicClock.now()
                job.progress.run { () throws(StateError) in
                    try job.store.install(job.image, behind: job.sink)
                    installed.times.withLock { $0[job.store.directory] = MonotonicClock.now() }
                }
                duration.recordNanoseconds(MonotonicClock.now() - start)
            }
            ended.signal()
        }
        thread.name = "checkpoints"
        thread.start()
    }

    func install(
        _ image: StateImage,
        in store: CheckpointStore,
        behind sink: any AlertSink,
        progress: CheckpointProgress
    ) {
        queue.send(Job(image: image, store: store, sink: sink, progress: progress))
    }

    func wait(for progress: CheckpointProgress) { progress.waitUntilDone() }

    /// When the last checkpoint of the folder was on disk; nil before the first of this process.
    func lastInstalled(_ directory: String) -> Int64? { installed.times.withLock { $0[directory] } }

    /// Returns when everything has been written.
    func close() {
        queue.send(nil)
        ended.wait()
    }
}

import Dispatch
import Engine
import Foundation
import StateStore

/// Writes checkpoints on a thread of its own, so that the engines go on. One image of a partition at a time: a runner
/// makes no other before the last one is done.
final class CheckpointThread: CheckpointInstaller {
    private struct Job: Sendable {
        var image: StateImage
        var store: CheckpointStore
        var progress: CheckpointProgress
    }

    private let queue: BoundedQueue<Job>
    private let ended = DispatchSemaphore(value: 0)

    init(partitions: Int) {
        queue = BoundedQueue(capacity: partitions + 1)
        let thread = Thread { [queue, ended] in
            while let job = queue.receive() {
                job.progress.run { () throws(StateError) in try job.store.install(job.image) }
            }
            ended.signal()
        }
        thread.name = "checkpoints"
        thread.start()
    }

    func install(_ image: StateImage, in store: CheckpointStore, progress: CheckpointProgress) {
        queue.send(Job(image: image, store: store, progress: progress))
    }

    func wait(for progress: CheckpointProgress) { progress.waitUntilDone() }

    /// Returns when everything has been written.
    func close() {
        queue.send(nil)
        ended.wait()
    }
}

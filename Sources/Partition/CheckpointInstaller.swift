import Glibc
public import State
public import StateStore

/// Writes images to disk. At the edge that is a thread of its own, so that the engine goes on; in a simulation it
/// happens at once.
public protocol CheckpointInstaller: Sendable {
    /// Installs the image, now or later, and reports to the progress when it is done; see
    /// ``StateStore/CheckpointStore``'s ``StateStore/CheckpointStore/install(_:behind:)``.
    func install(
        _ image: StateImage,
        in store: CheckpointStore,
        behind sink: any AlertSink,
        progress: CheckpointProgress
    )

    /// Returns when what was handed over with this progress has been written, or has failed.
    func wait(for progress: CheckpointProgress)
}

/// Installs at once, on the thread that asks.
public struct ImmediateInstaller: CheckpointInstaller {
    public init() {}

    /// Writes the image at once: it is on disk, or has failed, on return.
    public func install(
        _ image: StateImage,
        in store: CheckpointStore,
        behind sink: any AlertSink,
        progress: CheckpointProgress
    ) {
        progress.run { () throws(StateError) in try store.install(image, behind: sink) }
    }

    /// Nothing is ever under way.
    public func wait(for progress: CheckpointProgress) {}
}

extension CheckpointStore {
    /// Installs an image once what the sink has taken, which is at least up to the image's offset, survives a power
    /// cut.
    public func install(_ image: StateImage, behind sink: any AlertSink) throws(StateError) {
        do throws(SinkError) {
            try sink.sync()
        } catch {
            switch error {
            case .busy(let error), .failed(let error): throw .unsound("\(error)")
            }
        }
        try install(image)
    }
}

/// What became of the last image of a partition.
public final class CheckpointProgress: @unchecked Sendable {
    // The status is read and changed under the lock only.

    public enum Status: Sendable, Equatable {
        case idle
        case writing
        case failed(StateError)

        var hasFailed: Bool { if case .failed = self { true } else { false } }
    }

    private var state = Status.idle
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(changed)
        lock.deallocate()
        changed.deallocate()
    }

    public var status: Status {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return state
    }

    func begin() {
        precondition(status != .writing, "One checkpoint is written at a time.")
        set(.writing)
    }

    /// Does the writing, and notes how it ended.
    public func run(_ install: () throws(StateError) -> Void) {
        do throws(StateError) {
            try install()
            set(.idle)
        } catch {
            set(.failed(error))
        }
    }

    /// Returns when nothing is being written.
    public func waitUntilDone() {
        pthread_mutex_lock(lock)
        while state == .writing { pthread_cond_wait(changed, lock) }
        pthread_mutex_unlock(lock)
    }

    private func set(_ status: Status) {
        pthread_mutex_lock(lock)
        state = status
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
    }
}

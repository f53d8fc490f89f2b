import Synchronization

/// A progress display that several threads report to.
public final class SharedProgress: Sendable {
    private let progress: Mutex<ProgressBar>

    public init(_ progress: sending ProgressBar) {
        self.progress = Mutex(progress)
    }

    public func update(_ done: Int, of total: Int, _ what: String) {
        progress.withLock { $0.update("\(done) of \(total) \(what)", fraction: Double(done) / Double(total)) }
    }

    public func finish() { progress.withLock { $0.finish() } }
}

import Synchronization

/// A progress display that several threads report to.
public final class SharedProgress: Sendable {
    private let progress: Mutex<ProgressBar>

    /// Makes a bar of one thread one of several.
    public init(_ progress: sending ProgressBar) {
        self.progress = Mutex(progress)
    }

    /// Shows how much is done. From any thread.
    public func update(_ done: Int, of total: Int, _ what: String) {
        progress.withLock { $0.update("\(done) of \(total) \(what)", fraction: Double(done) / Double(total)) }
    }

    /// Takes the bar away. From any thread.
    public func finish() { progress.withLock { $0.finish() } }
}

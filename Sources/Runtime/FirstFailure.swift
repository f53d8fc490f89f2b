import Synchronization

/// The first thing that went wrong on any of the threads.
public final class FirstFailure<Failure: Error>: Sendable {
    private let first = Mutex<Failure?>(nil)

    /// None yet.
    public init() {}

    public var error: Failure? { first.withLock { $0 } }

    /// Keeps an error, unless there was one before. From any thread.
    public func note(_ error: Failure) { first.withLock { $0 = $0 ?? error } }
}

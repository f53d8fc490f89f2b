import Synchronization

/// The first thing that went wrong on any of the threads.
public final class FirstFailure: Sendable {
    private let first = Mutex<CommandError?>(nil)

    public init() {}

    public var error: CommandError? { first.withLock { $0 } }

    /// Keeps an error, unless there was one before. From any thread.
    public func note(_ error: CommandError) { first.withLock { $0 = $0 ?? error } }
}

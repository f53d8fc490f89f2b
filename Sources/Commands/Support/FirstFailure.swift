import Synchronization

/// The first thing that went wrong on any of the threads.
final class FirstFailure: Sendable {
    private let first = Mutex<CommandError?>(nil)

    var error: CommandError? { first.withLock { $0 } }

    func note(_ error: CommandError) { first.withLock { $0 = $0 ?? error } }
}

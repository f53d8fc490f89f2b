import AlertStore
import Dispatch
import Synchronization

/// Keeps the alerts file's write-ahead log short while events come in.
final class LogMoverThread: Sendable {
    private let database: AlertDatabase
    private let health: LiveHealth
    private let stopped = DispatchSemaphore(value: 0)

    /// How often the log is looked at, milliseconds.
    private static let pause = 20

    init(_ database: AlertDatabase, health: LiveHealth) {
        self.database = database
        self.health = health
    }

    /// Runs until it is stopped.
    func run() {
        ThreadPriority.giveWay()
        do throws(AlertStoreError) {
            let mover = try LogMover(beside: database)
            while stopped.wait(timeout: .now() + .milliseconds(Self.pause)) == .timedOut {
                // After a failure nothing is written any more.
                guard health.failure == nil else { break }
                try mover.moveIfDue()
            }
            try mover.close()
        } catch {
            health.fail(RuntimeError(error))
        }
    }

    func stop() { stopped.signal() }
}
